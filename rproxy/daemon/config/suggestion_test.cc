#include "rproxy/daemon/config/suggestion.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace rproxy::config {
namespace {

const std::vector<std::string_view> kNames = {"port", "addr", "threads",
                                              "read-timeout", "write-timeout"};

TEST(NearestTest, FindsOneSlipOfEachSort) {
  EXPECT_EQ(Nearest("prt", kNames), "port");    // Missing.
  EXPECT_EQ(Nearest("portt", kNames), "port");  // Too many.
  EXPECT_EQ(Nearest("pord", kNames), "port");   // Another.
  EXPECT_EQ(Nearest("prot", kNames), "port");   // Swapped.
  EXPECT_EQ(Nearest("PORTS", kNames), "port");  // Case does not count.
}

TEST(NearestTest, TakesTheNearestOfSeveral) {
  EXPECT_EQ(Nearest("wread-timeout", kNames), "read-timeout");
  EXPECT_EQ(Nearest("writ-timeout", kNames), "write-timeout");
}

TEST(NearestTest, FarWordsHaveNone) {
  EXPECT_EQ(Nearest("bogus", kNames), "");
  EXPECT_EQ(Nearest("", kNames), "");
  EXPECT_EQ(Nearest("x", {"y"}), "");
  EXPECT_EQ(Nearest(std::string(100000, 'a'), kNames), "");
}

TEST(DidYouMeanTest, IsEmptyWithoutACandidate) {
  EXPECT_EQ(DidYouMean("prot", kNames), "; did you mean \"port\"?");
  EXPECT_EQ(DidYouMean("bogus", kNames), "");
}

}  // namespace
}  // namespace rproxy::config
