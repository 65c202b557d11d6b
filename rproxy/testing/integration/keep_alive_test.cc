// Connections live as long as both sides want, and what concerns one of them
// stays on it.

#include <string>
#include <vector>

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

TEST(KeepAliveTest, ConnectionsAreOpenedAtTheStartAndKept) {
  FakeBackend backend;
  ProxyOptions options;
  options.backend.connections = 4;
  ProxyFixture proxy({&backend}, std::move(options));
  ASSERT_TRUE(backend.WaitForConnections(4));
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
  }
  EXPECT_TRUE(proxy.WaitForIdle(4));
  EXPECT_EQ(backend.accepted(), 4u);
  EXPECT_EQ(backend.open(), 4u);
}

TEST(KeepAliveTest, ManyRequestsUseOneConnectionEach) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 500; ++i) {
    const std::string target = absl::StrCat("/", i);
    const RawResponse response = client.Exchange(MakeRequest("GET", target));
    ASSERT_EQ(response.body, absl::StrCat("GET ", target, "\n"));
    ASSERT_FALSE(response.head.Has("connection"));
  }
  EXPECT_EQ(backend.accepted(), 1u);
  EXPECT_EQ(proxy.sessions(), 1u);
}

TEST(KeepAliveTest, ClientsWishToCloseIsItsOwn) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  for (const absl::string_view value :
       {"close", "Close", "CLOSE", "x, close", "close , x"}) {
    RawClient client(proxy.endpoint());
    const RawResponse response = client.Exchange(
        MakeRequest("GET", "/", absl::StrCat("Connection: ", value, "\r\n")));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.head.Only("connection"), "close") << value;
    EXPECT_TRUE(client.ReadsEndOnly()) << value;
    EXPECT_EQ(client.end(), SocketResult::kEndOfStream) << value;
  }
  for (const ReceivedRequest& request : backend.requests()) {
    EXPECT_FALSE(request.head.Has("connection"));
  }
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_EQ(backend.accepted(), 1u);
}

TEST(KeepAliveTest, Http10ClosesUnlessAsked) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  const std::string kept =
      "GET /1 HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n";
  EXPECT_EQ(client.Exchange(kept).body, "GET /1\n");
  EXPECT_EQ(client.Exchange("GET /2 HTTP/1.0\r\nHost: a\r\n\r\n").body,
            "GET /2\n");
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST(KeepAliveTest, BackendsWishToCloseIsItsOwn) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(200, "last", "Connection: close\r\n"));
    connection.ReadToEnd();  // The proxy need not wait for our end.
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/1"));
  EXPECT_EQ(response.body, "last");
  EXPECT_FALSE(response.head.Has("connection"));
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
  EXPECT_EQ(backend.accepted(), 2u);
}

TEST(KeepAliveTest, HopByHopFieldsStayBehind) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(
        200, "ok",
        "Connection: keep-alive, X-Backend-Hop\r\nKeep-Alive: timeout=5\r\n"
        "X-Backend-Hop: 1\r\nProxy-Connection: close\r\nUpgrade: h2c\r\n"
        "X-Backend-End: 2\r\n"));
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(MakeRequest(
      "GET", "/",
      "Connection: keep-alive, X-Hop , TE\r\nX-Hop: 1\r\nKeep-Alive: 300\r\n"
      "TE: trailers\r\nProxy-Connection: keep-alive\r\nUpgrade: websocket\r\n"
      "Trailer: Sum\r\nX-End: 2\r\n"));
  const WireHead request = backend.requests()[0].head;
  // TE: trailers is said anew, for our connection: RFC 9110 section 10.1.4.
  EXPECT_EQ(request.fields, (std::vector<WireField>{{"Host", "example.test"},
                                                    {"X-End", "2"},
                                                    {"TE", "trailers"},
                                                    {"Connection", "TE"}}));
  for (const absl::string_view name :
       {"connection", "keep-alive", "x-backend-hop", "proxy-connection",
        "upgrade"}) {
    EXPECT_FALSE(response.head.Has(name)) << name;
  }
  EXPECT_EQ(response.head.Only("x-backend-end"), "2");
}

TEST(KeepAliveTest, ConnectionCannotRemoveWhatTheBackendNeeds) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client
                .Exchange(MakeRequest(
                    "POST", "/",
                    "Connection: Host, Content-Length, Authorization, Cookie, "
                    "X-Forwarded-For\r\n"
                    "Authorization: Basic a\r\nCookie: b=c\r\n"
                    "X-Forwarded-For: 192.0.2.1\r\n",
                    "body"))
                .status,
            200);
  const ReceivedRequest request = backend.requests()[0];
  EXPECT_EQ(request.head.Only("host"), "example.test");
  EXPECT_EQ(request.head.Only("authorization"), "Basic a");
  EXPECT_EQ(request.head.Only("cookie"), "b=c");
  EXPECT_EQ(request.head.Only("x-forwarded-for"), "192.0.2.1");
  EXPECT_EQ(request.body, "body");
}

TEST(KeepAliveTest, IdleClientsAreClosed) {
  FakeBackend backend;
  ProxyOptions options;
  options.server.keep_alive_max = absl::Milliseconds(50);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_EQ(client.end(), SocketResult::kEndOfStream);
  EXPECT_TRUE(proxy.WaitForSessions(0));
}

TEST(KeepAliveTest, SlowHeadIsAnswered408) {
  FakeBackend backend;
  ProxyOptions options;
  options.server.head_time_max = absl::Milliseconds(50);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send("GET / HTTP/1.1\r\nHost: a");
  EXPECT_EQ(client.ReadResponse().status, 408);
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST(KeepAliveTest, StalledBodyIsAnswered408) {
  FakeBackend backend;
  backend.ScriptNextRequest(
      [](BackendConnection& connection) { connection.ReadToEnd(); });
  ProxyOptions options;
  options.server.body_idle_max = absl::Milliseconds(50);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_EQ(client.ReadResponse().status, 408);
  EXPECT_TRUE(client.ReadsEndOnly());
  // The backend connection has half a request on it.
  EXPECT_TRUE(proxy.WaitForIdle(1));
  EXPECT_TRUE(backend.WaitForConnections(2));
}

TEST(KeepAliveTest, HalfClosedClientGetsItsAnswer) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("POST", "/", "", "body"));
  client.HalfClose();
  EXPECT_EQ(client.ReadResponse().body, "POST /\n");
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_EQ(backend.accepted(), 1u);
}

TEST(KeepAliveTest, ClientThatEndsInTheMiddleOfARequestIsForgotten) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  {
    RawClient in_head(proxy.endpoint());
    in_head.Send("GET / HT");
    in_head.HalfClose();
    EXPECT_TRUE(in_head.ReadsEndOnly());
    RawClient in_body(proxy.endpoint());
    in_body.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
    ASSERT_TRUE(backend.WaitForHeads(1));
    in_body.HalfClose();
    EXPECT_TRUE(in_body.ReadsEndOnly());
  }
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_TRUE(proxy.WaitForIdle(1));
  // The half request must not be taken for a whole one, nor continued.
  RawClient next(proxy.endpoint());
  EXPECT_EQ(next.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
  EXPECT_FALSE(backend.requests()[0].complete);
  EXPECT_EQ(backend.accepted(), 2u);
}

TEST(KeepAliveTest, AbortedClientFreesItsBackendConnection) {
  FakeBackend backend;
  backend.ScriptNextRequest(
      [](BackendConnection& connection) { connection.ReadToEnd(); });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(backend.WaitForRequests(1));
  client.Reset();
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_TRUE(proxy.WaitForIdle(1));
  EXPECT_TRUE(backend.WaitForConnections(2));
}

TEST(KeepAliveTest, ConnectionsThatBackendsCloseAreOpenedAgain) {
  FakeBackend backend;
  ProxyOptions options;
  options.backend.connections = 3;
  ProxyFixture proxy({&backend}, std::move(options));
  ASSERT_TRUE(backend.WaitForConnections(3));
  backend.CloseConnections();
  ASSERT_TRUE(backend.WaitForConnections(6));
  EXPECT_TRUE(proxy.WaitForIdle(3));
  backend.ResetConnections();
  ASSERT_TRUE(backend.WaitForConnections(9));
  EXPECT_TRUE(proxy.WaitForIdle(3));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
}

TEST(KeepAliveTest, NothingIsLeftOfManyClients) {
  FakeBackend backend;
  ProxyOptions options;
  options.backend.connections = 8;
  ProxyFixture proxy({&backend}, std::move(options));
  for (int round = 0; round < 5; ++round) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 50; ++i) clients.emplace_back(proxy.endpoint());
    for (RawClient& client : clients) client.Send(MakeRequest("GET", "/"));
    for (RawClient& client : clients) {
      EXPECT_EQ(client.ReadResponse().status, 200);
    }
  }
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_TRUE(proxy.WaitForIdle(8));
  EXPECT_EQ(backend.open(), 8u);
  EXPECT_EQ(backend.accepted(), 8u);
}

}  // namespace
}  // namespace rproxy::test
