#include "rproxy/core/routing/path_matcher.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rproxy/core/routing/glob.h"

namespace rproxy {
namespace {

TEST(PathMatcherTest, NothingMatchesWithoutRules) {
  EXPECT_EQ(PathMatcher().Find("/"), std::nullopt);
}

TEST(PathMatcherTest, ExactIsNotAPrefix) {
  PathMatcher matcher;
  matcher.AddExact("/a", 1);
  EXPECT_EQ(matcher.Find("/a"), 1u);
  EXPECT_EQ(matcher.Find("/a/"), std::nullopt);
  EXPECT_EQ(matcher.Find("/A"), std::nullopt);
  EXPECT_EQ(matcher.Find("/%61"), std::nullopt);
}

TEST(PathMatcherTest, AStarInAnExactPathIsAStar) {
  PathMatcher matcher;
  matcher.AddExact("/a*", 1);
  EXPECT_EQ(matcher.Find("/a*"), 1u);
  EXPECT_EQ(matcher.Find("/ab"), std::nullopt);
}

TEST(PathMatcherTest, TheFirstOfAllKindsWins) {
  PathMatcher glob_first;
  glob_first.AddGlob("/a*", 1);
  glob_first.AddExact("/ab", 2);
  EXPECT_EQ(glob_first.Find("/ab"), 1u);

  PathMatcher exact_first;
  exact_first.AddExact("/ab", 2);
  exact_first.AddGlob("/a*", 1);
  EXPECT_EQ(exact_first.Find("/ab"), 2u);
  EXPECT_EQ(exact_first.Find("/ac"), 1u);
}

// Against a walk over all rules, for every order of a few rules.
TEST(PathMatcherTest, AgreesWithAWalkOverTheRules) {
  const std::vector<std::string> patterns = {"/a", "/*", "/ab", "/a*", "*b"};
  const std::vector<std::string> paths = {"/a", "/ab", "/abc", "/", "b", "/*"};
  for (uint32_t order = 0; order < 3125; ++order) {
    PathMatcher matcher;
    std::vector<std::string> rules;
    for (uint32_t rest = order, i = 0; i < 5; ++i, rest /= 5) {
      rules.push_back(patterns[rest % 5]);
      if (i % 2 == 0) {
        matcher.AddExact(rules.back(), i);
      } else {
        matcher.AddGlob(rules.back(), i);
      }
    }
    for (const std::string& path : paths) {
      std::optional<uint32_t> expected;
      for (uint32_t i = 0; i < 5 && !expected.has_value(); ++i) {
        const bool matches =
            i % 2 == 0 ? rules[i] == path : Glob(rules[i]).Matches(path);
        if (matches) expected = i;
      }
      ASSERT_EQ(matcher.Find(path), expected) << order << " " << path;
    }
  }
}

}  // namespace
}  // namespace rproxy
