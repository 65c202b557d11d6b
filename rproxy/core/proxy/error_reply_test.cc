#include "rproxy/core/proxy/error_reply.h"

#include "gtest/gtest.h"
#include "rproxy/core/http/header_map.h"
#include "rproxy/core/proxy/fake_exchange.h"

namespace rproxy {
namespace {

TEST(ErrorReplyTest, BodyNamesTheStatus) {
  FakeExchange exchange("GET", "/");
  SendErrorReply(exchange, 502, HeaderMap());
  EXPECT_TRUE(exchange.finished());
  EXPECT_EQ(exchange.response().status, 502);
  EXPECT_EQ(exchange.response().reason, "Bad Gateway");
  EXPECT_EQ(exchange.response().headers.Find("Content-Type"),
            "text/plain; charset=utf-8");
  EXPECT_EQ(exchange.response_framing(),
            (BodyFraming{BodyFraming::Kind::kContentLength, 16}));
  EXPECT_EQ(exchange.response_body(), "502 Bad Gateway\n");
}

TEST(ErrorReplyTest, ExtraFieldsAreSent) {
  FakeExchange exchange("GET", "/");
  HeaderMap extra;
  extra.Add("Retry-After", "7");
  SendErrorReply(exchange, 503, extra);
  EXPECT_EQ(exchange.response().headers.Find(FieldId::kRetryAfter), "7");
  EXPECT_EQ(exchange.response_body(), "503 Service Unavailable\n");
}

}  // namespace
}  // namespace rproxy
