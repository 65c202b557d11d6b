#include "rproxy/core/http/message.h"

#include "gtest/gtest.h"

namespace rproxy {
namespace {

struct KeepAliveCase {
  HttpVersion version;
  const char* connection;  // Null: no such field.
  bool expected;
};

TEST(WantsKeepAliveTest, FollowsRfc9112) {
  constexpr KeepAliveCase kCases[] = {
      {HttpVersion::kHttp11, nullptr, true},
      {HttpVersion::kHttp11, "keep-alive", true},
      {HttpVersion::kHttp11, "close", false},
      {HttpVersion::kHttp11, "Close", false},
      {HttpVersion::kHttp11, "foo, close", false},
      {HttpVersion::kHttp11, "upgrade", true},
      {HttpVersion::kHttp10, nullptr, false},
      {HttpVersion::kHttp10, "Keep-Alive", true},
      {HttpVersion::kHttp10, "foo,keep-alive", true},
      {HttpVersion::kHttp10, "close", false},
      {HttpVersion::kHttp10, "keep-alive, close", false},
  };
  for (const KeepAliveCase& c : kCases) {
    HeaderMap headers;
    if (c.connection != nullptr) headers.Add("Connection", c.connection);
    EXPECT_EQ(WantsKeepAlive(c.version, headers), c.expected)
        << ToString(c.version) << " "
        << (c.connection == nullptr ? "-" : c.connection);
  }
}

}  // namespace
}  // namespace rproxy
