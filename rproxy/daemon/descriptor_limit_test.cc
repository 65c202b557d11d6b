#include "rproxy/daemon/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

using ::testing::HasSubstr;

class DescriptorLimitTest : public ::testing::Test {
 protected:
  // The hard limit may be lowered only, and may be any at first.
  DescriptorLimitTest() {
    rlimit limit;
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_max = std::min<rlim_t>(limit.rlim_max, 1000);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 100);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    hard_ = limit.rlim_max;
  }

  static size_t Soft() {
    rlimit limit;
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur;
  }

  size_t hard_ = 0;
};

TEST_F(DescriptorLimitTest, WantedNumberIsSetUpOrDown) {
  EXPECT_TRUE(SetDescriptorLimit(200).ok());
  EXPECT_EQ(Soft(), 200u);
  EXPECT_TRUE(SetDescriptorLimit(50).ok());
  EXPECT_EQ(Soft(), 50u);
  EXPECT_TRUE(SetDescriptorLimit(hard_).ok());
  EXPECT_EQ(Soft(), hard_);
}

TEST_F(DescriptorLimitTest, ZeroTakesAllThatTheSystemAllows) {
  EXPECT_TRUE(SetDescriptorLimit(0).ok());
  EXPECT_EQ(Soft(), hard_);
}

TEST_F(DescriptorLimitTest, MoreThanTheHardLimitIsAnErrorWithBothNumbers) {
  const absl::Status status = SetDescriptorLimit(hard_ + 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr(absl::StrCat(hard_ + 1, ",")));
  EXPECT_THAT(status.message(), HasSubstr(absl::StrCat(" ", hard_, " ")));
  EXPECT_EQ(Soft(), 100u);
}

}  // namespace
}  // namespace rproxy
