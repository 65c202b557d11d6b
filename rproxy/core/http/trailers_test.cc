#include "rproxy/core/http/trailers.h"

#include "gtest/gtest.h"

namespace rproxy {
namespace {

bool Allowed(absl::string_view name) {
  return IsAllowedInTrailers(FieldIdOf(name), name);
}

TEST(TrailersTest, FieldsThatSteerAMessageAreForbidden) {
  for (const char* name : {"Content-Length",
                           "Transfer-Encoding",
                           "Host",
                           "Trailer",
                           "TE",
                           "Connection",
                           "Upgrade",
                           "Authorization",
                           "Proxy-Authorization",
                           "WWW-Authenticate",
                           "Cookie",
                           "Set-Cookie",
                           "Content-Type",
                           "CONTENT-ENCODING",
                           "Content-Range",
                           "Range",
                           "If-Match",
                           "If-Modified-Since",
                           "Cache-Control",
                           "Max-Forwards",
                           "Expect",
                           "Location",
                           "Vary",
                           "Date",
                           "Retry-After",
                           "X-Forwarded-For",
                           "X-Forwarded-Proto",
                           "Forwarded",
                           "X-Real-IP",
                           "X-SSL-Subject"}) {
    EXPECT_FALSE(Allowed(name)) << name;
  }
}

TEST(TrailersTest, OthersPass) {
  for (const char* name : {"ETag", "Digest", "Content-Digest", "Server-Timing",
                           "grpc-status", "X-Checksum", "Server", "Ifx"}) {
    EXPECT_TRUE(Allowed(name)) << name;
  }
}

TEST(TrailersTest, AllowedFieldsAreKeptInOrder) {
  HeaderMap trailers;
  trailers.Add("Old", "gone");
  ParseTrailers("B:  2\t\r\nHost: evil\r\nA:\r\nb:3\r\n\r\n", 4, trailers);
  EXPECT_EQ(trailers.size(), 3U);
  EXPECT_EQ(trailers.Find("B"), "2");
  EXPECT_EQ(trailers.Find("A"), "");
  EXPECT_EQ(trailers.Find(FieldId::kHost), std::nullopt);
  ParseTrailers("\r\n", 0, trailers);
  EXPECT_TRUE(trailers.empty());
}

}  // namespace
}  // namespace rproxy
