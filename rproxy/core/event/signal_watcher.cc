#include "rproxy/core/event/signal_watcher.h"

#include <event2/event.h>

#include <utility>

#include "absl/functional/any_invocable.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {

SignalWatcher::SignalWatcher(EventLoop& loop, int signal_number,
                             absl::AnyInvocable<void()> callback)
    : loop_(loop), callback_(std::move(callback)) {
  // The handler writes the number into a socket pair that the loop reads, so
  // that the callback runs as ordinary code.
  event_ =
      evsignal_new(loop.base(), signal_number, &SignalWatcher::OnEvent, this);
  CHECK(event_ != nullptr);
  PCHECK(event_add(event_, nullptr) == 0)
      << "cannot watch signal " << signal_number;
}

SignalWatcher::~SignalWatcher() { event_free(event_); }

void SignalWatcher::OnEvent(int /*signal_number*/, short /*what*/, void* self) {
  SignalWatcher& watcher = *static_cast<SignalWatcher*>(self);
  watcher.loop_.BeginTurn();
  watcher.callback_();
}

}  // namespace rproxy
