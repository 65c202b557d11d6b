#include "rproxy/core/http/body_reader.h"

#include "gtest/gtest.h"

namespace rproxy {
namespace {

using Kind = BodyFraming::Kind;

TEST(BodyReaderTest, NoBodyTakesNothing) {
  const HttpPolicy policy;
  for (const Kind kind : {Kind::kNone, Kind::kTunnel}) {
    BodyReader body;
    body.Start({.kind = kind}, policy);
    EXPECT_TRUE(body.done());
    EXPECT_EQ(body.Read("abc").consumed, 0U);
  }
}

TEST(BodyReaderTest, ContentLengthTakesSoMuch) {
  const HttpPolicy policy;
  BodyReader body;
  body.Start({.kind = Kind::kContentLength, .length = 5}, policy);
  EXPECT_EQ(body.Read("abc").data, "abc");
  EXPECT_FALSE(body.done());
  const ChunkedDecoder::Step step = body.Read("defg");
  EXPECT_EQ(step.data, "de");
  EXPECT_EQ(step.consumed, 2U);
  EXPECT_TRUE(body.done());
  EXPECT_EQ(body.TakeTrailers(), nullptr);
}

TEST(BodyReaderTest, UntilCloseTakesAll) {
  const HttpPolicy policy;
  BodyReader body;
  body.Start({.kind = Kind::kUntilClose}, policy);
  EXPECT_TRUE(body.ends_at_close());
  EXPECT_EQ(body.Read("abc").data, "abc");
  EXPECT_FALSE(body.done());
}

TEST(BodyReaderTest, TrailersAreTakenOnce) {
  const HttpPolicy policy;
  BodyReader body;
  body.Start({.kind = Kind::kChunked}, policy);
  EXPECT_EQ(body.TakeTrailers(), nullptr);
  EXPECT_EQ(body.Read("0\r\nA: b\r\n\r\n").consumed, 11U);
  ASSERT_TRUE(body.done());
  ASSERT_NE(body.TakeTrailers(), nullptr);
  EXPECT_EQ(body.TakeTrailers(), nullptr);
  body.Reset();
  EXPECT_TRUE(body.done());
}

}  // namespace
}  // namespace rproxy
