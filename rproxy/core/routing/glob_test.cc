#include "rproxy/core/routing/glob.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

bool Matches(std::string_view pattern, std::string_view text) {
  return Glob(pattern).Matches(text);
}

TEST(GlobTest, WithoutAStarItIsAComparison) {
  EXPECT_TRUE(Matches("abc", "abc"));
  EXPECT_FALSE(Matches("abc", "abcd"));
  EXPECT_FALSE(Matches("abc", "ab"));
  EXPECT_FALSE(Matches("abc", "ABC"));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_FALSE(Matches("", "a"));
}

TEST(GlobTest, AStarIsAnyBytesAlsoNone) {
  EXPECT_TRUE(Matches("*", ""));
  EXPECT_TRUE(Matches("*", "any/thing\n"));
  EXPECT_TRUE(Matches("**", ""));
  EXPECT_TRUE(Matches("a*", "a"));
  EXPECT_TRUE(Matches("*a", "a"));
  EXPECT_TRUE(Matches("a*c", "ac"));
  EXPECT_TRUE(Matches("a*c", "a/b/c"));
  EXPECT_FALSE(Matches("a*c", "a/b/c/"));
  EXPECT_FALSE(Matches("a*c", "b/c"));
}

TEST(GlobTest, BothEndsNeedTheirOwnBytes) {
  EXPECT_FALSE(Matches("ab*ba", "aba"));
  EXPECT_TRUE(Matches("ab*ba", "abba"));
  EXPECT_FALSE(Matches("a*a", "a"));
  EXPECT_FALSE(Matches("*ab*b", "ab"));
}

TEST(GlobTest, PiecesMatchInOrderWithoutOverlap) {
  EXPECT_TRUE(Matches("*ab*bc*", "xabxbcx"));
  EXPECT_TRUE(Matches("*ab*bc*", "abbc"));
  EXPECT_FALSE(Matches("*ab*bc*", "abc"));
  EXPECT_FALSE(Matches("*ab*bc*", "bcab"));
  EXPECT_TRUE(Matches("/a/*/b/*.js", "/a/x/y/b/z.js"));
}

TEST(GlobTest, OtherSpecialBytesAreOrdinary) {
  EXPECT_FALSE(Matches("a?c", "abc"));
  EXPECT_FALSE(Matches("[ab]", "a"));
  EXPECT_FALSE(Matches("\\*", "*"));
  EXPECT_TRUE(Matches("\\*", "\\*"));
  EXPECT_TRUE(
      Matches(std::string_view("a\0*", 3), std::string_view("a\0b\0", 4)));
}

TEST(GlobTest, HostileTextTakesNoLongerThanOther) {
  // 2^40 steps for a matcher that tries all places of all stars, 2^32 for one
  // that compares each piece at each place; either would not return.
  const std::string text(1 << 20, 'a');
  const std::string piece(1 << 12, 'a');
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(Matches("*" + piece + "b*" + piece + "b*", text));
    EXPECT_FALSE(Matches("*a*a*a*a*a*a*a*a*a*b*c", text + "c"));
  }
}

}  // namespace
}  // namespace rproxy
