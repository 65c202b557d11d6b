#include "rproxy/core/proxy/stream_fuzz_proxy.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/core/buffer/slice.h"
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

// A read that fills its block does not tell whether more is there.
TEST(StreamFuzzProxyTest, BytesBehindAResponseThatFillsABlockReachNobody) {
  StreamFuzzProxy proxy;
  StreamFuzzProxy::Client first(proxy);
  StreamFuzzProxy::Client waiting(proxy);
  first.Send(kRequest);
  proxy.Run();
  waiting.Send(kRequest);
  proxy.Run();
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 65000\r\n";
  const size_t rest = SlicePool::kBlockBytes - 65000 - head.size() - 4;
  const std::string response =
      absl::StrCat(head, "A:", std::string(rest - 2, 'b'), "\r\n\r\n",
                   std::string(65000, 'c'));
  ASSERT_EQ(response.size() % SlicePool::kBlockBytes, 0u);
  proxy.backends()[0]->Send(
      absl::StrCat(response, MakeResponse(200, "poison")));
  proxy.Run();
  EXPECT_FALSE(absl::StrContains(waiting.received(), "poison"));
  ASSERT_EQ(proxy.backends().size(), 2u);
  proxy.backends()[1]->Send(MakeResponse(200, "own"));
  proxy.Run();
  EXPECT_TRUE(absl::EndsWith(waiting.received(), "\r\n\r\nown"));
}

}  // namespace
}  // namespace rproxy::test
