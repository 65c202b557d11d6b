// Where a socket is: an IPv4 or IPv6 address with a port, or a Unix path.
//
// Threading: a plain value.

#ifndef RPROXY_CORE_NET_ADDRESS_H_
#define RPROXY_CORE_NET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rproxy {

class SocketAddress {
 public:
  // No address: ToString is "-".
  SocketAddress() = default;

  // `text` is an IPv4 or IPv6 literal (brackets optional), or one of these
  // with the prefix "ipv4:" or "ipv6:", or "unix:" and a path, for which
  // `port` is ignored. Names are not resolved.
  static absl::StatusOr<SocketAddress> Parse(absl::string_view text,
                                             uint16_t port);
  static SocketAddress FromSockaddr(const sockaddr* address, socklen_t size);

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  socklen_t size() const { return size_; }
  int family() const { return size_ == 0 ? AF_UNSPEC : storage_.ss_family; }
  uint16_t port() const;  // 0 for Unix sockets.

  // "192.0.2.1", "2001:db8::1", or the path; no port, no brackets.
  std::string HostToString() const;
  // "192.0.2.1:80", "[2001:db8::1]:80", "unix:/path".
  std::string ToString() const;

  bool operator==(const SocketAddress& other) const;

 private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_ADDRESS_H_
