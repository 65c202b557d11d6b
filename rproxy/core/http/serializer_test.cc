#include "rproxy/core/http/serializer.h"

#include <limits>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

TEST(SerializerTest, RequestIsWrittenAsItIs) {
  RequestHead head;
  head.method = "PROPFIND";
  head.target = "/a?b";
  head.headers.Add("hOST", "a");
  head.headers.Add("X", "");
  head.headers.Add("X", "2");
  std::string out = "before";
  SerializeHead(head, out);
  EXPECT_EQ(out,
            "beforePROPFIND /a?b HTTP/1.1\r\nhOST: a\r\nX: \r\nX: 2\r\n\r\n");
}

TEST(SerializerTest, ResponseIsWrittenAsItIs) {
  ResponseHead head;
  head.status = 404;
  head.reason = "Not Found";
  head.version = HttpVersion::kHttp10;
  head.headers.Add("Content-Length", "0");
  std::string out;
  SerializeHead(head, out);
  EXPECT_EQ(out, "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

TEST(SerializerTest, EmptyReasonKeepsItsSpace) {
  ResponseHead head;
  head.status = 299;
  std::string out;
  SerializeHead(head, out);
  EXPECT_EQ(out, "HTTP/1.1 299 \r\n\r\n");
}

TEST(SerializerTest, RemovedFieldsAreNotWritten) {
  RequestHead head;
  head.method = "GET";
  head.target = "/";
  head.headers.Add("A", "1");
  head.headers.Add("B", "2");
  head.headers.Remove("A");
  std::string out;
  SerializeHead(head, out);
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nB: 2\r\n\r\n");
}

TEST(SerializerTest, ChunkSizeIsHexadecimal) {
  std::string out;
  SerializeChunkStart(1, out);
  SerializeChunkStart(0x1a2b, out);
  SerializeChunkStart(uint64_t{1} << 32, out);
  SerializeChunkStart(std::numeric_limits<uint64_t>::max(), out);
  EXPECT_EQ(out, "1\r\n1a2b\r\n100000000\r\nffffffffffffffff\r\n");
}

TEST(SerializerTest, LastChunkCarriesTrailers) {
  HeaderMap trailers;
  std::string out;
  SerializeLastChunk(trailers, out);
  EXPECT_EQ(out, "0\r\n\r\n");
  trailers.Add("A", "b");
  out.clear();
  SerializeLastChunk(trailers, out);
  EXPECT_EQ(out, "0\r\nA: b\r\n\r\n");
}

#ifndef NDEBUG
TEST(SerializerDeathTest, TextThatEndsALineEarlyIsABug) {
  ResponseHead head;
  head.status = 200;
  head.headers.Add("A", "b\r\nSet-Cookie: c");
  std::string out;
  EXPECT_DEATH(SerializeHead(head, out), "not a value");
  RequestHead request;
  request.method = "GET";
  request.target = "/ HTTP/1.1\r\nX: ";
  EXPECT_DEATH(SerializeHead(request, out), "");
}
#endif

}  // namespace
}  // namespace rproxy
