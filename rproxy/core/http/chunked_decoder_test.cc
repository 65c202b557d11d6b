#include "rproxy/core/http/chunked_decoder.h"

#include <string>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

using namespace std::string_literals;

struct Decoded {
  std::string body;
  std::string trailers;
  size_t consumed = 0;
  bool done = false;
  ParseError error = ParseError::kNone;

  bool operator==(const Decoded&) const = default;
};

Decoded DecodeInPieces(absl::string_view input, size_t size,
                       const HttpPolicy& policy) {
  ChunkedDecoder decoder(policy);
  Decoded result;
  while (result.consumed < input.size() && !decoder.done() &&
         result.error == ParseError::kNone) {
    const absl::string_view piece = input.substr(result.consumed, size);
    const ChunkedDecoder::Step step = decoder.Decode(piece);
    EXPECT_LE(step.consumed, piece.size());
    result.consumed += step.consumed;
    result.body.append(step.data);
    result.error = step.error;
  }
  result.done = decoder.done();
  decoder.trailers().ForEach([&](const HeaderMap::Field& field) {
    result.trailers.append(field.name);
    result.trailers.append("=");
    result.trailers.append(field.value);
    result.trailers.append(";");
  });
  return result;
}

// Checks that pieces of any one size give the same, and returns it.
Decoded Decode(const std::string& input, const HttpPolicy& policy = {}) {
  const Decoded whole = DecodeInPieces(input, input.size(), policy);
  for (size_t size = 1; size < input.size(); ++size) {
    EXPECT_EQ(DecodeInPieces(input, size, policy), whole)
        << "pieces of " << size << ": " << input;
  }
  return whole;
}

TEST(ChunkedDecoderTest, JoinsChunks) {
  const std::string coded = "5\r\nhello\r\n00A\r\n, chunked!\r\n0\r\n\r\n";
  const Decoded decoded = Decode(coded + "GET / HTTP/1.1");
  EXPECT_EQ(decoded.body, "hello, chunked!");
  EXPECT_TRUE(decoded.done);
  EXPECT_EQ(decoded.consumed, coded.size());
}

TEST(ChunkedDecoderTest, DataPointsIntoTheInput) {
  const HttpPolicy policy;
  ChunkedDecoder decoder(policy);
  const std::string input = "3\r\nabc\r\n";
  const ChunkedDecoder::Step step = decoder.Decode(input);
  EXPECT_EQ(step.data.data(), input.data() + 3);
  EXPECT_EQ(step.consumed, 6U);
}

TEST(ChunkedDecoderTest, EmptyBodyIsOneChunk) {
  const Decoded decoded = Decode("0\r\n\r\n");
  EXPECT_TRUE(decoded.done);
  EXPECT_EQ(decoded.body, "");
  EXPECT_TRUE(Decode("000\r\n\r\n").done);
}

TEST(ChunkedDecoderTest, DigitsAreOfBothCases) {
  EXPECT_EQ(Decode("a\r\n0123456789\r\n").body, "0123456789");
  EXPECT_EQ(Decode("A\r\n0123456789\r\n").body, "0123456789");
  EXPECT_EQ(Decode("1f\r\n" + std::string(31, 'x') + "\r\n").body.size(), 31U);
}

TEST(ChunkedDecoderTest, SizesFit63Bits) {
  EXPECT_EQ(Decode("7fffffffffffffff\r\nabc").body, "abc");
  EXPECT_EQ(Decode("0007fffffffffffffff\r\nabc").body, "abc");
  for (const char* size : {"8000000000000000", "ffffffffffffffff",
                           "10000000000000002", "100000000000000000000005"}) {
    EXPECT_EQ(Decode(std::string(size) + "\r\nab\r\n").error,
              ParseError::kBadChunk)
        << size;
  }
}

TEST(ChunkedDecoderTest, SizesAreDigitsAlone) {
  for (const char* line :
       {"\r\n", "+5\r\n", "-5\r\n", " 5\r\n", "5 \r\n", "5\t\r\n", "0x5\r\n",
        "5h\r\n", ";a\r\n", "g\r\n", "5 ;a\r\n", "\"5\"\r\n", "5,5\r\n",
        "_5\r\n", "5_0\r\n", "5.0\r\n"}) {
    EXPECT_EQ(Decode(std::string(line) + "hello\r\n0\r\n\r\n").error,
              ParseError::kBadChunk)
        << line;
  }
  EXPECT_EQ(Decode("\0"s).error, ParseError::kBadChunk);
}

TEST(ChunkedDecoderTest, ExtensionsAreDropped) {
  const Decoded decoded =
      Decode("5;a\r\nhello\r\n1;a=b;c=\"d e\"\r\n!\r\n0;last\r\n\r\n");
  EXPECT_EQ(decoded.body, "hello!");
  EXPECT_TRUE(decoded.done);
}

TEST(ChunkedDecoderTest, ExtensionsHaveNoControlCharacters) {
  EXPECT_EQ(Decode("5;a\x01\r\n").error, ParseError::kBadChunk);
  EXPECT_EQ(Decode("5;a\0b\r\n"s).error, ParseError::kBadChunk);
  EXPECT_EQ(Decode("5;a\x7f\r\n").error, ParseError::kBadChunk);
}

TEST(ChunkedDecoderTest, ExtensionsAreBoundedExactly) {
  const HttpPolicy policy = {.chunk_line_bytes_max = 8};
  EXPECT_TRUE(Decode("0;234567\r\n\r\n", policy).done);
  EXPECT_EQ(Decode("0;2345678", policy).error, ParseError::kChunkLineTooLong);
  EXPECT_EQ(Decode("000000000", policy).error, ParseError::kChunkLineTooLong);
}

TEST(ChunkedDecoderTest, EachLineHasItsOwnBound) {
  const HttpPolicy policy = {.chunk_line_bytes_max = 4};
  EXPECT_EQ(Decode("1;ab\r\nx\r\n1;ab\r\ny\r\n0;ab\r\n\r\n", policy).body,
            "xy");
}

TEST(ChunkedDecoderTest, LinesEndWithCrLf) {
  for (const char* text :
       {"5\nhello", "5\rhello", "5\r\rhello", "5;a\nhello", "5;a\rhello",
        "5\r\nhello\n", "5\r\nhello\rX", "5\r\nhello\r\r\n", "0\n\n", "0\r\n\n",
        "0\r\n\rX", "0\r\nA: b\n\r\n", "0\r\nA: b\rX"}) {
    EXPECT_EQ(Decode(text).error, ParseError::kBadLineEnd) << text;
  }
}

TEST(ChunkedDecoderTest, JunkBehindDataIsRefused) {
  for (const char* text : {"5\r\nhelloX\r\n", "5\r\nhello0\r\n\r\n",
                           "3\r\nhello\r\n", "5\r\nhello \r\n"}) {
    EXPECT_EQ(Decode(text).error, ParseError::kBadChunk) << text;
  }
}

TEST(ChunkedDecoderTest, TrailersAreKept) {
  const Decoded decoded =
      Decode("1\r\nx\r\n0\r\nETag: \"a\"\r\nX-Sum:  1 \r\n\r\n");
  EXPECT_TRUE(decoded.done);
  EXPECT_EQ(decoded.trailers, "ETag=\"a\";X-Sum=1;");
}

TEST(ChunkedDecoderTest, ForbiddenTrailersAreDropped) {
  const Decoded decoded = Decode(
      "0\r\nContent-Length: 5\r\nHost: evil\r\nAuthorization: x\r\n"
      "Transfer-Encoding: chunked\r\nOk: 1\r\n\r\n");
  EXPECT_TRUE(decoded.done);
  EXPECT_EQ(decoded.trailers, "Ok=1;");
}

TEST(ChunkedDecoderTest, TrailersObeyTheRulesOfFields) {
  for (const char* fields :
       {"A : b\r\n\r\n", ": b\r\n\r\n", "A\r\n\r\n", "A: \x01\r\n\r\n",
        "A: b\r\n c\r\n\r\n", " A: b\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(Decode("0\r\n"s + fields).error, ParseError::kBadTrailer)
        << fields;
  }
}

TEST(ChunkedDecoderTest, TrailersAreBounded) {
  EXPECT_EQ(Decode("0\r\nA:\r\nB:\r\n\r\n", {.header_count_max = 1}).error,
            ParseError::kTooManyFields);
  EXPECT_EQ(
      Decode("0\r\nA: 0123456789\r\n\r\n", {.header_bytes_max = 10}).error,
      ParseError::kHeadTooLarge);
}

}  // namespace
}  // namespace rproxy
