#include "rproxy/core/server/request_id.h"

#include "gtest/gtest.h"

namespace rproxy {
namespace {

TEST(RequestIdTest, TextHas32Digits) {
  EXPECT_EQ((RequestId{0x1234, 0xabcdef}.ToString()),
            "00000000000012340000000000abcdef");
  EXPECT_EQ((RequestId{UINT64_MAX, UINT64_MAX}.ToString()),
            "ffffffffffffffffffffffffffffffff");
}

TEST(RequestIdTest, NoTwoAreAlike) {
  RequestIds one;
  RequestIds other;
  const RequestId first = one.Next();
  EXPECT_EQ(first.count + 1, one.Next().count);
  EXPECT_NE(first.server, other.Next().server);
}

}  // namespace
}  // namespace rproxy
