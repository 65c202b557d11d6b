// Turns a POSIX signal into a callback on a loop.
//
// At most one loop of the process may watch signals at a time (libevent keeps
// one signal base).
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_EVENT_SIGNAL_WATCHER_H_
#define RPROXY_CORE_EVENT_SIGNAL_WATCHER_H_

#include "absl/functional/any_invocable.h"
#include "rproxy/core/event/event_loop.h"

struct event;

namespace rproxy {

class SignalWatcher {
 public:
  // Watches `signal_number` from now on. The old disposition comes back when
  // the watcher dies. The callback must not destroy the watcher.
  SignalWatcher(EventLoop& loop, int signal_number,
                absl::AnyInvocable<void()> callback);
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;
  ~SignalWatcher();

 private:
  static void OnEvent(int signal_number, short what, void* self);

  EventLoop& loop_;
  absl::AnyInvocable<void()> callback_;
  event* event_ = nullptr;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_EVENT_SIGNAL_WATCHER_H_
