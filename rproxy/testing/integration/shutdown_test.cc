// A proxy that stops finishes what runs, and one that is destroyed leaves
// nothing behind, in whatever state it was.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/integration/proxy_fixture.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

TEST(ShutdownTest, DrainingWithoutClientsIsDoneAtOnce) {
  Gate drained;
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  proxy.Drain(drained);
  EXPECT_TRUE(drained.Wait());
  EXPECT_FALSE(RawClient::TryConnect(proxy.endpoint()).has_value());
}

TEST(ShutdownTest, IdleClientsAreClosed) {
  Gate drained;
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient unused(proxy.endpoint());
  RawClient used(proxy.endpoint());
  EXPECT_EQ(used.Exchange(MakeRequest("GET", "/")).status, 200);
  ASSERT_TRUE(proxy.WaitForSessions(2));
  proxy.Drain(drained);
  EXPECT_TRUE(unused.ReadsEndOnly());
  EXPECT_TRUE(used.ReadsEndOnly());
  EXPECT_EQ(used.end(), SocketResult::kEndOfStream);
  EXPECT_TRUE(drained.Wait());
}

TEST(ShutdownTest, RunningRequestIsFinished) {
  Gate go_on, drained;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(MakeResponse(200, "finished"));
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(backend.WaitForRequests(1));
  proxy.Drain(drained);
  EXPECT_FALSE(drained.open());
  go_on.Open();
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.body, "finished");
  EXPECT_EQ(response.head.Only("connection"), "close");
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(drained.Wait());
}

TEST(ShutdownTest, RunningResponseIsFinished) {
  Gate go_on, drained;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    connection.WaitFor(go_on);
    connection.Send("world");
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/"));
  EXPECT_TRUE(client.ReadUntil("hello").ends_with("hello"));
  proxy.Drain(drained);
  go_on.Open();
  EXPECT_EQ(client.ReadToEnd(), "world");
  EXPECT_EQ(client.end(), SocketResult::kEndOfStream);
  EXPECT_TRUE(drained.Wait());
}

TEST(ShutdownTest, RunningUploadIsFinished) {
  Gate drained;
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  ASSERT_TRUE(backend.WaitForHeads(1));
  proxy.Drain(drained);
  client.Send("world");
  EXPECT_EQ(client.ReadResponse().body, "POST /\n");
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(drained.Wait());
  EXPECT_EQ(backend.requests()[0].body, "helloworld");
}

TEST(ShutdownTest, WaitingRequestIsServed) {
  Gate go_on, drained;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(MakeResponse(200, "first"));
  });
  ProxyFixture proxy({&backend});
  RawClient first(proxy.endpoint());
  first.Send(MakeRequest("GET", "/1"));
  ASSERT_TRUE(backend.WaitForRequests(1));
  RawClient second(proxy.endpoint());
  second.Send(MakeRequest("GET", "/2"));
  ASSERT_TRUE(proxy.WaitForPending(1));
  proxy.Drain(drained);
  go_on.Open();
  EXPECT_EQ(first.ReadResponse().body, "first");
  EXPECT_EQ(second.ReadResponse().body, "GET /2\n");
  EXPECT_TRUE(drained.Wait());
}

TEST(ShutdownTest, HalfAHeadIsFinished) {
  Gate drained;
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send("GET / HTTP/1.1\r\nHo");
  // The proxy has read it: it has served somebody who came later.
  RawClient other(proxy.endpoint());
  EXPECT_EQ(other.Exchange(MakeRequest("GET", "/")).status, 200);
  proxy.Drain(drained);
  client.Send("st: a\r\n\r\n");
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.head.Only("connection"), "close");
  EXPECT_TRUE(drained.Wait());
}

TEST(ShutdownTest, PipelinedRequestsAfterTheRunningOneAreLeft) {
  Gate go_on, drained;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(MakeResponse(200, "first"));
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(MakeRequest("GET", "/1"), MakeRequest("GET", "/2")));
  ASSERT_TRUE(backend.WaitForRequests(1));
  proxy.Drain(drained);
  go_on.Open();
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.body, "first");
  EXPECT_EQ(response.head.Only("connection"), "close");
  EXPECT_TRUE(client.ReadsEndOnly());
  client.Close();
  EXPECT_TRUE(drained.Wait());
  EXPECT_EQ(backend.requests().size(), 1u);
}

// Every state that a session, a stream or a waiter can be in, at once.
TEST(ShutdownTest, DestructionInTheMiddleOfEverythingIsClean) {
  Gate never;
  const std::string body = MakePattern(16 << 20);
  FakeBackend backend;
  std::vector<RawClient> clients;
  {
    ProxyOptions options;
    options.backend.connections = 4;
    ProxyFixture proxy({&backend}, std::move(options));
    const auto add = [&](absl::string_view bytes) {
      clients.emplace_back(proxy.endpoint());
      clients.back().Send(bytes);
    };
    add("");
    add("GET / HTTP/1.1\r\nHo");
    backend.ScriptNextRequest(
        [&](BackendConnection& connection) { connection.WaitFor(never); });
    add(MakeRequest("GET", "/no-answer-yet"));
    ASSERT_TRUE(backend.WaitForHeads(1));
    backend.ScriptNextRequest([&](BackendConnection& connection) {
      connection.Send("HTTP/1.1 200 OK\r\n\r\n");
      connection.Send(body);
      connection.WaitFor(never);
    });
    add(MakeRequest("GET", "/half-a-response"));
    ASSERT_TRUE(backend.WaitForHeads(2));
    backend.ScriptNextRequest(
        [&](BackendConnection& connection) { connection.WaitFor(never); });
    add("POST /half-a-request HTTP/1.1\r\nHost: a\r\n"
        "Content-Length: 10\r\n\r\nhello");
    ASSERT_TRUE(backend.WaitForHeads(3));
    backend.ScriptNextRequest([&](BackendConnection& connection) {
      connection.Send(MakeResponse(200, "early"));
      connection.WaitFor(never);
    });
    add("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
    EXPECT_EQ(clients.back().ReadResponse().body, "early");
    for (int i = 0; i < 3; ++i) {
      backend.ScriptNextRequest(
          [&](BackendConnection& connection) { connection.WaitFor(never); });
      add(MakeRequest("GET", "/more"));
    }
    ASSERT_TRUE(proxy.WaitForPending(2));
    EXPECT_EQ(proxy.sessions(), 9u);
  }
  for (RawClient& client : clients) client.ReadToEnd();
}

TEST(ShutdownTest, ManyProxiesComeAndGo) {
  FakeBackend backend;
  for (int i = 0; i < 20; ++i) {
    ProxyFixture proxy({&backend});
    RawClient client(proxy.endpoint());
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
  }
  EXPECT_TRUE(backend.WaitForOpen(0));
}

}  // namespace
}  // namespace rproxy::test
