#include "rproxy/core/proxy/stream_fuzz_proxy.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

constexpr absl::string_view kRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(StreamFuzzProxyTest, ForwardsARequestAndItsResponse) {
  StreamFuzzProxy proxy;
  StreamFuzzProxy::Client client(proxy);
  EXPECT_TRUE(client.Send(kRequest));
  proxy.Run();
  ASSERT_EQ(proxy.backends().size(), 1u);
  EXPECT_EQ(proxy.backends()[0]->received, kRequest);
  proxy.backends()[0]->Send(MakeResponse(200, "hello"));
  proxy.Run();
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(absl::EndsWith(client.received(), "\r\n\r\nhello"));
  EXPECT_FALSE(client.ended());
}

TEST(StreamFuzzProxyTest, DialsAgainWhenTheBackendHasClosed) {
  StreamFuzzProxy proxy;
  ASSERT_EQ(proxy.backends().size(), 1u);
  proxy.backends()[0]->Close();
  proxy.Run();
  EXPECT_EQ(proxy.backends().size(), 2u);
}

TEST(StreamFuzzProxyTest, AClientThatEndsItsSideIsLetGo) {
  StreamFuzzProxy proxy;
  StreamFuzzProxy::Client client(proxy);
  client.EndSending();
  proxy.Run();
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(proxy.sessions(), 0u);
}

}  // namespace
}  // namespace rproxy::test
