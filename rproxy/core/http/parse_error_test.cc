#include "rproxy/core/http/parse_error.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

constexpr int kErrors = static_cast<int>(ParseError::kTooManyInterim) + 1;

TEST(ParseErrorTest, EveryErrorHasAWordOfItsOwn) {
  std::set<std::string> words;
  for (int i = 0; i < kErrors; ++i) {
    const std::string word(ToString(static_cast<ParseError>(i)));
    EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
              std::string::npos)
        << word;
    EXPECT_TRUE(words.insert(word).second) << word;
  }
}

TEST(ParseErrorTest, StatusIsTheMostExactOne) {
  EXPECT_EQ(StatusFor(ParseError::kStartLineTooLong), 414);
  EXPECT_EQ(StatusFor(ParseError::kHeadTooLarge), 431);
  EXPECT_EQ(StatusFor(ParseError::kTooManyFields), 431);
  EXPECT_EQ(StatusFor(ParseError::kUnknownTransferCoding), 501);
  EXPECT_EQ(StatusFor(ParseError::kUnsupportedVersion), 505);
  EXPECT_EQ(StatusFor(ParseError::kBadHost), 400);
  EXPECT_EQ(StatusFor(ParseError::kBadChunk), 400);
}

}  // namespace
}  // namespace rproxy
