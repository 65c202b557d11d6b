// A request that finds no idle connection waits: in order, not too long, and
// only as long as its client.

#include <optional>
#include <string>
#include <utility>
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

void ExpectBusy(const RawResponse& response) {
  EXPECT_TRUE(response.complete()) << response.end;
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.head.StartLinePart(0), "HTTP/1.1");
  EXPECT_TRUE(response.head.Has("retry-after"));
  EXPECT_TRUE(response.head.Has("content-length"));
  EXPECT_TRUE(response.head.Has("content-type"));
  EXPECT_TRUE(response.head.Has("date"));
  EXPECT_FALSE(response.body.empty());
}

// One backend connection, occupied by one request until `go_on` opens.
class PendingQueueTest : public ::testing::Test {
 protected:
  void Occupy(ProxyFixture& proxy) {
    backend_.ScriptNextRequest([this](BackendConnection& connection) {
      connection.WaitFor(go_on_);
      connection.Send(MakeResponse(200, "slow"));
    });
    occupant_.emplace(proxy.endpoint());
    occupant_->Send(MakeRequest("GET", "/slow"));
    ASSERT_TRUE(backend_.WaitForRequests(1));
  }
  void Release() {
    go_on_.Open();
    EXPECT_EQ(occupant_->ReadResponse().body, "slow");
  }

  Gate go_on_;
  FakeBackend backend_;
  std::optional<RawClient> occupant_;
};

TEST_F(PendingQueueTest, FirstInFirstOut) {
  ProxyFixture proxy({&backend_});
  Occupy(proxy);
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(proxy.endpoint());
    clients.back().Send(MakeRequest("GET", absl::StrCat("/", i)));
    ASSERT_TRUE(proxy.WaitForPending(i + 1));
  }
  EXPECT_EQ(backend_.requests().size(), 1u);
  Release();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(clients[i].ReadResponse().body, absl::StrCat("GET /", i, "\n"));
  }
  const std::vector<ReceivedRequest> requests = backend_.requests();
  ASSERT_EQ(requests.size(), 11u);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(requests[i + 1].target, absl::StrCat("/", i));
  }
  EXPECT_EQ(proxy.pending(), 0u);
}

TEST_F(PendingQueueTest, WaitingBodiesArriveWhole) {
  ProxyFixture proxy({&backend_});
  Occupy(proxy);
  const std::string body = MakePattern(1 << 20);
  RawClient sized(proxy.endpoint());
  sized.Send(MakeRequest("PUT", "/sized", "", body.substr(0, 10'000)));
  ASSERT_TRUE(proxy.WaitForPending(1));
  RawClient chunked(proxy.endpoint());
  chunked.Send(
      "PUT /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(proxy.WaitForPending(2));
  const std::string chunks = MakeChunked(body, 5000, "T: 1\r\n");
  const size_t sent = chunked.SendUntilBlocked(chunks, absl::Milliseconds(50));
  Release();
  chunked.Send(absl::string_view(chunks).substr(sent));
  EXPECT_EQ(sized.ReadResponse().body, "PUT /sized\n");
  EXPECT_EQ(chunked.ReadResponse().body, "PUT /chunked\n");
  const std::vector<ReceivedRequest> requests = backend_.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_TRUE(requests[1].body == body.substr(0, 10'000));
  EXPECT_TRUE(requests[2].body == body);
  EXPECT_EQ(requests[2].trailers, (std::vector<WireField>{{"T", "1"}}));
}

TEST_F(PendingQueueTest, ExpiredRequestGets503AndKeepsItsConnection) {
  ProxyOptions options;
  options.pool.pending_time_max = absl::Milliseconds(30);
  options.rule.retry_after_seconds = 7;
  ProxyFixture proxy({&backend_}, std::move(options));
  Occupy(proxy);
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/late"));
  ExpectBusy(response);
  EXPECT_EQ(response.head.Only("retry-after"), "7");
  EXPECT_FALSE(response.head.Has("connection"));
  EXPECT_EQ(proxy.pending(), 0u);
  Release();
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/again")).body, "GET /again\n");
  // What expired was never sent.
  EXPECT_EQ(backend_.requests()[1].target, "/again");
}

TEST_F(PendingQueueTest, ExpiredRequestWithSmallBodyKeepsItsConnection) {
  ProxyOptions options;
  options.pool.pending_time_max = absl::Milliseconds(30);
  ProxyFixture proxy({&backend_}, std::move(options));
  Occupy(proxy);
  RawClient client(proxy.endpoint());
  ExpectBusy(client.Exchange(MakeRequest("POST", "/late", "", "body")));
  Release();
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/again")).body, "GET /again\n");
}

TEST_F(PendingQueueTest, ExpiredRequestWithLargeBodyIsAnsweredAndEnds) {
  ProxyOptions options;
  options.pool.pending_time_max = absl::Milliseconds(30);
  options.server.drain_bytes_max = 1000;
  ProxyFixture proxy({&backend_}, std::move(options));
  Occupy(proxy);
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(
      "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
  ExpectBusy(client.ReadResponse());
  client.Send(std::string(100'000, 'x'));
  EXPECT_TRUE(client.ReadsEndOnly());
  Release();
}

TEST_F(PendingQueueTest, Http10ClientGets503AndTheEnd) {
  ProxyOptions options;
  options.pool.pending_time_max = absl::Milliseconds(30);
  ProxyFixture proxy({&backend_}, std::move(options));
  Occupy(proxy);
  RawClient client(proxy.endpoint());
  ExpectBusy(client.Exchange("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(client.ReadsEndOnly());
  Release();
}

TEST_F(PendingQueueTest, OverTheBoundIsRefusedAtOnce) {
  ProxyOptions options;
  options.pool.pending_max = 2;
  options.pool.pending_time_max = absl::InfiniteDuration();
  ProxyFixture proxy({&backend_}, std::move(options));
  Occupy(proxy);
  RawClient first(proxy.endpoint());
  RawClient second(proxy.endpoint());
  RawClient third(proxy.endpoint());
  first.Send(MakeRequest("GET", "/1"));
  ASSERT_TRUE(proxy.WaitForPending(1));
  second.Send(MakeRequest("GET", "/2"));
  ASSERT_TRUE(proxy.WaitForPending(2));
  ExpectBusy(third.Exchange(MakeRequest("GET", "/3")));
  Release();
  EXPECT_EQ(first.ReadResponse().body, "GET /1\n");
  EXPECT_EQ(second.ReadResponse().body, "GET /2\n");
  EXPECT_EQ(third.Exchange(MakeRequest("GET", "/4")).body, "GET /4\n");
}

TEST_F(PendingQueueTest, BoundOfNoneStillServesIdleConnections) {
  ProxyOptions options;
  options.pool.pending_max = 0;
  ProxyFixture proxy({&backend_}, std::move(options));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/1")).status, 200);
  // Not to be mistaken for the one that occupies.
  FakeBackend& backend = backend_;
  Gate reached;
  backend.ScriptNextRequest([&, this](BackendConnection& connection) {
    reached.Open();
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, "slow"));
  });
  occupant_.emplace(proxy.endpoint());
  occupant_->Send(MakeRequest("GET", "/slow"));
  ASSERT_TRUE(reached.Wait());
  ExpectBusy(client.Exchange(MakeRequest("GET", "/2")));
  Release();
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/3")).status, 200);
}

TEST_F(PendingQueueTest, ClientThatLeavesGivesUpItsPlace) {
  ProxyFixture proxy({&backend_});
  Occupy(proxy);
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(proxy.endpoint());
    clients.back().Send(MakeRequest("GET", absl::StrCat("/", i)));
    ASSERT_TRUE(proxy.WaitForPending(i + 1));
  }
  clients[1].Reset();
  ASSERT_TRUE(proxy.WaitForPending(2));
  Release();
  EXPECT_EQ(clients[0].ReadResponse().body, "GET /0\n");
  EXPECT_EQ(clients[2].ReadResponse().body, "GET /2\n");
  for (const ReceivedRequest& request : backend_.requests()) {
    EXPECT_NE(request.target, "/1");
  }
}

TEST_F(PendingQueueTest, WaitersOfALostBackendAreRefused) {
  ProxyFixture proxy({&backend_});
  Occupy(proxy);
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/waiting"));
  ASSERT_TRUE(proxy.WaitForPending(1));
  backend_.StopListening();
  backend_.CloseConnections();
  // It was alive when the first request was sent, and could not be reached for
  // the second.
  EXPECT_EQ(occupant_->ReadResponse().status, 502);
  EXPECT_EQ(client.ReadResponse().status, 502);
}

TEST_F(PendingQueueTest, WaitersAreServedByTheNextConnection) {
  ProxyFixture proxy({&backend_});
  Occupy(proxy);
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/waiting"));
  ASSERT_TRUE(proxy.WaitForPending(1));
  occupant_->Reset();
  EXPECT_EQ(client.ReadResponse().body, "GET /waiting\n");
  EXPECT_EQ(backend_.requests()[1].connection, 1u);
}

TEST_F(PendingQueueTest, IdleBackendServesWhileAnotherIsBusy) {
  FakeBackend other;
  ProxyFixture proxy({&backend_, &other});
  Occupy(proxy);
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
  }
  EXPECT_EQ(other.requests().size(), 5u);
  Release();
}

TEST_F(PendingQueueTest, BurstOverFewConnectionsLosesNothing) {
  ProxyOptions options;
  options.backend.connections = 3;
  ProxyFixture proxy({&backend_}, std::move(options));
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(proxy.endpoint());
    clients.back().Send(MakeRequest("GET", absl::StrCat("/", i)));
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(clients[i].ReadResponse().body, absl::StrCat("GET /", i, "\n"));
  }
  EXPECT_TRUE(proxy.WaitForIdle(3));
  EXPECT_EQ(backend_.accepted(), 3u);
}

}  // namespace
}  // namespace rproxy::test
