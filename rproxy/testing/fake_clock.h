// A clock that stands still until the test moves it.
//
// Threading: any thread.

#ifndef RPROXY_TESTING_FAKE_CLOCK_H_
#define RPROXY_TESTING_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "rproxy/core/base/clock.h"

namespace rproxy::test {

class FakeClock final : public Clock {
 public:
  // Where a new clock stands: the monotonic time at an origin of its own, the
  // time of day at 2001-09-09 01:46:40 UTC.
  static constexpr absl::Time kStart = absl::FromUnixSeconds(1000);
  static constexpr absl::Time kWallStart = absl::FromUnixSeconds(1000000000);

  absl::Time Now() const override { return kStart + elapsed(); }
  absl::Time WallNow() const override { return kWallStart + elapsed(); }

  // Moves both times on. `by` is not negative.
  void Advance(absl::Duration by);

 private:
  absl::Duration elapsed() const {
    return absl::Nanoseconds(nanoseconds_.load(std::memory_order_relaxed));
  }

  std::atomic<int64_t> nanoseconds_{0};
};

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_FAKE_CLOCK_H_
