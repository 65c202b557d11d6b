#include "rproxy/core/routing/host_matcher.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rproxy/core/routing/glob.h"

namespace rproxy {
namespace {

TEST(HostOfTest, CutsPortAndLastDot) {
  EXPECT_EQ(HostOf("a.b"), "a.b");
  EXPECT_EQ(HostOf("a.b:80"), "a.b");
  EXPECT_EQ(HostOf("a.b:"), "a.b");
  EXPECT_EQ(HostOf("a.b.:80"), "a.b");
  EXPECT_EQ(HostOf("a.b:*"), "a.b");
  EXPECT_EQ(HostOf("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(HostOf("[::1]:80"), "[::1]");
  EXPECT_EQ(HostOf("[::1]"), "[::1]");
}

TEST(HostOfTest, LeavesWhatIsNoPort) {
  EXPECT_EQ(HostOf(""), "");
  EXPECT_EQ(HostOf("."), ".");
  EXPECT_EQ(HostOf("::1"), "::1");
  EXPECT_EQ(HostOf("[2001:db8::1]"), "[2001:db8::1]");
  EXPECT_EQ(HostOf("a:b"), "a:b");
  EXPECT_EQ(HostOf("a:80x"), "a:80x");
}

TEST(HostMatcherTest, ExactThenGlobsInOrderThenCatchAll) {
  HostMatcher matcher;
  matcher.Add("*", 1);
  matcher.Add("*.example.com", 2);
  matcher.Add("www.*", 3);
  matcher.Add("www.example.com", 4);
  EXPECT_EQ(matcher.Find("www.example.com"), 4u);
  EXPECT_EQ(matcher.Find("x.example.com"), 2u);
  EXPECT_EQ(matcher.Find("www.example.org"), 3u);
  EXPECT_EQ(matcher.Find("example.org"), 1u);
  EXPECT_EQ(matcher.Find("example.com"), 1u);
}

TEST(HostMatcherTest, AMoreGeneralGlobThatStandsFirstWins) {
  HostMatcher matcher;
  matcher.Add("*.com", 1);
  matcher.Add("*.example.com", 2);
  matcher.Add("*.a.org", 3);
  matcher.Add("*.org", 4);
  matcher.Add("*le.com", 5);
  EXPECT_EQ(matcher.Find("x.example.com"), 1u);
  EXPECT_EQ(matcher.Find("x.a.org"), 3u);
  EXPECT_EQ(matcher.Find("x.b.org"), 4u);
}

TEST(HostMatcherTest, OneStarMayStandForNothing) {
  HostMatcher matcher;
  matcher.Add("*.example.com", 1);
  EXPECT_EQ(matcher.Find(".example.com"), 1u);
  EXPECT_EQ(matcher.Find("example.com"), std::nullopt);
  EXPECT_EQ(matcher.Find("x.example.com.org"), std::nullopt);
}

TEST(HostMatcherTest, WithoutACatchAllNotEverythingIsFound) {
  HostMatcher matcher;
  EXPECT_EQ(matcher.Find("a"), std::nullopt);
  EXPECT_EQ(matcher.Find(""), std::nullopt);
  matcher.Add("*", 9);
  EXPECT_EQ(matcher.Find(""), 9u);
}

TEST(HostMatcherTest, AddTellsWhoHasThePatternAlready) {
  HostMatcher matcher;
  EXPECT_EQ(matcher.Add("a", 1), std::nullopt);
  EXPECT_EQ(matcher.Add("A:80", 2), 1u);
  EXPECT_EQ(matcher.Add("*.a", 3), std::nullopt);
  EXPECT_EQ(matcher.Add("*.A", 4), 3u);
  EXPECT_EQ(matcher.Add("*b*", 5), std::nullopt);
  EXPECT_EQ(matcher.Add("*b*", 6), 5u);
  EXPECT_EQ(matcher.Add("*", 7), std::nullopt);
  EXPECT_EQ(matcher.Add("*:80", 8), 7u);
  EXPECT_EQ(matcher.Find("a"), 1u);
}

// Against a walk over the globs, for many lists of them.
TEST(HostMatcherTest, AgreesWithAWalkOverTheGlobs) {
  const std::vector<std::string> patterns = {"*.a.b", "*.b", "a*",  "*a*",
                                             "*.a*",  "*b",  "a.*", "*.*.b"};
  const std::vector<std::string> hosts = {"a",   "a.b",    "x.a.b", "x.b", ".b",
                                          "a.c", "..b",    "c",     "b",   "xb",
                                          "b.",  "a.a.b.", "."};
  for (uint32_t order = 0; order < 4096; ++order) {
    HostMatcher matcher;
    std::vector<std::string> added;
    for (uint32_t rest = order, i = 0; i < 4; ++i, rest /= 8) {
      added.push_back(patterns[rest % 8]);
      matcher.Add(added.back(), i);
    }
    for (const std::string& host : hosts) {
      std::optional<uint32_t> expected;
      for (uint32_t i = 0; i < 4 && !expected.has_value(); ++i) {
        if (Glob(added[i]).Matches(HostOf(host))) expected = i;
      }
      ASSERT_EQ(matcher.Find(host), expected) << order << " " << host;
    }
  }
}

TEST(HostMatcherTest, LongHostsAreHostsToo) {
  HostMatcher matcher;
  const std::string host(5000, 'A');
  matcher.Add(host, 1);
  EXPECT_EQ(matcher.Find(host + ":80"), 1u);
}

}  // namespace
}  // namespace rproxy
