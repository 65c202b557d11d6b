#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/core/http/message_recorder.h"
#include "rproxy/core/http/parser.h"

namespace rproxy {
namespace {

using namespace std::string_literals;
using Kind = BodyFraming::Kind;
using test::RecordOptions;
using RequestRecording = test::Recording<RequestHead>;

// Checks that pieces of several sizes, and pauses, give the same; returns it.
RequestRecording Record(const std::string& input, RecordOptions options = {}) {
  const RequestRecording whole =
      test::RecordWhole<RequestParser>(input, options);
  EXPECT_EQ(whole.broken_rule, "") << input;
  const std::string expected = Describe(whole);
  for (const bool pause : {false, true}) {
    options.pause = pause;
    for (const size_t size : {1, 2, 3, 7, 16, 61, 1 << 20}) {
      const RequestRecording pieces =
          test::RecordInPieces<RequestParser>(input, size, options);
      EXPECT_EQ(Describe(pieces), expected) << "pieces of " << size;
      EXPECT_EQ(pieces.broken_rule, "") << input;
    }
  }
  return whole;
}

ParseError ErrorOf(const std::string& input, const HttpPolicy& policy = {}) {
  return Record(input, {.policy = policy}).error;
}

// A request with `line` among its fields.
std::string With(absl::string_view line) {
  return absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\n", line,
                      "\r\nX: y\r\n\r\n");
}

TEST(RequestParserTest, HeadArrivesWhole) {
  const auto recording =
      Record("GET /a?b HTTP/1.1\r\nHost: a.example\r\nX-Y:  z z\t\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 1U);
  const auto& message = recording.messages[0];
  EXPECT_EQ(message.head.method, "GET");
  EXPECT_EQ(message.head.target, "/a?b");
  EXPECT_EQ(message.head.version, HttpVersion::kHttp11);
  EXPECT_EQ(message.head.headers.Find("host"), "a.example");
  EXPECT_EQ(message.head.headers.Find("x-y"), "z z");
  EXPECT_EQ(message.framing, BodyFraming());
  EXPECT_TRUE(message.ended);
}

TEST(RequestParserTest, BodyByLength) {
  const auto recording =
      Record("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].framing,
            (BodyFraming{Kind::kContentLength, 5}));
  EXPECT_EQ(recording.messages[0].body, "hello");
  EXPECT_TRUE(recording.messages[0].ended);
}

TEST(RequestParserTest, EmptyBodyByLengthEndsAtOnce) {
  const auto recording =
      Record("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_TRUE(recording.messages[0].ended);
}

TEST(RequestParserTest, ChunkedBodyWithTrailers) {
  const auto recording = Record(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nSum: 1\r\nContent-Length: 9\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 1U);
  const auto& message = recording.messages[0];
  EXPECT_EQ(message.framing.kind, Kind::kChunked);
  EXPECT_EQ(message.body, "abcde");
  ASSERT_TRUE(message.trailers.has_value());
  EXPECT_EQ(message.trailers->size(), 1U);
  EXPECT_EQ(message.trailers->Find("sum"), "1");
  EXPECT_TRUE(message.ended);
}

TEST(RequestParserTest, TrailersThatAreAllForbiddenAreNoTrailers) {
  const auto recording = Record(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nHost: b\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_FALSE(recording.messages[0].trailers.has_value());
  EXPECT_TRUE(recording.messages[0].ended);
}

TEST(RequestParserTest, WhatFollowsAMessageIsLeft) {
  const std::string first = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto recording =
      Record(first + "GET /2 HTTP/1.1\r\n", {.messages_max = 1});
  EXPECT_EQ(recording.state, ParserState::kDone);
  EXPECT_EQ(recording.consumed, first.size());
}

TEST(RequestParserTest, PipelinedRequestsComeInOrder) {
  const auto recording = Record(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "\r\n\r\n"
      "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\nx\r\n0\r\n\r\n"
      "GET /4 HTTP/1.0\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 4U);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(recording.messages[i].head.target, absl::StrCat("/", i + 1));
    EXPECT_TRUE(recording.messages[i].ended);
  }
  EXPECT_EQ(recording.messages[3].head.version, HttpVersion::kHttp10);
}

TEST(RequestParserTest, UnknownMethodsPass) {
  for (const char* method :
       {"FOO", "PATCH", "M-SEARCH", "SOURCE", "get", "G", "GETT", "PRI",
        "VERSION-CONTROL", "x!#$%&'*+-.^_`|~1", "HTTP"}) {
    const auto recording =
        Record(absl::StrCat(method, " / HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_EQ(recording.messages.size(), 1U) << method;
    EXPECT_EQ(recording.messages[0].head.method, method);
  }
}

TEST(RequestParserTest, EveryFormOfTargetPasses) {
  const std::vector<std::pair<std::string, std::string>> kCases = {
      {"GET", "/"},
      {"GET", "//"},
      {"GET", "/?"},
      {"GET", "/a/../b;c=d,e?f=g&h=%2z"},
      {"GET", "?" + std::string(1, 'x')},
      {"GET", "/{a}|\"<b>\\^`"},
      {"GET", "http://a/b"},
      {"GET", "HTTP://a"},
      {"FOO", "https://a:1?q"},
      {"GET", "http://[::1]:80/"},
      {"GET", "http://a!$&'()*+;=-._~%20/"},
      {"OPTIONS", "*"},
      {"OPTIONS", "/"},
      {"OPTIONS", "http://a"},
      {"CONNECT", "a.example:443"},
      {"CONNECT", "[::1]:443"},
      {"CONNECT", "a!$&'()*+;=-._~%20:1"},
  };
  for (const auto& [method, target] : kCases) {
    const auto recording = Record(
        absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: a\r\n\r\n"));
    if (target[0] == '?') {
      EXPECT_EQ(recording.error, ParseError::kBadTarget);
      continue;
    }
    ASSERT_EQ(recording.messages.size(), 1U)
        << method << " " << target << " " << ToString(recording.error);
    EXPECT_EQ(recording.messages[0].head.method, method);
    EXPECT_EQ(recording.messages[0].head.target, target);
  }
}

// http-parser must not refuse what our own rules let pass, or the two would
// differ on what is a target.
TEST(RequestParserTest, EveryByteOfATargetPasses) {
  for (int i = 0x21; i < 0x7f; ++i) {
    const char c = static_cast<char>(i);
    for (const std::string& target :
         {"/a"s + c + "b", "/?"s + c, "http://h/"s + c, "http://h?"s + c}) {
      const auto recording =
          Record("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_EQ(recording.error,
                c == '#' ? ParseError::kBadTarget : ParseError::kNone)
          << target;
    }
  }
}

// The same for fields.
TEST(RequestParserTest, EveryByteOfANameAndValuePasses) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool in_name = IsToken({&c, 1});
    EXPECT_EQ(ErrorOf(With("N"s + c + "m: v")) == ParseError::kNone,
              in_name || c == ':')
        << i;
    const bool in_value = i == '\t' || (i >= 0x20 && i != 0x7f);
    EXPECT_EQ(ErrorOf(With("N: v"s + c + "w")) == ParseError::kNone, in_value)
        << i;
  }
}

TEST(RequestParserTest, HeadersThatHttpParserKnowsAreOnlyFieldsToUs) {
  for (const char* line :
       {"Connection: close", "Connection: ,,close,", "Connection: \t",
        "Proxy-Connection: keep-alive", "Upgrade: a\r\nConnection: upgrade",
        "Upgrade:", "Connection: Keep-Alive , Upgrade", "Transfer-Encodin: x",
        "Content-Lengt: x", "Content-Length-: x", "Transfer-Encoding-: x"}) {
    EXPECT_EQ(ErrorOf(With(line)), ParseError::kNone) << line;
  }
}

TEST(RequestParserTest, UpgradeDoesNotChangeFraming) {
  const auto recording = Record(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
      "Content-Length: 3\r\n\r\nabc");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].body, "abc");
}

TEST(RequestParserTest, HighMinorVersionsCountAsOne) {
  const auto recording = Record("GET / HTTP/1.9\r\nHost: a\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].head.version, HttpVersion::kHttp11);
  EXPECT_EQ(ErrorOf("GET / HTTP/1.9\r\n\r\n"), ParseError::kBadHost);
}

TEST(RequestParserTest, OtherMajorVersionsAreUnsupported) {
  EXPECT_EQ(ErrorOf("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
            ParseError::kUnsupportedVersion);
  EXPECT_EQ(ErrorOf("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ParseError::kUnsupportedVersion);
  EXPECT_EQ(ErrorOf("GET / HTTP/0.9\r\n\r\n"), ParseError::kUnsupportedVersion);
}

TEST(RequestParserTest, SimpleRequestsOfVersion09AreRefused) {
  EXPECT_EQ(ErrorOf("GET /\r\n\r\n"), ParseError::kBadStartLine);
}

TEST(RequestParserTest, TlsOnAPlainPortFailsAtOnce) {
  EXPECT_EQ(ErrorOf("\x16\x03\x01\x02"), ParseError::kBadStartLine);
}

TEST(RequestParserTest, HostIsOneValidAuthority) {
  constexpr absl::string_view kLine = "GET / HTTP/1.1\r\n";
  constexpr absl::string_view kOldLine = "GET / HTTP/1.0\r\n";
  for (const char* fields :
       {"", "Host:\r\n", "Host: a\r\nHost: a\r\n", "Host: a\r\nhOST: b\r\n",
        "Host: a, b\r\n", "Host: a b\r\n", "Host: a/\r\n", "Host: u@a\r\n",
        "Host: a:x\r\n", "Host: [::1\r\n", "Host: http://a\r\n",
        "Host: a\r\nX: y\r\nHost:\r\n"}) {
    EXPECT_EQ(ErrorOf(absl::StrCat(kLine, fields, "\r\n")),
              ParseError::kBadHost)
        << fields;
    EXPECT_EQ(ErrorOf(absl::StrCat(kOldLine, fields, "\r\n")),
              fields[0] == '\0' ? ParseError::kNone : ParseError::kBadHost)
        << fields;
  }
  EXPECT_EQ(ErrorOf(absl::StrCat(kOldLine, "Host: a\r\n\r\n")),
            ParseError::kNone);
}

TEST(RequestParserTest, AbsoluteFormNeedsHostAndLeavesBothAsReceived) {
  EXPECT_EQ(ErrorOf("GET http://a/ HTTP/1.1\r\n\r\n"), ParseError::kBadHost);
  const auto recording = Record("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].head.target, "http://a/");
  EXPECT_EQ(recording.messages[0].head.headers.Find("host"), "b");
}

struct RefusedLine {
  std::string line;
  ParseError error;
};

TEST(RequestParserTest, FieldsOutsideTheGrammarAreRefused) {
  const RefusedLine kCases[] = {
      {"A : b", ParseError::kBadFieldName},
      {"A\t: b", ParseError::kBadFieldName},
      {": b", ParseError::kBadFieldName},
      {"A", ParseError::kBadFieldName},
      {"A b: c", ParseError::kBadFieldName},
      {"A\0: c"s, ParseError::kBadFieldName},
      {"\xef\xbb\xbf"
       "A: c",
       ParseError::kBadFieldName},
      {"A: \0"s, ParseError::kBadFieldValue},
      {"A: b\x0b", ParseError::kBadFieldValue},
      {"A: b\x7f", ParseError::kBadFieldValue},
      {"A: b\r\n c", ParseError::kObsoleteFolding},
      {"A: b\r\n\tc", ParseError::kObsoleteFolding},
      {" A: b", ParseError::kObsoleteFolding},
      {"A: b\nB: c", ParseError::kBadLineEnd},
      {"A: b\rB: c", ParseError::kBadLineEnd},
      {"A: b\r\r\nB: c", ParseError::kBadLineEnd},
      {"A\n: b", ParseError::kBadLineEnd},
      {"A\r: b", ParseError::kBadLineEnd},
      {"A: b\n", ParseError::kBadLineEnd},
      {"\nGET /2 HTTP/1.1", ParseError::kBadLineEnd},
  };
  for (const RefusedLine& c : kCases) {
    EXPECT_EQ(ErrorOf(With(c.line)), c.error) << c.line;
  }
}

TEST(RequestParserTest, AmbiguousFramingIsRefused) {
  const RefusedLine kCases[] = {
      {"Content-Length: 1\r\nTransfer-Encoding: chunked",
       ParseError::kContentLengthAndTransferEncoding},
      {"Transfer-Encoding: chunked\r\nContent-Length: 1",
       ParseError::kContentLengthAndTransferEncoding},
      {"Transfer-Encoding: gzip\r\nContent-Length: 1",
       ParseError::kContentLengthAndTransferEncoding},
      {"Content-Length: 1\r\nContent-Length: 1", ParseError::kBadContentLength},
      {"Content-Length: 1\r\nContent-Length: 2", ParseError::kBadContentLength},
      {"Content-Length: 1, 1", ParseError::kBadContentLength},
      {"Content-Length: +1", ParseError::kBadContentLength},
      {"Content-Length: -1", ParseError::kBadContentLength},
      {"Content-Length: 0x1", ParseError::kBadContentLength},
      {"Content-Length: 1 1", ParseError::kBadContentLength},
      {"Content-Length: 1\t1", ParseError::kBadContentLength},
      {"Content-Length:", ParseError::kBadContentLength},
      {"Content-Length: \t", ParseError::kBadContentLength},
      {"Content-Length: 9223372036854775808", ParseError::kBadContentLength},
      {"Content-Length: 18446744073709551617", ParseError::kBadContentLength},
      {"Content-Length: 1;", ParseError::kBadContentLength},
      {"Content-Length: \xd9\xa1", ParseError::kBadContentLength},
      {"Content-Length : 1", ParseError::kBadFieldName},
      {"Content-Length: 1\r\n 0", ParseError::kObsoleteFolding},
      {"Transfer-Encoding : chunked", ParseError::kBadFieldName},
      {"Transfer-Encoding: gzip", ParseError::kUnknownTransferCoding},
      {"Transfer-Encoding: gzip, chunked", ParseError::kUnknownTransferCoding},
      {"Transfer-Encoding: identity", ParseError::kUnknownTransferCoding},
      {"Transfer-Encoding: xchunked", ParseError::kUnknownTransferCoding},
      {"Transfer-Encoding: chunked, identity",
       ParseError::kBadTransferEncoding},
      {"Transfer-Encoding: chunked, chunked", ParseError::kBadTransferEncoding},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
       ParseError::kBadTransferEncoding},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
       ParseError::kBadTransferEncoding},
      {"Transfer-Encoding:", ParseError::kBadTransferEncoding},
      {"Transfer-Encoding: ,chunked", ParseError::kBadTransferEncoding},
      {"Transfer-Encoding: \"chunked\"", ParseError::kBadTransferEncoding},
      {"Transfer-Encoding: chunked;a", ParseError::kBadTransferEncoding},
      {"Transfer-Encoding: chunked\r\n , x", ParseError::kObsoleteFolding},
      {"Transfer-Encoding: \x0b"
       "chunked",
       ParseError::kBadFieldValue},
      {"Transfer-Encoding:\xa0"
       "chunked",
       ParseError::kBadTransferEncoding},
  };
  for (const RefusedLine& c : kCases) {
    EXPECT_EQ(ErrorOf(With(c.line)), c.error) << c.line;
  }
  EXPECT_EQ(
      ErrorOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      ParseError::kBadTransferEncoding);
}

TEST(RequestParserTest, WhiteSpaceAroundALengthIsNoPartOfIt) {
  const auto recording =
      Record("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t 3  \r\n\r\nabc");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].body, "abc");
}

// The grammar allows it, http-parser does not, and nobody sends it.
TEST(RequestParserTest, TabBehindALengthIsRefused) {
  EXPECT_EQ(ErrorOf(With("Content-Length: 3\t")),
            ParseError::kBadContentLength);
}

TEST(RequestParserTest, LengthWithLeadingZerosIsDecimal) {
  const auto recording = Record(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\n\r\n0123456789");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].body, "0123456789");
}

TEST(RequestParserTest, LimitsAreExact) {
  const std::string head = "GET /abc HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n";
  EXPECT_EQ(ErrorOf(head, {.start_line_bytes_max = 17,
                           .header_bytes_max = head.size(),
                           .header_count_max = 2}),
            ParseError::kNone);
  EXPECT_EQ(ErrorOf(head, {.start_line_bytes_max = 16}),
            ParseError::kStartLineTooLong);
  EXPECT_EQ(ErrorOf(head, {.header_bytes_max = head.size() - 1}),
            ParseError::kHeadTooLarge);
  EXPECT_EQ(ErrorOf(head, {.header_count_max = 1}), ParseError::kTooManyFields);
}

TEST(RequestParserTest, HeadsBeyondHttpParsersOwnLimitPassIfAllowed) {
  const HttpPolicy policy = {.header_bytes_max = 1 << 20};
  const auto recording = test::RecordWhole<RequestParser>(
      With("Long: " + std::string(200000, 'x')), {.policy = policy});
  ASSERT_EQ(recording.messages.size(), 1U) << ToString(recording.error);
  EXPECT_EQ(recording.messages[0].head.headers.Find("long")->size(), 200000U);
}

TEST(RequestParserTest, UnendingLinesStopAtTheLimit) {
  for (const char* start :
       {"", "GET ", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nA: "}) {
    const auto recording =
        Record(std::string(start) + std::string(100000, 'x'));
    EXPECT_EQ(recording.state, ParserState::kFailed) << start;
    EXPECT_LE(recording.consumed, HttpPolicy().header_bytes_max);
    EXPECT_LE(recording.memory_max, HttpPolicy().header_bytes_max);
  }
}

TEST(RequestParserTest, UnendingEmptyLinesStopAtTheLimit) {
  std::string input;
  for (int i = 0; i < 5; ++i) input += "\r\n";
  EXPECT_EQ(ErrorOf(input), ParseError::kBadStartLine);
  EXPECT_EQ(ErrorOf(input.substr(0, 8) + "GET / HTTP/1.0\r\n\r\n"),
            ParseError::kNone);
}

TEST(RequestParserTest, BadChunkFailsAfterWhatWasGood) {
  const auto recording = Record(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nzz\r\n");
  ASSERT_EQ(recording.messages.size(), 1U);
  EXPECT_EQ(recording.messages[0].body, "abc");
  EXPECT_FALSE(recording.messages[0].ended);
  EXPECT_EQ(recording.error, ParseError::kBadChunk);
}

}  // namespace
}  // namespace rproxy
