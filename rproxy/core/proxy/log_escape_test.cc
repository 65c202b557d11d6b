#include "rproxy/core/proxy/log_escape.h"

#include <string>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

std::string Quoted(absl::string_view text) {
  std::string out;
  AppendQuotedEscaped(text, out);
  return out;
}

std::string Bare(absl::string_view text, char delimiter) {
  std::string out;
  AppendBareEscaped(text, delimiter, out);
  return out;
}

std::string Json(absl::string_view text) {
  std::string out;
  AppendJsonEscaped(text, out);
  return out;
}

TEST(LogEscapeTest, HarmlessTextStays) {
  constexpr char kText[] = "Mozilla/5.0_(X11;~Linux)'{}'%s";
  EXPECT_EQ(Quoted(kText), kText);
  EXPECT_EQ(Bare(kText, ' '), kText);
  EXPECT_EQ(Json(kText), kText);
  EXPECT_EQ(Quoted(""), "");
}

TEST(LogEscapeTest, QuotedTextCannotEndItsQuotesOrItsLine) {
  EXPECT_EQ(Quoted("a\" 200\r\n\\x\t\x7f\xc3"),
            "a\\x22 200\\x0d\\x0a\\x5cx\\x09\\x7f\\xc3");
}

TEST(LogEscapeTest, BareTextCannotEndItsField) {
  EXPECT_EQ(Bare("a b|c\"", '|'), "a\\x20b\\x7cc\\x22");
  EXPECT_EQ(Bare("a|b", ' '), "a|b");
}

TEST(LogEscapeTest, JsonTextIsValidWhateverCame) {
  EXPECT_EQ(Json("\"\\\n\xff é"), "\\\"\\\\\\u000a\\u00ff \\u00c3\\u00a9");
}

// A slow check of the claim: no byte gets through that could end anything.
TEST(LogEscapeTest, NoByteGetsThroughThatEndsAnything) {
  for (int i = 0; i < 256; ++i) {
    const std::string text(1, static_cast<char>(i));
    for (const std::string& out :
         {Quoted(text), Bare(text, ';'), Json(text).substr(0)}) {
      for (const char c : out) {
        EXPECT_TRUE(c >= 0x20 && c < 0x7f) << i;
      }
    }
    EXPECT_EQ(Quoted(text).find('"'), std::string::npos);
    EXPECT_EQ(Bare(text, ';').find_first_of("\"; "), std::string::npos);
  }
}

}  // namespace
}  // namespace rproxy
