#include "rproxy/core/server/cause.h"

#include <set>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

TEST(CauseTest, EveryCauseHasAWordOfItsOwn) {
  std::set<absl::string_view> words;
  for (int i = 0; i <= static_cast<int>(Cause::kBackendWriteTimeout); ++i) {
    const absl::string_view word = ToString(static_cast<Cause>(i));
    EXPECT_FALSE(word.empty());
    EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_-"),
              absl::string_view::npos)
        << word;
    EXPECT_TRUE(words.insert(word).second) << word;
  }
}

TEST(CauseTest, BadRequestsSayWhatIsBad) {
  EXPECT_EQ(ToString(Cause::kBadRequest), "bad_request");
  EXPECT_EQ(ToString(Cause::kBadRequest, ParseError::kBadChunk),
            "bad_request_bad_chunk");
  EXPECT_EQ(ToString(Cause::kBadRequest, ParseError::kTooManyInterim),
            "bad_request_too_many_interim");
  EXPECT_EQ(ToString(Cause::kClientGone, ParseError::kBadChunk), "client_gone");
}

}  // namespace
}  // namespace rproxy
