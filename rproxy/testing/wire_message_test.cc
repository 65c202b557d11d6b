#include "rproxy/testing/wire_message.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace rproxy::test {
namespace {

WireHead RequestHeadWith(absl::string_view fields) {
  return ParseHead(absl::StrCat("POST / HTTP/1.1\r\n", fields, "\r\n"));
}

TEST(WireMessageTest, HeadEndsAtTheFirstEmptyLine) {
  EXPECT_EQ(FindHeadSize("GET / HTTP/1.1\r\n\r"), std::nullopt);
  EXPECT_EQ(FindHeadSize("GET / HTTP/1.1\r\n\r\nrest\r\n\r\n"), 18u);
}

TEST(WireMessageTest, FieldsAreFoundWithoutRegardToCase) {
  const WireHead head = RequestHeadWith("A: 1\r\nb:  2 \r\na: 3\r\n");
  EXPECT_TRUE(head.well_formed);
  EXPECT_EQ(head.start_line, "POST / HTTP/1.1");
  EXPECT_EQ(head.StartLinePart(2), "HTTP/1.1");
  EXPECT_EQ(head.All("A"), (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(head.Only("A"), "");
  EXPECT_EQ(head.Only("B"), "2");
  EXPECT_FALSE(head.Has("c"));
}

TEST(WireMessageTest, OddHeadsAreNotWellFormed) {
  for (const absl::string_view fields :
       {"A : 1\r\n", "no colon\r\n", "A: 1\r\n folded\r\n", "A: 1\nB: 2\r\n",
        "A: 1\rB: 2\r\n", "A: \x01\r\n", ": 1\r\n"}) {
    EXPECT_FALSE(RequestHeadWith(fields).well_formed) << fields;
  }
}

TEST(WireMessageTest, RequestsWithDoubtfulFramingAreMalformed) {
  for (const absl::string_view fields :
       {"Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: +1\r\n", "Content-Length: 1, 1\r\n",
        "Content-Length: 0x1\r\n", "Content-Length:\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n", "Content-Length : 1\r\n"}) {
    EXPECT_TRUE(WireBodyReader::ForRequest(RequestHeadWith(fields)).malformed())
        << fields;
  }
}

TEST(WireMessageTest, ContentLengthEndsTheBody) {
  WireBodyReader reader =
      WireBodyReader::ForRequest(RequestHeadWith("Content-Length: 5\r\n"));
  std::string body;
  EXPECT_EQ(reader.Feed("123", body), 3u);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.Feed("45GET", body), 2u);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(body, "12345");
}

TEST(WireMessageTest, ChunksAreReadInPiecesOfAnySize) {
  const std::string body = MakePattern(1000);
  const std::string wire =
      absl::StrCat(MakeChunked(body, 37, "Sum: 7\r\n"), "GET");
  for (size_t piece = 1; piece < 50; ++piece) {
    WireBodyReader reader = WireBodyReader::ForRequest(
        RequestHeadWith("Transfer-Encoding: chunked\r\n"));
    std::string got;
    size_t taken = 0;
    while (!reader.done() && !reader.malformed()) {
      taken += reader.Feed(absl::string_view(wire).substr(taken, piece), got);
    }
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(got, body);
    EXPECT_EQ(taken, wire.size() - 3);
    EXPECT_EQ(reader.trailers(), (std::vector<WireField>{{"Sum", "7"}}));
    EXPECT_EQ(reader.chunk_sizes().size(), 28u);
  }
}

TEST(WireMessageTest, BadChunksAreMalformed) {
  for (const absl::string_view wire :
       {"x\r\n", "\r\n", "-1\r\n", " 1\r\n", "1\n", "1\r\naX\r\n", "1\r\na\n",
        "0\r\nno colon\r\n", "10000000000000000\r\n"}) {
    WireBodyReader reader = WireBodyReader::ForRequest(
        RequestHeadWith("Transfer-Encoding: chunked\r\n"));
    std::string body;
    reader.Feed(wire, body);
    EXPECT_TRUE(reader.malformed()) << wire;
  }
}

TEST(WireMessageTest, ResponsesWithoutBodyEndAtTheHead) {
  const WireHead head =
      ParseHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(WireBodyReader::ForResponse(head, 200, "HEAD").done());
  EXPECT_TRUE(WireBodyReader::ForResponse(head, 304, "GET").done());
  EXPECT_TRUE(WireBodyReader::ForResponse(head, 204, "GET").done());
  EXPECT_FALSE(WireBodyReader::ForResponse(head, 200, "GET").done());
}

TEST(WireMessageTest, ResponseWithoutFramingEndsWithTheConnection) {
  WireBodyReader reader = WireBodyReader::ForResponse(
      ParseHead("HTTP/1.1 200 OK\r\n\r\n"), 200, "GET");
  std::string body;
  EXPECT_EQ(reader.Feed("abc", body), 3u);
  EXPECT_FALSE(reader.done());
  reader.FeedEnd();
  EXPECT_TRUE(reader.done());
}

TEST(WireMessageTest, PatternsOfDifferentSeedsDiffer) {
  EXPECT_EQ(MakePattern(100), MakePattern(100));
  EXPECT_NE(MakePattern(100, 1), MakePattern(100, 2));
}

}  // namespace
}  // namespace rproxy::test
