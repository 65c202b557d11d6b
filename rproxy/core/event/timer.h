// One deadline on a loop.
//
// Moving a deadline later, and cancelling it, cost a store: the pending event
// stays, finds when it fires that it came too early, and is set again. That
// makes per-request deadlines nearly free.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_EVENT_TIMER_H_
#define RPROXY_CORE_EVENT_TIMER_H_

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "rproxy/core/event/event_loop.h"

struct event;

namespace rproxy {

class Timer {
 public:
  // `loop` outlives the timer. The callback may destroy the timer.
  Timer(EventLoop& loop, absl::AnyInvocable<void()> callback);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  // Runs the callback once, `after` from the loop's Now, replacing what was
  // scheduled before. Negative or zero: in the next turn. InfiniteDuration
  // cancels.
  void Schedule(absl::Duration after);
  // The same for a point of the loop's clock.
  void ScheduleAt(absl::Time when);

  void Cancel() { deadline_ = absl::InfiniteFuture(); }

  bool pending() const { return deadline_ != absl::InfiniteFuture(); }
  absl::Time deadline() const { return deadline_; }

 private:
  static void OnEvent(int fd, short what, void* self);
  void Arm();

  EventLoop& loop_;
  absl::AnyInvocable<void()> callback_;
  event* event_ = nullptr;
  absl::Time deadline_ = absl::InfiniteFuture();
  // When the event in the loop fires; InfiniteFuture when there is none.
  absl::Time armed_for_ = absl::InfiniteFuture();
  // Set while the callback runs: where to note the timer's end.
  bool* destroyed_ = nullptr;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_EVENT_TIMER_H_
