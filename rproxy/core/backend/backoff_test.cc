#include "rproxy/core/backend/backoff.h"

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/backend/seeded_random.h"

namespace rproxy {
namespace {

constexpr BackoffRange kRange = {absl::Milliseconds(50), absl::Seconds(10)};

TEST(BackoffTest, DoublesUpToTheCeiling) {
  EXPECT_EQ(BackoffDelay(kRange, 1, 0), absl::Milliseconds(50));
  EXPECT_EQ(BackoffDelay(kRange, 2, 0), absl::Milliseconds(100));
  EXPECT_EQ(BackoffDelay(kRange, 8, 0), absl::Milliseconds(6400));
  EXPECT_EQ(BackoffDelay(kRange, 9, 0), absl::Seconds(10));
  EXPECT_EQ(BackoffDelay(kRange, UINT32_MAX, 0), absl::Seconds(10));
}

TEST(BackoffTest, TakesUpToHalfAway) {
  SeededRandom random(1);
  absl::Duration least = absl::InfiniteDuration();
  absl::Duration most = absl::ZeroDuration();
  for (int i = 0; i < 10000; ++i) {
    const absl::Duration delay = BackoffDelay(kRange, 2, random.Next());
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, absl::Milliseconds(50));
  EXPECT_LT(least, absl::Milliseconds(51));
  EXPECT_LE(most, absl::Milliseconds(100));
  EXPECT_GT(most, absl::Milliseconds(99));
  EXPECT_GE(BackoffDelay(kRange, 2, UINT64_MAX), absl::Milliseconds(50));
}

TEST(BackoffTest, OddRangesAreHarmless) {
  const absl::Duration zero = absl::ZeroDuration();
  const absl::Duration forever = absl::InfiniteDuration();
  EXPECT_EQ(BackoffDelay({zero, zero}, UINT32_MAX, 7), zero);
  EXPECT_EQ(BackoffDelay({zero, absl::Seconds(1)}, 3, 7), zero);
  EXPECT_EQ(BackoffDelay({forever, forever}, 3, 7), forever);
  EXPECT_EQ(BackoffDelay({absl::Seconds(2), absl::Seconds(1)}, 3, 0),
            absl::Seconds(2));
  EXPECT_EQ(BackoffDelay({absl::Seconds(1), forever}, 4, 0), absl::Seconds(8));
}

}  // namespace
}  // namespace rproxy
