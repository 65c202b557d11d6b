#include "rproxy/core/base/clock.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

TEST(RealClockTest, NowNeverGoesBack) {
  RealClock clock;
  absl::Time last = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const absl::Time now = clock.Now();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(RealClockTest, NowAdvances) {
  RealClock clock;
  const absl::Time start = clock.Now();
  while (clock.Now() == start) {
  }
  EXPECT_GT(clock.Now(), start);
}

TEST(RealClockTest, NowIsTheSameForAllClocks) {
  const absl::Time first = RealClock().Now();
  EXPECT_LE(first, RealClock().Now());
}

TEST(RealClockTest, WallNowIsTheTimeOfDay) {
  // Wide, because the time of day may be set while the test runs.
  const absl::Duration apart = RealClock().WallNow() - absl::Now();
  EXPECT_LT(absl::AbsDuration(apart), absl::Hours(1));
}

}  // namespace
}  // namespace rproxy
