// After a backend's 101 the connection is no longer HTTP: bytes flow both ways
// until an end. Before it, nothing is a tunnel.

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/integration/proxy_fixture.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

constexpr absl::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Accept: abc\r\n\r\n";

std::string UpgradeRequest(absl::string_view protocol = "websocket") {
  return MakeRequest("GET", "/chat",
                     absl::StrCat("Connection: Upgrade\r\nUpgrade: ", protocol,
                                  "\r\nSec-WebSocket-Key: xyz\r\n"));
}

TEST(TunnelTest, BytesFlowBothWaysAfterThe101) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(kSwitching);
    EXPECT_EQ(connection.ReadRaw(4), "ping");
    connection.Send("pong");
    EXPECT_EQ(connection.ReadRaw(4), "GET ");
    connection.Send("HTTP/1.1 ");
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest());
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 101);
  EXPECT_EQ(response.head.Only("upgrade"), "websocket");
  EXPECT_EQ(absl::AsciiStrToLower(response.head.Only("connection")), "upgrade");
  EXPECT_EQ(response.head.Only("sec-websocket-accept"), "abc");
  EXPECT_FALSE(response.head.Has("transfer-encoding"));
  EXPECT_FALSE(response.head.Has("content-length"));
  client.Send("ping");
  EXPECT_EQ(client.ReadExactly(4), "pong");
  // Nobody looks at the bytes any more.
  client.Send("GET ");
  EXPECT_EQ(client.ReadExactly(9), "HTTP/1.1 ");

  const WireHead request = backend.requests()[0].head;
  EXPECT_EQ(request.Only("upgrade"), "websocket");
  EXPECT_EQ(absl::AsciiStrToLower(request.Only("connection")), "upgrade");
  EXPECT_EQ(request.Only("sec-websocket-key"), "xyz");
}

TEST(TunnelTest, BytesSentTogetherWithThe101Arrive) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(absl::StrCat(kSwitching, "at once"));
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest());
  EXPECT_EQ(client.ReadResponse().status, 101);
  EXPECT_EQ(client.ReadExactly(7), "at once");
}

TEST(TunnelTest, EarlyBytesWaitForThe101) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(kSwitching);
    EXPECT_EQ(connection.ReadRaw(5), "early");
    connection.Send("got it");
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(UpgradeRequest(), "early"));
  ASSERT_TRUE(backend.WaitForHeads(1));
  // The backend has the request and nothing of what follows it.
  EXPECT_TRUE(backend.connection(0).received.ends_with("\r\n\r\n"));
  go_on.Open();
  EXPECT_EQ(client.ReadResponse().status, 101);
  EXPECT_EQ(client.ReadExactly(6), "got it");
}

// What looks like a tunnel to the client must not carry a request past us.
TEST(TunnelTest, RefusedUpgradeLeavesHttp) {
  for (const int status : {200, 400, 426}) {
    FakeBackend backend;
    backend.ScriptNextRequest([=](BackendConnection& connection) {
      connection.Send(MakeResponse(status, "no", "Upgrade: websocket\r\n"));
    });
    ProxyFixture proxy({&backend});
    RawClient client(proxy.endpoint());
    client.Send(absl::StrCat(UpgradeRequest(), MakeRequest("GET", "/next")));
    const RawResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, "no");
    EXPECT_EQ(client.ReadResponse().body, "GET /next\n");
    ASSERT_EQ(backend.requests().size(), 2u);
    EXPECT_EQ(backend.requests()[1].target, "/next");
  }
}

TEST(TunnelTest, RefusedUpgradeLeavesStrictParsing) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(200, "no"));
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(UpgradeRequest(), "\x81\x05hello\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse().body, "no");
  EXPECT_EQ(client.ReadResponse().status, 400);
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_EQ(backend.requests().size(), 1u);
}

TEST(TunnelTest, OnlyWebSocketIsUpgradedTo) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(UpgradeRequest("h2c")).status, 200);
  EXPECT_EQ(client
                .Exchange(MakeRequest("GET", "/",
                                      "Upgrade: websocket\r\n"))  // Not named.
                .status,
            200);
  for (const ReceivedRequest& request : backend.requests()) {
    EXPECT_FALSE(request.head.Has("upgrade"));
    EXPECT_FALSE(request.head.Has("connection"));
  }
}

TEST(TunnelTest, RuleMayAllowEveryProtocol) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n"
        "Connection: upgrade\r\n\r\n");
    connection.Send(connection.ReadRaw(5));
  });
  ProxyOptions options;
  options.rule.any_upgrade = true;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest("echo"));
  EXPECT_EQ(client.ReadResponse().status, 101);
  client.Send("hello");
  EXPECT_EQ(client.ReadExactly(5), "hello");
}

TEST(TunnelTest, Http10CannotUpgrade) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client
                .Exchange("GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\n"
                          "Upgrade: websocket\r\n\r\n")
                .status,
            200);
  EXPECT_FALSE(backend.requests()[0].head.Has("upgrade"));
}

TEST(TunnelTest, BackendsEndReachesTheClient) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(absl::StrCat(kSwitching, "last words"));
    connection.Close();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest());
  EXPECT_EQ(client.ReadResponse().status, 101);
  EXPECT_EQ(client.ReadToEnd(), "last words");
  client.Close();
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

TEST(TunnelTest, ClientsEndReachesTheBackend) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(kSwitching);
    EXPECT_TRUE(connection.ReadToEnd());
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest());
  EXPECT_EQ(client.ReadResponse().status, 101);
  client.Send("last words");
  client.Close();
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_TRUE(proxy.WaitForIdle(1));
  EXPECT_TRUE(backend.WaitForConnections(2));
  EXPECT_TRUE(backend.connection(0).received.ends_with("last words"));
}

TEST(TunnelTest, ResetReachesTheOtherSide) {
  Gate ended;
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(kSwitching);
    connection.ReadRaw(1);
    connection.Reset();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest());
  EXPECT_EQ(client.ReadResponse().status, 101);
  client.Send("x");
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(proxy.WaitForIdle(1));

  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(kSwitching);
    EXPECT_TRUE(connection.ReadToEnd());
    ended.Open();
  });
  RawClient other(proxy.endpoint());
  other.Send(UpgradeRequest());
  EXPECT_EQ(other.ReadResponse().status, 101);
  other.Reset();
  EXPECT_TRUE(ended.Wait());
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

TEST(TunnelTest, TunnelConnectionServesNobodyElse) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(kSwitching);
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend});
  {
    RawClient client(proxy.endpoint());
    client.Send(UpgradeRequest());
    EXPECT_EQ(client.ReadResponse().status, 101);
    EXPECT_EQ(proxy.counts().idle, 0u);
  }
  RawClient next(proxy.endpoint());
  EXPECT_EQ(next.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
  EXPECT_EQ(backend.requests()[1].connection, 1u);
}

TEST(TunnelTest, ManyBytesArriveWholeBothWays) {
  const std::string up = MakePattern(3 << 20, 1);
  const std::string down = MakePattern(3 << 20, 2);
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(kSwitching);
    // Sends everything before it reads: the client reads meanwhile.
    connection.Send(down);
    EXPECT_TRUE(connection.ReadRaw(up.size()) == up);
    connection.Send("done");
  });
  ProxyOptions options;
  options.server.output_high_bytes = 64 * 1024;
  options.connection.output_high_bytes = 64 * 1024;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest());
  EXPECT_EQ(client.ReadResponse().status, 101);
  const size_t sent = client.SendUntilBlocked(up, absl::Milliseconds(50));
  EXPECT_TRUE(client.ReadExactly(down.size()) == down);
  client.Send(absl::string_view(up).substr(sent));
  EXPECT_EQ(client.ReadExactly(4), "done");
}

TEST(TunnelTest, IdleTunnelIsClosed) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(kSwitching);
    connection.ReadToEnd();
  });
  ProxyOptions options;
  options.server.tunnel_idle_max = absl::Milliseconds(50);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest());
  EXPECT_EQ(client.ReadResponse().status, 101);
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

TEST(TunnelTest, TunnelOutlivesTheBackendsTimeouts) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(kSwitching);
    connection.WaitFor(go_on);
    connection.Send("still here");
  });
  ProxyOptions options;
  options.connection.read_idle_max = absl::Milliseconds(20);
  options.server.body_idle_max = absl::Milliseconds(20);
  options.server.head_time_max = absl::Milliseconds(60);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send(UpgradeRequest());
  EXPECT_EQ(client.ReadResponse().status, 101);
  // A client that is dropped for its idleness shows that the time is over, for
  // it began after the tunnel.
  RawClient idle(proxy.endpoint());
  idle.ReadToEnd();
  go_on.Open();
  EXPECT_EQ(client.ReadExactly(10), "still here");
}

TEST(TunnelTest, DestructionWithATunnelIsClean) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(kSwitching);
    connection.ReadToEnd();
  });
  std::optional<RawClient> client;
  {
    ProxyFixture proxy({&backend});
    client.emplace(proxy.endpoint());
    client->Send(UpgradeRequest());
    EXPECT_EQ(client->ReadResponse().status, 101);
  }
  EXPECT_TRUE(client->ReadsEndOnly());
}

}  // namespace
}  // namespace rproxy::test
