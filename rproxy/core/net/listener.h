// Accepts connections on one listening socket of one loop.
//
// When accepting fails (the process is out of descriptors, say) the listener
// stops accepting, says so once, and tries again after a while, instead of
// spinning.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_NET_LISTENER_H_
#define RPROXY_CORE_NET_LISTENER_H_

#include <sys/types.h>

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/net/address.h"

namespace rproxy {

class Listener {
 public:
  using Callback = absl::AnyInvocable<void(UniqueFd, const SocketAddress&)>;

  // `fd` listens already (see Listen in socket.h). `on_accept` gets a
  // non-blocking socket and the peer's address; it must not destroy the
  // listener.
  Listener(EventLoop& loop, UniqueFd fd, Callback on_accept);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  // Removes the file of a Unix socket, unless another has taken its place.
  ~Listener();

  absl::Status Start();

  // Where it listens, with the port that the system chose for port 0.
  const SocketAddress& address() const { return address_; }

 private:
  void AcceptAll();
  void RetryLater(int error);

  EventLoop& loop_;
  UniqueFd fd_;
  Callback on_accept_;
  SocketAddress address_;
  std::pair<dev_t, ino_t> file_ = {};  // Of a Unix socket, when we came.
  std::unique_ptr<FdWatcher> watcher_;
  Timer retry_;
  bool failing_ = false;  // Said so, and nothing accepted since.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_LISTENER_H_
