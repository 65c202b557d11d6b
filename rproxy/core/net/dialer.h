// Opens a connection to an address, within a time.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_NET_DIALER_H_
#define RPROXY_CORE_NET_DIALER_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/transport.h"

namespace rproxy {

struct DialOptions {
  absl::Duration timeout = absl::Seconds(5);
  bool no_delay = true;
};

// One attempt. Destroying it gives it up.
class Dial {
 public:
  using Callback =
      absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<Transport>>)>;

  // Begins at once; the callback runs once, in a later turn, and may destroy
  // the Dial. Errors: Unavailable (refused, unreachable), DeadlineExceeded,
  // ResourceExhausted (no descriptors).
  Dial(EventLoop& loop, const SocketAddress& address,
       const DialOptions& options, Callback callback);
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;
  ~Dial();

 private:
  absl::Status Begin();
  void OnTimer();
  void Finish(absl::Status status);

  EventLoop& loop_;
  const SocketAddress address_;
  const DialOptions options_;
  Callback callback_;
  UniqueFd fd_;
  std::unique_ptr<FdWatcher> watcher_;
  Timer timer_;
  absl::Status early_failure_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_DIALER_H_
