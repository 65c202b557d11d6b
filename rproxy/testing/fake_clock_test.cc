#include "rproxy/testing/fake_clock.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace rproxy::test {
namespace {

TEST(FakeClockTest, StandsStillUntilAdvanced) {
  FakeClock clock;
  EXPECT_EQ(clock.Now(), FakeClock::kStart);
  EXPECT_EQ(clock.WallNow(), FakeClock::kWallStart);
}

TEST(FakeClockTest, AdvancingMovesBothTimes) {
  FakeClock clock;
  clock.Advance(absl::Milliseconds(1500));
  clock.Advance(absl::Nanoseconds(1));
  const absl::Duration moved = absl::Milliseconds(1500) + absl::Nanoseconds(1);
  EXPECT_EQ(clock.Now(), FakeClock::kStart + moved);
  EXPECT_EQ(clock.WallNow(), FakeClock::kWallStart + moved);
}

}  // namespace
}  // namespace rproxy::test
