#include "rproxy/core/http/body_framing.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

using Kind = BodyFraming::Kind;
using Fields = std::vector<std::pair<const char*, const char*>>;

HeaderMap MapOf(const Fields& fields) {
  HeaderMap map;
  for (const auto& [name, value] : fields) map.Add(name, value);
  return map;
}

ParseError Frame(const Fields& fields, BodyFraming& framing,
                 HttpVersion version = HttpVersion::kHttp11) {
  RequestHead head;
  head.version = version;
  head.headers = MapOf(fields);
  return FrameRequest(head, framing);
}

ParseError FrameAnswer(int status, const Fields& fields, BodyFraming& framing,
                       absl::string_view method = "GET",
                       const HttpPolicy& policy = {}) {
  ResponseHead head;
  head.status = status;
  head.headers = MapOf(fields);
  return FrameResponse(head, method, policy, framing);
}

TEST(ContentLengthTest, IsDigitsThatFit63Bits) {
  EXPECT_EQ(ParseContentLength("0"), 0U);
  EXPECT_EQ(ParseContentLength("007"), 7U);
  EXPECT_EQ(ParseContentLength("9223372036854775807"), 9223372036854775807U);
  for (const char* text : {"", "+1", "-1", " 1", "1 ", "1,1", "0x1", "1.0",
                           "1e3", "a", "9223372036854775808",
                           "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_FALSE(ParseContentLength(text).has_value()) << text;
  }
}

TEST(RequestFramingTest, FieldsDecide) {
  BodyFraming framing;
  EXPECT_EQ(Frame({}, framing), ParseError::kNone);
  EXPECT_EQ(framing, BodyFraming());
  EXPECT_EQ(Frame({{"content-length", "12"}}, framing), ParseError::kNone);
  EXPECT_EQ(framing, (BodyFraming{Kind::kContentLength, 12}));
  EXPECT_EQ(Frame({{"Content-Length", "0"}}, framing), ParseError::kNone);
  EXPECT_EQ(framing, (BodyFraming{Kind::kContentLength, 0}));
  EXPECT_EQ(Frame({{"Transfer-Encoding", "Chunked"}}, framing),
            ParseError::kNone);
  EXPECT_EQ(framing, (BodyFraming{Kind::kChunked, 0}));
}

struct RefusedCase {
  Fields fields;
  ParseError error;
};

const RefusedCase kRefused[] = {
    {{{"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}},
     ParseError::kContentLengthAndTransferEncoding},
    {{{"Transfer-Encoding", "gzip"}, {"Content-Length", "1"}},
     ParseError::kContentLengthAndTransferEncoding},
    {{{"Content-Length", "1"}, {"Content-Length", "2"}},
     ParseError::kBadContentLength},
    {{{"Content-Length", "1"}, {"content-length", "1"}},
     ParseError::kBadContentLength},
    {{{"Content-Length", "1, 1"}}, ParseError::kBadContentLength},
    {{{"Content-Length", ""}}, ParseError::kBadContentLength},
    {{{"Content-Length", "+1"}}, ParseError::kBadContentLength},
    {{{"Content-Length", "1 1"}}, ParseError::kBadContentLength},
    {{{"Transfer-Encoding", "gzip"}}, ParseError::kUnknownTransferCoding},
    {{{"Transfer-Encoding", "gzip, chunked"}},
     ParseError::kUnknownTransferCoding},
    {{{"Transfer-Encoding", "identity"}}, ParseError::kUnknownTransferCoding},
    {{{"Transfer-Encoding", "xchunked"}}, ParseError::kUnknownTransferCoding},
    {{{"Transfer-Encoding", ""}}, ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", ","}}, ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", ", chunked"}}, ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "chunked,"}}, ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "chunked, chunked"}},
     ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
     ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "chunked, gzip"}},
     ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}},
     ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "chunked;q=1"}}, ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "\"chunked\""}}, ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "chu nked"}}, ParseError::kBadTransferEncoding},
    {{{"Transfer-Encoding", "\vchunked"}}, ParseError::kBadTransferEncoding},
};

TEST(RequestFramingTest, AmbiguityIsRefused) {
  for (const RefusedCase& c : kRefused) {
    BodyFraming framing;
    EXPECT_EQ(Frame(c.fields, framing), c.error)
        << c.fields[0].first << ": " << c.fields[0].second;
  }
}

TEST(ResponseFramingTest, AmbiguityIsRefusedWhateverTheStatus) {
  for (const RefusedCase& c : kRefused) {
    for (const int status : {101, 103, 200, 204, 304}) {
      BodyFraming framing;
      EXPECT_EQ(FrameAnswer(status, c.fields, framing), c.error)
          << status << " " << c.fields[0].first << ": " << c.fields[0].second;
      EXPECT_EQ(FrameAnswer(status, c.fields, framing, "HEAD"), c.error);
    }
  }
}

TEST(RequestFramingTest, OldVersionHasNoTransferEncoding) {
  BodyFraming framing;
  EXPECT_EQ(
      Frame({{"Transfer-Encoding", "chunked"}}, framing, HttpVersion::kHttp10),
      ParseError::kBadTransferEncoding);
  EXPECT_EQ(Frame({{"Content-Length", "3"}}, framing, HttpVersion::kHttp10),
            ParseError::kNone);
  EXPECT_EQ(framing, (BodyFraming{Kind::kContentLength, 3}));
}

TEST(ResponseFramingTest, FieldsDecideAndTheirAbsenceMeansUntilClose) {
  BodyFraming framing;
  EXPECT_EQ(FrameAnswer(200, {}, framing), ParseError::kNone);
  EXPECT_EQ(framing.kind, Kind::kUntilClose);
  EXPECT_EQ(FrameAnswer(404, {{"Content-Length", "5"}}, framing),
            ParseError::kNone);
  EXPECT_EQ(framing, (BodyFraming{Kind::kContentLength, 5}));
  EXPECT_EQ(FrameAnswer(500, {{"Transfer-Encoding", "chunked"}}, framing),
            ParseError::kNone);
  EXPECT_EQ(framing.kind, Kind::kChunked);
  EXPECT_EQ(FrameAnswer(205, {{"Content-Length", "0"}}, framing),
            ParseError::kNone);
  EXPECT_EQ(framing, (BodyFraming{Kind::kContentLength, 0}));
}

TEST(ResponseFramingTest, SomeResponsesHaveNoBodyWhateverTheySay) {
  const Fields kSayings[] = {
      {}, {{"Content-Length", "5"}}, {{"Transfer-Encoding", "chunked"}}};
  for (const Fields& fields : kSayings) {
    BodyFraming framing;
    for (const int status : {100, 103, 204, 304}) {
      EXPECT_EQ(FrameAnswer(status, fields, framing), ParseError::kNone);
      EXPECT_EQ(framing, BodyFraming()) << status;
    }
    EXPECT_EQ(FrameAnswer(200, fields, framing, "HEAD"), ParseError::kNone);
    EXPECT_EQ(framing, BodyFraming());
    EXPECT_EQ(FrameAnswer(101, fields, framing), ParseError::kNone);
    EXPECT_EQ(framing, BodyFraming{Kind::kTunnel});
    for (const int status : {200, 204, 299}) {
      EXPECT_EQ(FrameAnswer(status, fields, framing, "CONNECT"),
                ParseError::kNone);
      EXPECT_EQ(framing, BodyFraming{Kind::kTunnel}) << status;
    }
  }
}

TEST(ResponseFramingTest, RefusedConnectHasABody) {
  BodyFraming framing;
  EXPECT_EQ(FrameAnswer(405, {{"Content-Length", "5"}}, framing, "CONNECT"),
            ParseError::kNone);
  EXPECT_EQ(framing, (BodyFraming{Kind::kContentLength, 5}));
}

TEST(ResponseFramingTest, MethodsAreCaseSensitive) {
  BodyFraming framing;
  EXPECT_EQ(FrameAnswer(200, {}, framing, "head"), ParseError::kNone);
  EXPECT_EQ(framing.kind, Kind::kUntilClose);
}

TEST(ResponseFramingTest, EqualLengthsCountOnceIfAllowed) {
  const HttpPolicy lenient = {.allow_repeated_equal_content_length = true};
  const Fields kEqual[] = {
      {{"Content-Length", "5"}},
      {{"Content-Length", "5, 5"}},
      {{"Content-Length", "5"}, {"Content-Length", "5"}},
      {{"Content-Length", "5 ,5"}, {"Content-Length", "05"}}};
  for (const Fields& fields : kEqual) {
    BodyFraming framing;
    EXPECT_EQ(FrameAnswer(200, fields, framing, "GET", lenient),
              ParseError::kNone);
    EXPECT_EQ(framing, (BodyFraming{Kind::kContentLength, 5}));
  }
  const Fields kUnequal[] = {{{"Content-Length", "5, 6"}},
                             {{"Content-Length", "5"}, {"Content-Length", "6"}},
                             {{"Content-Length", "5,"}},
                             {{"Content-Length", ",5"}},
                             {{"Content-Length", "5"}, {"Content-Length", ""}},
                             {{"Content-Length", "5 5"}}};
  for (const Fields& fields : kUnequal) {
    BodyFraming framing;
    EXPECT_EQ(FrameAnswer(200, fields, framing, "GET", lenient),
              ParseError::kBadContentLength);
  }
}

}  // namespace
}  // namespace rproxy
