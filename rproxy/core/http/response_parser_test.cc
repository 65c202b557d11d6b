#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/core/http/message_recorder.h"
#include "rproxy/core/http/parser.h"

namespace rproxy {
namespace {

using namespace std::string_literals;
using Kind = BodyFraming::Kind;
using test::RecordOptions;
using ResponseRecording = test::Recording<ResponseHead>;

// Checks that pieces of several sizes, and pauses, give the same; returns it.
ResponseRecording Record(const std::string& input, RecordOptions options = {}) {
  const ResponseRecording whole =
      test::RecordWhole<ResponseParser>(input, options);
  EXPECT_EQ(whole.broken_rule, "") << input;
  const std::string expected = Describe(whole);
  for (const bool pause : {false, true}) {
    options.pause = pause;
    for (const size_t size : {1, 2, 3, 7, 16, 61, 1 << 20}) {
      const ResponseRecording pieces =
          test::RecordInPieces<ResponseParser>(input, size, options);
      EXPECT_EQ(Describe(pieces), expected) << "pieces of " << size;
      EXPECT_EQ(pieces.broken_rule, "") << input;
    }
  }
  return whole;
}

ParseError ErrorOf(const std::string& input,
                   const RecordOptions& options = {}) {
  return Record(input, options).error;
}

TEST(ResponseParserTest, HeadAndBodyByLength) {
  const auto recording = Record(
      "HTTP/1.1 200 All  right\r\nContent-Length: 5\r\nX: y\r\n\r\nhello");
  ASSERT_EQ(recording.messages.size(), 1U);
  const auto& message = recording.messages[0];
  EXPECT_EQ(message.head.status, 200);
  EXPECT_EQ(message.head.reason, "All  right");
  EXPECT_EQ(message.head.version, HttpVersion::kHttp11);
  EXPECT_EQ(message.head.headers.Find("x"), "y");
  EXPECT_EQ(message.body, "hello");
  EXPECT_TRUE(message.ended);
}

TEST(ResponseParserTest, ChunkedBodyWithTrailers) {
  const auto recording = Record(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\nSum: 1\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].body, "abc");
  ASSERT_TRUE(recording.messages[0].trailers.has_value());
  EXPECT_TRUE(recording.messages[0].ended);
}

TEST(ResponseParserTest, ReasonMayBeEmptyOrMissing) {
  for (const char* line : {"HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200"}) {
    const auto recording =
        Record(absl::StrCat(line, "\r\nContent-Length: 0\r\n\r\n"));
    ASSERT_EQ(recording.messages.size(), 1U) << line;
    EXPECT_EQ(recording.messages[0].head.reason, "");
    EXPECT_TRUE(recording.messages[0].ended);
  }
}

// http-parser must not refuse what our own rules let pass.
TEST(ResponseParserTest, EveryByteOfAReasonPasses) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const ParseError error = ErrorOf("HTTP/1.1 200 O"s + c + "K\r\n\r\n");
    EXPECT_EQ(error == ParseError::kNone, i == '\t' || (i >= 0x20 && i != 0x7f))
        << i;
  }
}

TEST(ResponseParserTest, BodyUntilCloseEndsWell) {
  const std::string input = "HTTP/1.1 200 OK\r\n\r\nhello";
  const auto open = Record(input);
  EXPECT_EQ(open.messages[0].framing.kind, Kind::kUntilClose);
  EXPECT_FALSE(open.messages[0].ended);
  const auto closed = Record(input, {.end = true});
  EXPECT_EQ(closed.messages[0].body, "hello");
  EXPECT_TRUE(closed.messages[0].ended);
  EXPECT_EQ(closed.state, ParserState::kDone);
}

TEST(ResponseParserTest, EarlyEndIsAnError) {
  for (const char* input :
       {"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n"}) {
    EXPECT_EQ(ErrorOf(input, {.end = true}), ParseError::kUnexpectedEnd)
        << input;
  }
}

TEST(ResponseParserTest, EndInFrontOfAHeadIsAnError) {
  EXPECT_EQ(ErrorOf("", {.end = true}), ParseError::kUnexpectedEnd);
}

TEST(ResponseParserTest, EndBehindAMessageIsNone) {
  EXPECT_EQ(ErrorOf("HTTP/1.1 204 No Content\r\n\r\n",
                    {.end = true, .messages_max = 1}),
            ParseError::kNone);
}

TEST(ResponseParserTest, ResponsesWithoutBodyEndWithTheirHead) {
  for (const char* line : {"HTTP/1.1 204 No Content", "HTTP/1.1 304 x"}) {
    for (const char* fields :
         {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
      const auto recording = Record(
          absl::StrCat(line, "\r\n", fields, "\r\n", "HTTP/1.1 204 x\r\n\r\n"));
      ASSERT_EQ(recording.messages.size(), 2U) << line << fields;
      EXPECT_EQ(recording.messages[0].body, "");
      EXPECT_TRUE(recording.messages[0].ended);
    }
  }
}

TEST(ResponseParserTest, AnswersToHeadEndWithTheirHead) {
  const auto recording = Record(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
      "HTTP/1.1 200 OK\r\n\r\n",
      {.request_method = "HEAD"});
  ASSERT_EQ(recording.messages.size(), 2U);
  EXPECT_TRUE(recording.messages[0].ended);
  EXPECT_TRUE(recording.messages[1].ended);
}

TEST(ResponseParserTest, InterimResponsesComeInOrderWithTheirFields) {
  const auto recording = Record(
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 3\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  ASSERT_EQ(recording.messages.size(), 3U);
  EXPECT_EQ(recording.messages[0].head.status, 100);
  EXPECT_FALSE(recording.messages[0].ended);
  EXPECT_EQ(recording.messages[1].head.status, 103);
  EXPECT_EQ(recording.messages[1].head.headers.Find("Link"), "</a>");
  EXPECT_EQ(recording.messages[1].framing, BodyFraming());
  EXPECT_EQ(recording.messages[2].body, "hi");
  EXPECT_TRUE(recording.messages[2].ended);
}

TEST(ResponseParserTest, InterimResponsesAreBoundedPerResponse) {
  const HttpPolicy policy = {.interim_responses_max = 2};
  const std::string interim = "HTTP/1.1 102 Processing\r\n\r\n";
  const std::string final_one = "HTTP/1.1 204 x\r\n\r\n";
  EXPECT_EQ(ErrorOf(interim + interim + final_one + interim + final_one,
                    {.policy = policy}),
            ParseError::kNone);
  const auto recording =
      Record(interim + interim + interim, {.policy = policy});
  EXPECT_EQ(recording.error, ParseError::kTooManyInterim);
  EXPECT_EQ(recording.messages.size(), 2U);
}

TEST(ResponseParserTest, SwitchingProtocolsIsATunnelAndLeavesTheRest) {
  const std::string head =
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
  const auto recording = Record(head + "\x81\x05");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].framing.kind, Kind::kTunnel);
  EXPECT_TRUE(recording.messages[0].ended);
  EXPECT_EQ(recording.consumed, head.size());
}

TEST(ResponseParserTest, SuccessOfConnectIsATunnel) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const auto recording = Record(head + "bytes", {.request_method = "CONNECT"});
  EXPECT_EQ(recording.messages[0].framing.kind, Kind::kTunnel);
  EXPECT_EQ(recording.consumed, head.size());
  const auto refused =
      Record("HTTP/1.1 403 x\r\nContent-Length: 5\r\n\r\nbytes",
             {.request_method = "CONNECT"});
  EXPECT_EQ(refused.messages[0].body, "bytes");
}

TEST(ResponseParserTest, WhatFollowsAMessageIsLeft) {
  const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  const auto recording = Record(response + "junk", {.messages_max = 1});
  EXPECT_EQ(recording.state, ParserState::kDone);
  EXPECT_EQ(recording.consumed, response.size());
}

TEST(ResponseParserTest, BadHeadsAreRefused) {
  const std::pair<std::string, ParseError> kCases[] = {
      {"HTTP/1.1 99 x\r\n\r\n", ParseError::kBadStatus},
      {"HTTP/1.1 099 x\r\n\r\n", ParseError::kBadStatus},
      {"HTTP/1.1 600 x\r\n\r\n", ParseError::kBadStatus},
      {"HTTP/1.1 2000 x\r\n\r\n", ParseError::kBadStatus},
      {"HTTP/1.1 20x x\r\n\r\n", ParseError::kBadStatus},
      {"HTTP/1.1  200 x\r\n\r\n", ParseError::kBadStatus},
      {"HTTP/1.1\r\n\r\n", ParseError::kBadStartLine},
      {"HTTP/2.0 200 x\r\n\r\n", ParseError::kUnsupportedVersion},
      {"ICY 200 OK\r\n\r\n", ParseError::kBadStartLine},
      {"GET / HTTP/1.1\r\n\r\n", ParseError::kBadStartLine},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", ParseError::kBadStartLine},
      {"\nHTTP/1.1 200 OK\r\n\r\n", ParseError::kBadLineEnd},
      {"HTTP/1.1 200 OK\n\n", ParseError::kBadLineEnd},
      {"HTTP/1.1 200 O\rK\r\n\r\n", ParseError::kBadLineEnd},
      {"HTTP/1.1 200 O\0K\r\n\r\n"s, ParseError::kBadStartLine},
      {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", ParseError::kBadFieldName},
      {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ParseError::kObsoleteFolding},
      {"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n", ParseError::kBadFieldValue},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
       ParseError::kBadContentLength},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
       ParseError::kBadContentLength},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
       "Transfer-Encoding: chunked\r\n\r\n",
       ParseError::kContentLengthAndTransferEncoding},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
       ParseError::kUnknownTransferCoding},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       ParseError::kBadTransferEncoding},
  };
  for (const auto& [input, error] : kCases) {
    EXPECT_EQ(ErrorOf(input), error) << input;
  }
}

TEST(ResponseParserTest, RepeatedEqualLengthsPassIfAllowed) {
  const RecordOptions lenient = {
      .policy = {.allow_repeated_equal_content_length = true}};
  for (const char* fields :
       {"Content-Length: 2\r\ncontent-length:2\r\n", "Content-Length: 2, 2\r\n",
        "Content-Length: 2\r\n"}) {
    const auto recording = Record(
        absl::StrCat("HTTP/1.1 200 OK\r\nA: b\r\n", fields, "Z:\r\n\r\nhi"),
        lenient);
    ASSERT_EQ(recording.messages.size(), 1U) << fields;
    EXPECT_EQ(recording.messages[0].body, "hi");
    EXPECT_EQ(
        recording.messages[0].head.headers.Find("content-length")->substr(0, 1),
        "2");
    EXPECT_EQ(recording.messages[0].head.headers.Find("z"), "");
  }
  for (const char* fields :
       {"Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length:\r\n",
        "Content-Length: 2, 3\r\n", "Content-Length: 2,\r\n"}) {
    EXPECT_EQ(
        ErrorOf(absl::StrCat("HTTP/1.1 200 OK\r\n", fields, "\r\n"), lenient),
        ParseError::kBadContentLength)
        << fields;
  }
  EXPECT_EQ(ErrorOf("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n",
                    lenient),
            ParseError::kContentLengthAndTransferEncoding);
}

TEST(ResponseParserTest, HeaderFloodsStopAtTheLimit) {
  std::string input = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100000; ++i) absl::StrAppend(&input, "A:\r\n");
  const auto recording = test::RecordInPieces<ResponseParser>(input, 1000);
  EXPECT_EQ(recording.error, ParseError::kTooManyFields);
  EXPECT_LE(recording.memory_max, HttpPolicy().header_bytes_max);
}

}  // namespace
}  // namespace rproxy
