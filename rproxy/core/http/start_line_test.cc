#include "rproxy/core/http/start_line.h"

#include <string>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

TEST(RequestLineTest, HasThreeWords) {
  RequestLine line;
  ASSERT_EQ(ParseRequestLine("GET /a?b HTTP/1.1", line), ParseError::kNone);
  EXPECT_EQ(line.method, "GET");
  EXPECT_EQ(line.target, "/a?b");
  EXPECT_EQ(line.version, HttpVersion::kHttp11);
}

TEST(RequestLineTest, MinorVersionsAboveOneCountAsOne) {
  RequestLine line;
  ASSERT_EQ(ParseRequestLine("GET / HTTP/1.0", line), ParseError::kNone);
  EXPECT_EQ(line.version, HttpVersion::kHttp10);
  ASSERT_EQ(ParseRequestLine("GET / HTTP/1.9", line), ParseError::kNone);
  EXPECT_EQ(line.version, HttpVersion::kHttp11);
}

TEST(RequestLineTest, MalformedLinesAreRefused) {
  for (const char* text : {"",
                           " ",
                           "  ",
                           "GET",
                           "GET /",
                           "GET / ",
                           "GET  / HTTP/1.1",
                           "GET /  HTTP/1.1",
                           " GET / HTTP/1.1",
                           "GET / HTTP/1.1 ",
                           "GET /a b HTTP/1.1",
                           "GET\t/ HTTP/1.1",
                           "GET /\tHTTP/1.1",
                           "GET / http/1.1",
                           "GET / HTTP/1",
                           "GET / HTTP/1.",
                           "GET / HTTP/.1",
                           "GET / HTTP/1.10",
                           "GET / HTTP/11.1",
                           "GET / HTTP/x.1",
                           "GET / HTTP/1,1",
                           "GET / HTTP 1.1",
                           "GET / XTTP/1.1",
                           "GET / HTTP/+1.1",
                           "GE(T / HTTP/1.1",
                           "G\xc3\xa9T / HTTP/1.1",
                           "GET: / HTTP/1.1",
                           "/ HTTP/1.1",
                           "GET HTTP/1.1"}) {
    RequestLine line;
    EXPECT_EQ(ParseRequestLine(text, line), ParseError::kBadStartLine) << text;
  }
}

TEST(RequestLineTest, OtherMajorVersionsAreUnsupported) {
  for (const char* text : {"GET / HTTP/0.9", "GET / HTTP/2.0", "GET / HTTP/9.9",
                           "PRI * HTTP/2.0"}) {
    RequestLine line;
    EXPECT_EQ(ParseRequestLine(text, line), ParseError::kUnsupportedVersion)
        << text;
  }
}

TEST(RequestLineTest, TargetIsChecked) {
  RequestLine line;
  for (const char* text : {"GET a HTTP/1.1", "GET * HTTP/1.1",
                           "GET /#f HTTP/1.1", "CONNECT / HTTP/1.1"}) {
    EXPECT_EQ(ParseRequestLine(text, line), ParseError::kBadTarget) << text;
  }
}

TEST(StatusLineTest, HasVersionStatusAndReason) {
  StatusLine line;
  ASSERT_EQ(ParseStatusLine("HTTP/1.1 404 Not  Found ", line),
            ParseError::kNone);
  EXPECT_EQ(line.status, 404);
  EXPECT_EQ(line.reason, "Not  Found ");
  ASSERT_EQ(ParseStatusLine("HTTP/1.0 200 OK", line), ParseError::kNone);
  EXPECT_EQ(line.version, HttpVersion::kHttp10);
}

TEST(StatusLineTest, ReasonMayBeEmptyOrMissing) {
  for (const char* text : {"HTTP/1.1 200", "HTTP/1.1 200 "}) {
    StatusLine line;
    ASSERT_EQ(ParseStatusLine(text, line), ParseError::kNone) << text;
    EXPECT_EQ(line.status, 200);
    EXPECT_EQ(line.reason, "");
  }
}

TEST(StatusLineTest, StatusHasThreeDigitsInRange) {
  for (const char* status :
       {"", "2", "20", "2000", "099", "000", "600", "999", "+20", "-20", "2x0",
        "200OK", "\xd9\xa2\xd9\xa0", "20 0", "200\tOK"}) {
    StatusLine line;
    EXPECT_EQ(ParseStatusLine(std::string("HTTP/1.1 ") + status, line),
              ParseError::kBadStatus)
        << status;
  }
}

TEST(StatusLineTest, MalformedLinesAreRefused) {
  for (const char* text :
       {"", "HTTP", "HTTP/1.1", "HTTP/1.1200 OK", "http/1.1 200 OK",
        "HTTP/1.11 200 OK", "HTTP/1 200 OK", "ICY 200 OK", " HTTP/1.1 200",
        "HTTP/1.1\t200 OK"}) {
    StatusLine line;
    EXPECT_EQ(ParseStatusLine(text, line), ParseError::kBadStartLine) << text;
  }
  StatusLine line;
  EXPECT_EQ(ParseStatusLine("HTTP/1.1  200 OK", line), ParseError::kBadStatus);
  EXPECT_EQ(ParseStatusLine("HTTP/2.0 200 OK", line),
            ParseError::kUnsupportedVersion);
}

}  // namespace
}  // namespace rproxy
