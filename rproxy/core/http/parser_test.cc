// What a caller sees of the parsers' states. What they accept and refuse is in
// request_parser_test.cc and response_parser_test.cc.

#include "rproxy/core/http/parser.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

template <typename Head>
class NullVisitor final : public ParserVisitor<Head> {
 public:
  void OnHead(Head, const BodyFraming&) override {}
  void OnBody(absl::string_view) override {}
  void OnTrailers(const HeaderMap&) override {}
  void OnMessageEnd() override {}
};

TEST(ParserTest, EmptyLinesAreBetweenMessages) {
  NullVisitor<RequestHead> visitor;
  const HttpPolicy policy;
  RequestParser parser(policy, visitor);
  EXPECT_TRUE(parser.between_messages());
  parser.Parse("\r\n");
  EXPECT_TRUE(parser.between_messages());
  parser.Parse("G");
  EXPECT_FALSE(parser.between_messages());
  parser.Parse("ET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(parser.state(), ParserState::kDone);
  EXPECT_FALSE(parser.between_messages());
  EXPECT_EQ(parser.Parse("GET"), 0U);
  parser.Next();
  EXPECT_TRUE(parser.between_messages());
  EXPECT_EQ(parser.memory(), 0U);
}

TEST(ParserTest, InterimResponseIsNotBetweenMessages) {
  NullVisitor<ResponseHead> visitor;
  const HttpPolicy policy;
  ResponseParser parser(policy, visitor);
  EXPECT_TRUE(parser.between_messages());
  parser.Parse("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_FALSE(parser.between_messages());
  parser.Parse("HTTP/1.1 204 x\r\n\r\n");
  EXPECT_EQ(parser.state(), ParserState::kDone);
  parser.Next();
  EXPECT_TRUE(parser.between_messages());
}

TEST(ParserTest, PauseLeavesTheRestAndResumesWithNothing) {
  class PausingVisitor final : public RequestParser::Visitor {
   public:
    void OnHead(RequestHead, const BodyFraming&) override { Note("head"); }
    void OnBody(absl::string_view bytes) override {
      Note(absl::StrCat("body ", bytes));
    }
    void OnTrailers(const HeaderMap&) override { Note("trailers"); }
    void OnMessageEnd() override { Note("end"); }
    void Note(std::string event) {
      events.push_back(std::move(event));
      parser->Pause();
    }
    std::vector<std::string> events;
    RequestParser* parser = nullptr;
  } visitor;
  const HttpPolicy policy;
  RequestParser parser(policy, visitor);
  visitor.parser = &parser;
  const std::string head =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  const std::string input = head + "abcd";
  EXPECT_EQ(parser.Parse(input), head.size());
  EXPECT_EQ(visitor.events, std::vector<std::string>({"head"}));
  EXPECT_EQ(parser.Parse("abcd"), 3U);
  EXPECT_EQ(parser.state(), ParserState::kBody);
  EXPECT_EQ(parser.Parse(""), 0U);
  EXPECT_EQ(visitor.events,
            std::vector<std::string>({"head", "body abc", "end"}));
  EXPECT_EQ(parser.state(), ParserState::kDone);
}

TEST(ParserTest, FailureIsFinal) {
  NullVisitor<ResponseHead> visitor;
  const HttpPolicy policy;
  ResponseParser parser(policy, visitor);
  parser.Parse("rubbish\r\n\r\n");
  EXPECT_EQ(parser.state(), ParserState::kFailed);
  EXPECT_EQ(parser.error(), ParseError::kBadStartLine);
  EXPECT_EQ(parser.Parse("HTTP/1.1 204 x\r\n\r\n"), 0U);
  parser.ParseEnd();
  EXPECT_EQ(parser.error(), ParseError::kBadStartLine);
  EXPECT_EQ(parser.memory(), 0U);
}

TEST(ParserTest, IdleParserIsSmall) {
  EXPECT_LE(sizeof(RequestParser), 128U);
  EXPECT_LE(sizeof(ResponseParser), 128U);
}

}  // namespace
}  // namespace rproxy
