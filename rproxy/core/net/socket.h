// The socket calls that rproxy makes, with its options, as functions.
//
// All sockets are non-blocking and close-on-exec.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_NET_SOCKET_H_
#define RPROXY_CORE_NET_SOCKET_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/net/address.h"

namespace rproxy {

struct ListenOptions {
  int backlog = 1024;
  // Several sockets, one a loop, share the address (SO_REUSEPORT). Not for Unix
  // sockets: their loops share one socket through duplicates of it.
  bool reuse_port = true;
  // Accepted sockets inherit it.
  bool no_delay = true;
};

// A listening socket. A stale Unix socket file is replaced, one that answers
// is not. [::] is IPv6 only. Errors name the address and the reason ("address
// already in use").
absl::StatusOr<UniqueFd> Listen(const SocketAddress& address,
                                const ListenOptions& options);

// Begins to connect. `in_progress` tells whether to wait for writability and
// then ask ConnectResult.
absl::StatusOr<UniqueFd> BeginConnect(const SocketAddress& address,
                                      bool& in_progress);
// `address` is only named in the error.
absl::Status ConnectResult(int fd, const SocketAddress& address);

void SetNoDelay(int fd, bool on);
SocketAddress LocalAddress(int fd);

// A status for `error` (an errno value) that says what was tried.
absl::Status SocketError(int error, absl::string_view what);

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_SOCKET_H_
