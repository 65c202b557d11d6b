#include "rproxy/core/event/timer.h"

#include <event2/event.h>
#include <sys/time.h>

#include <algorithm>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {
namespace {

// Farther deadlines are reached in several steps. Keeps libevent's sums of
// times far from overflow.
constexpr absl::Duration kArmMax = absl::Hours(24);

}  // namespace

Timer::Timer(EventLoop& loop, absl::AnyInvocable<void()> callback)
    : loop_(loop), callback_(std::move(callback)) {}

Timer::~Timer() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (event_ != nullptr) event_free(event_);
}

void Timer::Schedule(absl::Duration after) {
  ScheduleAt(loop_.FreshNow() + std::max(after, absl::ZeroDuration()));
}

void Timer::ScheduleAt(absl::Time when) {
  deadline_ = when;
  if (when == absl::InfiniteFuture()) return;
  // The event comes early enough. But one that is due by now may have been
  // picked for this turn already, and the callback must wait for the next.
  if (armed_for_ <= when && when > loop_.FreshNow()) return;
  Arm();
}

// Sets the event for the deadline, replacing an earlier setting.
void Timer::Arm() {
  if (event_ == nullptr) {
    event_ = evtimer_new(loop_.base(), &Timer::OnEvent, this);
    CHECK(event_ != nullptr);
  }
  const absl::Time now = loop_.FreshNow();
  const absl::Duration left =
      std::clamp(deadline_ - now, absl::ZeroDuration(), kArmMax);
  armed_for_ = now + left;
  const timeval tv = absl::ToTimeval(absl::Ceil(left, absl::Microseconds(1)));
  CHECK_EQ(0, event_add(event_, &tv));
}

void Timer::OnEvent(int /*fd*/, short /*what*/, void* self) {
  Timer& timer = *static_cast<Timer*>(self);
  timer.loop_.BeginTurn();
  timer.armed_for_ = absl::InfiniteFuture();
  if (!timer.pending()) return;
  // Too early: the deadline has moved, or the engine's clock, which is coarser
  // than ours, has rounded.
  if (timer.deadline_ > timer.loop_.Now()) {
    timer.Arm();
    return;
  }

  timer.deadline_ = absl::InfiniteFuture();
  bool destroyed = false;
  timer.destroyed_ = &destroyed;
  // On the stack, because the callback may destroy the timer, and what it has
  // captured must outlast it.
  absl::AnyInvocable<void()> callback = std::move(timer.callback_);
  callback();
  if (destroyed) return;
  timer.callback_ = std::move(callback);
  timer.destroyed_ = nullptr;
}

}  // namespace rproxy
