#include "rproxy/core/server/http_date.h"

#include "gtest/gtest.h"
#include "rproxy/testing/fake_clock.h"

namespace rproxy {
namespace {

TEST(HttpDateTest, FormatsTheExampleOfRfc9110) {
  EXPECT_EQ(FormatHttpDate(absl::FromUnixSeconds(784111777)),
            "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpDateTest, FollowsTheClockFromSecondToSecond) {
  test::FakeClock clock;
  HttpDate date(clock);
  const std::string before(date.Now());
  EXPECT_EQ(before, FormatHttpDate(clock.WallNow()));
  clock.Advance(absl::Seconds(1));
  EXPECT_NE(date.Now(), before);
  EXPECT_EQ(date.Now(), FormatHttpDate(clock.WallNow()));
}

}  // namespace
}  // namespace rproxy
