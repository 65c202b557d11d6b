#include "rproxy/core/proxy/forward.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/loop_thread.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/proxy/fake_exchange.h"
#include "rproxy/core/proxy/proxy_handler.h"
#include "rproxy/core/server/http_server.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/loop_runner.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy {
namespace {

using test::FakeBackend;
using test::Gate;
using test::MakePattern;
using test::MakeResponse;
using test::ReceivedRequest;
using test::SocketResult;

constexpr BodyFraming kChunked = {BodyFraming::Kind::kChunked, 0};

BodyFraming Length(uint64_t length) {
  return {BodyFraming::Kind::kContentLength, length};
}

// The test's thread runs the loop, so nothing happens on our side but when the
// test lets it; the backend has threads of its own.
class ForwardTest : public ::testing::Test {
 protected:
  ForwardTest() : loop_(*EventLoop::Create()) {
    backend_options_.pool.retry_min = absl::Milliseconds(1);
    backend_options_.pool.retry_max = absl::Milliseconds(2);
  }
  ~ForwardTest() override { loop_->DeleteLater(std::move(pool_)); }

  // Makes the pool and dials. Without `wait` no connection is there yet.
  void Start(bool wait = true) {
    backend_options_.connection.address = SocketAddress::FromSockaddr(
        backend_.endpoint().get(), backend_.endpoint().size);
    pool_ = std::make_unique<ConnectionPool>(*loop_, pool_options_);
    const ConnectionPool::BackendId id = pool_->AddBackend(backend_options_);
    rule_.set = pool_->AddSet({id}, LoadBalancingMethod::kNone);
    pool_->Start();
    if (wait) WaitForIdle(backend_options_.pool.connections);
  }

  // The backend counts a connection a moment after we have it.
  void ExpectAccepted(size_t connections) {
    EXPECT_TRUE(backend_.WaitForConnections(connections));
    EXPECT_EQ(backend_.accepted(), connections);
  }
  bool RunUntil(absl::FunctionRef<bool()> done) {
    return test::RunUntil(*loop_, done);
  }
  void WaitForIdle(size_t connections) {
    ASSERT_TRUE(RunUntil([&] { return pool_->counts(0).idle == connections; }));
  }
  void WaitFor(const Gate& gate) {
    ASSERT_TRUE(RunUntil([&] { return gate.open(); }));
  }
  void RunToTheEnd(const FakeExchange& exchange) {
    ASSERT_TRUE(RunUntil([&] { return exchange.over(); }));
  }

  // Starts a request, with its body if it has one, as a session would.
  std::unique_ptr<Forward> Send(FakeExchange& exchange,
                                absl::string_view body = "",
                                const HeaderMap& trailers = {}) {
    auto forward = std::make_unique<Forward>(exchange, *pool_, rule_);
    forward->Start();
    if (exchange.request_paused()) {
      EXPECT_TRUE(RunUntil([&] { return !exchange.request_paused(); }));
    }
    if (!body.empty()) forward->OnBody(Slice::Copy(body));
    forward->OnRequestEnd(trailers);
    forward->OnBatchEnd();
    return forward;
  }

  // One whole GET; its status, 0 if it was aborted.
  int Get(absl::string_view target) {
    FakeExchange exchange("GET", target);
    const std::unique_ptr<Forward> forward = Send(exchange);
    RunToTheEnd(exchange);
    return exchange.response().status;
  }

  std::unique_ptr<EventLoop> loop_;
  // Before the backend, so that they outlive its scripts.
  Gate reached_;
  Gate go_on_;
  FakeBackend backend_;
  PoolState::Options pool_options_;
  ConnectionPool::Backend backend_options_;
  ForwardRule rule_;
  std::unique_ptr<ConnectionPool> pool_;
};

// --- Plain exchanges -----------------------------------------------------

TEST_F(ForwardTest, RequestAndResponsePassWhole) {
  rule_.x_forwarded_for = true;
  rule_.strip_response_headers = {"X-Secret"};
  Start();
  backend_.RespondWith([](const ReceivedRequest& request) {
    return MakeResponse(201, absl::StrCat("got ", request.body),
                        "X-Secret: s\r\nX-Kept: k\r\nKeep-Alive: 5\r\n");
  });
  FakeExchange exchange("PUT", "/a?b", Length(5));
  exchange.request().headers.Add("Keep-Alive", "5");
  const std::unique_ptr<Forward> forward = Send(exchange, "hello");
  RunToTheEnd(exchange);
  EXPECT_EQ(exchange.response().status, 201);
  EXPECT_EQ(exchange.response_body(), "got hello");
  EXPECT_EQ(exchange.response_framing(), Length(9));
  EXPECT_EQ(exchange.response().headers.Find("X-Kept"), "k");
  EXPECT_FALSE(exchange.response().headers.Find("X-Secret"));
  EXPECT_FALSE(exchange.response().headers.Find("Keep-Alive"));

  const ReceivedRequest request = backend_.requests().at(0);
  EXPECT_EQ(request.head.start_line, "PUT /a?b HTTP/1.1");
  EXPECT_EQ(request.head.Only("X-Forwarded-For"), "192.0.2.7");
  EXPECT_FALSE(request.head.Has("Keep-Alive"));
  EXPECT_FALSE(request.head.Has("Connection"));
}

TEST_F(ForwardTest, ConnectionIsReusedForTheNextExchange) {
  Start();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Get(absl::StrCat("/", i)), 200);
  }
  ExpectAccepted(1);
}

TEST_F(ForwardTest, ChunksAndTrailersPassBothWays) {
  Start();
  backend_.RespondWith([](const ReceivedRequest& request) {
    return absl::StrCat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                        test::MakeChunked(request.body, 3, "X-Sum: 7\r\n"));
  });
  FakeExchange exchange("POST", "/", kChunked);
  HeaderMap trailers;
  trailers.Add("X-Up", "1");
  const std::unique_ptr<Forward> forward = Send(exchange, "abcdefg", trailers);
  RunToTheEnd(exchange);
  EXPECT_EQ(exchange.response_framing(), kChunked);
  EXPECT_EQ(exchange.response_body(), "abcdefg");
  EXPECT_EQ(exchange.trailers().Find("X-Sum"), "7");
  const ReceivedRequest request = backend_.requests().at(0);
  EXPECT_EQ(request.framing, test::WireFraming::kChunked);
  ASSERT_EQ(request.trailers.size(), 1u);
  EXPECT_EQ(request.trailers[0].name, "X-Up");
}

TEST_F(ForwardTest, InterimResponsesPassBeforeTheFinalOne) {
  Start();
  backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
    connection.Send(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\n\r\n");
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, ""));
  });
  FakeExchange exchange("GET", "/");
  const std::unique_ptr<Forward> forward = Send(exchange);
  ASSERT_TRUE(RunUntil([&] { return !exchange.interim().empty(); }));
  EXPECT_EQ(exchange.interim()[0].status, 103);
  EXPECT_EQ(exchange.interim()[0].headers.Find("Link"), "</a>");
  EXPECT_FALSE(exchange.interim()[0].headers.Find("Connection"));
  EXPECT_FALSE(exchange.response_started());
  go_on_.Open();
  RunToTheEnd(exchange);
  EXPECT_EQ(exchange.response().status, 200);
}

TEST_F(ForwardTest, AnswerToHeadKeepsItsLength) {
  Start();
  backend_.RespondWith([](const ReceivedRequest&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n";
  });
  FakeExchange exchange("HEAD", "/");
  const std::unique_ptr<Forward> forward = Send(exchange);
  RunToTheEnd(exchange);
  EXPECT_EQ(exchange.response().headers.Find("Content-Length"), "1234");
  EXPECT_EQ(exchange.response_framing().kind, BodyFraming::Kind::kNone);
  WaitForIdle(1);
}

// --- Repeating a request -------------------------------------------------

TEST_F(ForwardTest, StaleConnectionIsReplacedOnceWithoutTheClientsNotice) {
  Start();
  ASSERT_EQ(Get("/1"), 200);
  // The loop does not run, so the pool has yet to see the end.
  backend_.CloseConnections();
  EXPECT_EQ(Get("/2"), 200);
  ExpectAccepted(2);
  EXPECT_EQ(backend_.requests().size(), 2u);
}

TEST_F(ForwardTest, ResetConnectionIsReplacedToo) {
  Start();
  ASSERT_EQ(Get("/1"), 200);
  backend_.ResetConnections();
  EXPECT_EQ(Get("/2"), 200);
}

TEST_F(ForwardTest, SecondFailureInARowIs502) {
  Start();
  for (int i = 0; i < 2; ++i) {
    backend_.ScriptNextRequest(
        [](test::BackendConnection& connection) { connection.Close(); });
  }
  EXPECT_EQ(Get("/"), 502);
  EXPECT_EQ(backend_.requests().size(), 2u);
}

TEST_F(ForwardTest, NothingIsRepeatedTwice) {
  Start();
  ASSERT_EQ(Get("/1"), 200);
  backend_.ScriptNextConnection(
      [](test::BackendConnection& connection) { connection.ReadHead(); });
  backend_.CloseConnections();
  EXPECT_EQ(Get("/2"), 502);
  EXPECT_EQ(backend_.requests().size(), 2u);
}

// The backend has seen the request, and may have acted on it.
TEST_F(ForwardTest, RequestThatMayActTwiceIsNotRepeated) {
  Start();
  for (const bool with_body : {false, true}) {
    WaitForIdle(1);
    ASSERT_EQ(Get("/first"), 200);
    backend_.ScriptNextRequest(
        [](test::BackendConnection& connection) { connection.Close(); });
    FakeExchange exchange("POST", "/act",
                          with_body ? Length(5) : BodyFraming());
    const std::unique_ptr<Forward> forward =
        Send(exchange, with_body ? "hello" : "");
    RunToTheEnd(exchange);
    EXPECT_EQ(exchange.response().status, 502);
  }
  EXPECT_EQ(backend_.requests().size(), 4u);
}

TEST_F(ForwardTest, RequestThatMayBeRepeatedIsRepeatedOnce) {
  Start();
  for (const absl::string_view method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
    WaitForIdle(1);
    ASSERT_EQ(Get("/first"), 200);
    backend_.ScriptNextRequest(
        [](test::BackendConnection& connection) { connection.Close(); });
    FakeExchange exchange(method, "/again");
    const std::unique_ptr<Forward> forward = Send(exchange);
    RunToTheEnd(exchange);
    EXPECT_EQ(exchange.response().status, 200) << method;
  }
  EXPECT_EQ(backend_.requests().size(), 12u);
}

TEST_F(ForwardTest, BodyIsRepeatedAsAWhole) {
  Start();
  for (const BodyFraming& framing : {Length(5), kChunked}) {
    WaitForIdle(1);
    backend_.ScriptNextRequest([](test::BackendConnection& connection) {
      connection.ReadBody();
      connection.Close();
    });
    backend_.RespondWith([](const ReceivedRequest& request) {
      return MakeResponse(200, request.body);
    });
    FakeExchange exchange("PUT", "/", framing);
    const std::unique_ptr<Forward> forward = Send(exchange, "hello");
    RunToTheEnd(exchange);
    EXPECT_EQ(exchange.response().status, 200);
    EXPECT_EQ(exchange.response_body(), "hello");
  }
}

TEST_F(ForwardTest, BodyThatIsTooLongToKeepIsNotRepeated) {
  rule_.replay_bytes_max = 4;
  Start();
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.ReadBody();
    connection.Close();
  });
  FakeExchange exchange("PUT", "/", Length(5));
  const std::unique_ptr<Forward> forward = Send(exchange, "hello");
  RunToTheEnd(exchange);
  EXPECT_EQ(exchange.response().status, 502);
  EXPECT_EQ(backend_.requests().size(), 1u);
}

// A request that must not be repeated is not sent to a connection of which the
// socket already knows that it is closed.
TEST_F(ForwardTest, StaleConnectionIsNoticedBeforeARequestThatMayActTwice) {
  Start();
  for (const BodyFraming& framing : {BodyFraming(), Length(5)}) {
    // A busy system delivers the end late, and then nobody can know of it.
    int status = 0;
    for (int attempt = 0; attempt < 20 && status != 200; ++attempt) {
      WaitForIdle(1);
      ASSERT_EQ(Get("/first"), 200);
      backend_.CloseConnections();
      FakeExchange exchange("POST", "/act", framing);
      const std::unique_ptr<Forward> forward =
          Send(exchange, framing == BodyFraming() ? "" : "hello");
      RunToTheEnd(exchange);
      status = exchange.response().status;
    }
    EXPECT_EQ(status, 200);
  }
}

TEST_F(ForwardTest, NothingIsRepeatedAfterAByteOfTheResponse) {
  Start();
  ASSERT_EQ(Get("/1"), 200);
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send("HTTP/1.1 103 Early Hints\r\n\r\n");
    connection.Close();
  });
  EXPECT_EQ(Get("/2"), 502);
  EXPECT_EQ(backend_.requests().size(), 2u);
}

// --- Failures ------------------------------------------------------------

TEST_F(ForwardTest, UnreachableBackendIs502) {
  backend_.StopListening();
  Start(false);
  EXPECT_EQ(Get("/"), 502);  // The first dial is still under way.
  EXPECT_EQ(Get("/"), 502);  // Now it is known.
  backend_.ListenAgain();
  WaitForIdle(1);
  EXPECT_EQ(Get("/"), 200);
}

TEST_F(ForwardTest, NonsenseIs502) {
  Start();
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send("220 mail.example ESMTP\r\n\r\n");
    connection.ReadToEnd();
  });
  EXPECT_EQ(Get("/"), 502);
  WaitForIdle(1);
  EXPECT_EQ(Get("/"), 200);
}

TEST_F(ForwardTest, SilentBackendIs504) {
  backend_options_.connection.read_idle_max = absl::Milliseconds(30);
  Start();
  backend_.ScriptNextRequest(
      [](test::BackendConnection& connection) { connection.ReadToEnd(); });
  EXPECT_EQ(Get("/"), 504);
  WaitForIdle(1);
  ExpectAccepted(2);
}

TEST_F(ForwardTest, BackendThatTakesNothingIs504) {
  backend_options_.connection.write_idle_max = absl::Milliseconds(30);
  Start();
  backend_.ScriptNextRequest(
      [&](test::BackendConnection& connection) { connection.WaitFor(go_on_); });
  FakeExchange exchange("POST", "/", kChunked);
  Forward forward(exchange, *pool_, rule_);
  forward.Start();
  while (!exchange.request_paused()) {
    forward.OnBody(Slice::Copy(std::string(64 * 1024, 'x')));
  }
  RunToTheEnd(exchange);
  EXPECT_EQ(exchange.response().status, 504);
  go_on_.Open();
}

TEST_F(ForwardTest, NoRoomToWaitIs503WithRetryAfter) {
  pool_options_.pending_max = 0;
  rule_.retry_after_seconds = 9;
  Start(false);
  FakeExchange exchange("GET", "/");
  const std::unique_ptr<Forward> forward = Send(exchange);
  ASSERT_TRUE(exchange.finished());
  EXPECT_EQ(exchange.response().status, 503);
  EXPECT_EQ(exchange.response().headers.Find("Retry-After"), "9");
  EXPECT_EQ(exchange.response_body(), "503 Service Unavailable\n");
}

TEST_F(ForwardTest, WaitingTooLongIs503) {
  pool_options_.pending_time_max = absl::Milliseconds(20);
  Start();
  backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, ""));
  });
  FakeExchange first("GET", "/1");
  const std::unique_ptr<Forward> forward = Send(first);
  FakeExchange second("GET", "/2");
  const std::unique_ptr<Forward> waiting = Send(second);
  RunToTheEnd(second);
  EXPECT_EQ(second.response().status, 503);
  EXPECT_TRUE(second.response().headers.Find("Retry-After"));
  go_on_.Open();
  RunToTheEnd(first);
  EXPECT_EQ(first.response().status, 200);
}

TEST_F(ForwardTest, ResponseThatBreaksOffIsAborted) {
  Start();
  for (const absl::string_view framing :
       {"Content-Length: 10", "Transfer-Encoding: chunked"}) {
    backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
      connection.Send(
          absl::StrCat("HTTP/1.1 200 OK\r\n", framing, "\r\n\r\n5\r\nab"));
      connection.Close();
    });
    FakeExchange exchange("GET", "/");
    const std::unique_ptr<Forward> forward = Send(exchange);
    RunToTheEnd(exchange);
    EXPECT_TRUE(exchange.aborted());
    EXPECT_EQ(exchange.response().status, 200);
    WaitForIdle(1);
  }
}

// --- Early ends ----------------------------------------------------------

TEST_F(ForwardTest, EarlyResponseReachesTheClientAndCostsTheConnection) {
  Start();
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(MakeResponse(413, "no"));
    connection.ReadToEnd();
  });
  FakeExchange exchange("POST", "/", Length(1000));
  Forward forward(exchange, *pool_, rule_);
  forward.Start();
  forward.OnBody(Slice::Copy("first"));
  forward.OnBatchEnd();
  RunToTheEnd(exchange);
  EXPECT_TRUE(exchange.finished());
  EXPECT_EQ(exchange.response().status, 413);
  EXPECT_EQ(exchange.response_body(), "no");
  // What the client still sends goes nowhere.
  forward.OnBody(Slice::Copy(std::string(995, 'x')));
  forward.OnRequestEnd(HeaderMap());
  forward.OnBatchEnd();
  WaitForIdle(1);
  ExpectAccepted(2);
  EXPECT_EQ(Get("/"), 200);
}

TEST_F(ForwardTest, ClientThatGoesTakesItsConnectionAlong) {
  Start();
  backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
    reached_.Open();
    connection.ReadToEnd();
  });
  FakeExchange exchange("GET", "/");
  std::unique_ptr<Forward> forward = Send(exchange);
  WaitFor(reached_);
  forward = nullptr;
  ASSERT_TRUE(RunUntil([&] { return backend_.accepted() == 2; }));
  EXPECT_FALSE(exchange.over());
  WaitForIdle(1);
  ASSERT_TRUE(backend_.WaitForOpen(1));
  // The backend learns that its response is not wanted.
  EXPECT_NE(backend_.connection(0).peer_end, SocketResult::kOk);
}

TEST_F(ForwardTest, ClientThatGoesGivesUpItsPlaceInTheQueue) {
  Start();
  backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, ""));
  });
  FakeExchange first("GET", "/1");
  const std::unique_ptr<Forward> forward = Send(first);
  FakeExchange second("GET", "/2");
  std::unique_ptr<Forward> gone = Send(second);
  FakeExchange third("GET", "/3");
  const std::unique_ptr<Forward> waiting = Send(third);
  EXPECT_EQ(pool_->pending(), 2u);
  gone = nullptr;
  EXPECT_EQ(pool_->pending(), 1u);
  go_on_.Open();
  RunToTheEnd(third);
  EXPECT_EQ(third.response().status, 200);
  EXPECT_FALSE(second.over());
  EXPECT_EQ(backend_.requests().size(), 2u);
}

// --- Backpressure --------------------------------------------------------

TEST_F(ForwardTest, SlowClientPausesTheBackend) {
  Start();
  const std::string body = MakePattern(3 << 20);
  backend_.ScriptNextRequest([body](test::BackendConnection& connection) {
    connection.Send(MakeResponse(200, body));
  });
  FakeExchange exchange("GET", "/");
  exchange.set_output_full(true);
  const std::unique_ptr<Forward> forward = Send(exchange);
  ASSERT_TRUE(RunUntil([&] { return !exchange.response_body().empty(); }));
  // At most the read that was under way comes after the pause.
  const size_t size = exchange.response_body().size();
  EXPECT_LE(size, SlicePool::kBlockBytes);
  test::RunTurns(*loop_, 50);
  EXPECT_EQ(exchange.response_body().size(), size);
  EXPECT_EQ(exchange.flushed(), size);

  exchange.set_output_full(false);
  forward->OnOutputDrained();
  RunToTheEnd(exchange);
  EXPECT_TRUE(exchange.response_body() == body);
  WaitForIdle(1);
}

TEST_F(ForwardTest, PauseAtTheLastByteDoesNotHoldBackTheEnd) {
  Start();
  FakeExchange exchange("GET", "/");
  exchange.set_output_full(true);
  const std::unique_ptr<Forward> forward = Send(exchange);
  RunToTheEnd(exchange);
  EXPECT_TRUE(exchange.finished());
  WaitForIdle(1);
  EXPECT_EQ(Get("/"), 200);
}

// A paused response is the client's doing: no timeout counts against the
// backend.
TEST_F(ForwardTest, PausedResponseDoesNotTimeOut) {
  backend_options_.connection.read_idle_max = absl::Milliseconds(500);
  Start();
  const std::string body = MakePattern(1 << 20);
  backend_.ScriptNextRequest([body](test::BackendConnection& connection) {
    connection.Send(MakeResponse(200, body));
  });
  FakeExchange exchange("GET", "/");
  exchange.set_output_full(true);
  const std::unique_ptr<Forward> forward = Send(exchange);
  ASSERT_TRUE(RunUntil([&] { return !exchange.response_body().empty(); }));
  const absl::Time resume_at = loop_->Now() + absl::Milliseconds(700);
  Timer timer(*loop_, [] {});
  timer.ScheduleAt(resume_at);
  ASSERT_TRUE(RunUntil([&] { return loop_->Now() >= resume_at; }));
  EXPECT_FALSE(exchange.over());
  exchange.set_output_full(false);
  forward->OnOutputDrained();
  RunToTheEnd(exchange);
  EXPECT_TRUE(exchange.response_body() == body);
}

TEST_F(ForwardTest, SlowBackendPausesTheClient) {
  backend_options_.connection.output_high_bytes = 100'000;
  Start();
  backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.ReadBody();
    connection.Send(MakeResponse(200, ""));
  });
  FakeExchange exchange("POST", "/", kChunked);
  Forward forward(exchange, *pool_, rule_);
  forward.Start();
  const std::string piece = MakePattern(50'000);
  size_t sent = 0;
  for (int i = 0; i < 3; ++i) {
    // Fill whatever the sockets hold; then the queue; then we are paused.
    while (!exchange.request_paused()) {
      forward.OnBody(Slice::Copy(piece));
      sent += piece.size();
      ASSERT_LT(sent, 64u << 20);
    }
    test::RunTurns(*loop_, 5);
  }
  go_on_.Open();
  ASSERT_TRUE(RunUntil([&] { return !exchange.request_paused(); }));
  forward.OnRequestEnd(HeaderMap());
  forward.OnBatchEnd();
  RunToTheEnd(exchange);
  EXPECT_EQ(exchange.response().status, 200);
  EXPECT_EQ(backend_.body_bytes(), sent);
}

TEST_F(ForwardTest, BodyStaysWithTheClientWhileItsRequestWaits) {
  Start();
  backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, ""));
  });
  FakeExchange first("GET", "/1");
  const std::unique_ptr<Forward> forward = Send(first);
  FakeExchange second("POST", "/2", Length(5));
  Forward waiting(second, *pool_, rule_);
  waiting.Start();
  EXPECT_TRUE(second.request_paused());
  test::RunTurns(*loop_, 5);
  EXPECT_TRUE(second.request_paused());
  go_on_.Open();
  ASSERT_TRUE(RunUntil([&] { return !second.request_paused(); }));
  waiting.OnBody(Slice::Copy("hello"));
  waiting.OnRequestEnd(HeaderMap());
  waiting.OnBatchEnd();
  RunToTheEnd(second);
  EXPECT_EQ(second.response().status, 200);
  EXPECT_EQ(backend_.requests().at(1).body, "hello");
}

// --- Upgrades ------------------------------------------------------------

constexpr absl::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

void AskForUpgrade(FakeExchange& exchange, absl::string_view protocol) {
  exchange.request().headers.Add("Connection", "keep-alive, Upgrade");
  exchange.request().headers.Add("Upgrade", protocol);
}

TEST_F(ForwardTest, UpgradeMakesATunnelOfBothBodies) {
  Start();
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(absl::StrCat(kSwitching, "hello"));
    if (connection.ReadRaw(4) == "ping") connection.Send("pong");
    connection.ReadToEnd();
    connection.Send("bye");
    connection.Close();
  });
  FakeExchange exchange("GET", "/chat");
  AskForUpgrade(exchange, "WebSocket");
  const std::unique_ptr<Forward> forward = Send(exchange);
  // What came with the 101 is the tunnel's already.
  ASSERT_TRUE(RunUntil([&] { return exchange.response_body() == "hello"; }));
  EXPECT_EQ(exchange.response().status, 101);
  EXPECT_EQ(exchange.response_framing().kind, BodyFraming::Kind::kTunnel);
  EXPECT_EQ(exchange.response().headers.Find("Upgrade"), "websocket");
  EXPECT_EQ(exchange.flushed(), 5u);

  forward->OnBody(Slice::Copy("ping"));
  forward->OnBatchEnd();
  ASSERT_TRUE(
      RunUntil([&] { return exchange.response_body() == "hellopong"; }));
  forward->OnRequestEnd(HeaderMap());
  forward->OnBatchEnd();
  RunToTheEnd(exchange);
  EXPECT_TRUE(exchange.finished());
  EXPECT_EQ(exchange.response_body(), "hellopongbye");

  const ReceivedRequest request = backend_.requests().at(0);
  EXPECT_EQ(request.head.Only("Connection"), "upgrade");
  EXPECT_EQ(request.head.Only("Upgrade"), "WebSocket");
  // Never to be used for HTTP again.
  WaitForIdle(1);
  ExpectAccepted(2);
}

TEST_F(ForwardTest, RefusedUpgradeIsAnOrdinaryExchange) {
  Start();
  FakeExchange exchange("GET", "/chat");
  AskForUpgrade(exchange, "websocket");
  const std::unique_ptr<Forward> forward = Send(exchange);
  RunToTheEnd(exchange);
  EXPECT_EQ(exchange.response().status, 200);
  EXPECT_EQ(Get("/"), 200);
  ExpectAccepted(1);
}

TEST_F(ForwardTest, SwitchThatNobodyAskedForIs502) {
  Start();
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(absl::StrCat(kSwitching, "HTTP/1.1 200 OK\r\n\r\n"));
    connection.ReadToEnd();
  });
  EXPECT_EQ(Get("/"), 502);
  WaitForIdle(1);
  ExpectAccepted(2);
}

// An upgrade to HTTP/2 would carry requests past every rule.
TEST_F(ForwardTest, OnlyWebsocketIsForwardedUnlessTheRuleAllowsAny) {
  Start();
  for (const bool any : {false, true}) {
    rule_.any_upgrade = any;
    FakeExchange exchange("GET", "/");
    AskForUpgrade(exchange, "h2c");
    const std::unique_ptr<Forward> forward = Send(exchange);
    RunToTheEnd(exchange);
    EXPECT_EQ(exchange.response().status, 200);
    const ReceivedRequest request = backend_.requests().back();
    EXPECT_EQ(request.head.Has("Upgrade"), any);
    EXPECT_EQ(request.head.Has("Connection"), any);
  }
}

TEST_F(ForwardTest, DubiousUpgradesAreNotForwarded) {
  Start();
  std::vector<std::unique_ptr<FakeExchange>> exchanges;
  // Two protocols in two fields.
  exchanges.push_back(std::make_unique<FakeExchange>("GET", "/"));
  AskForUpgrade(*exchanges.back(), "websocket");
  exchanges.back()->request().headers.Add("Upgrade", "h2c");
  // Connection does not name it.
  exchanges.push_back(std::make_unique<FakeExchange>("GET", "/"));
  exchanges.back()->request().headers.Add("Upgrade", "websocket");
  // HTTP/1.0 knows no upgrade, RFC 9110 section 7.8.
  exchanges.push_back(std::make_unique<FakeExchange>("GET", "/"));
  AskForUpgrade(*exchanges.back(), "websocket");
  exchanges.back()->request().version = HttpVersion::kHttp10;
  // A list.
  exchanges.push_back(std::make_unique<FakeExchange>("GET", "/"));
  AskForUpgrade(*exchanges.back(), "websocket, h2c");
  for (const std::unique_ptr<FakeExchange>& exchange : exchanges) {
    const std::unique_ptr<Forward> forward = Send(*exchange);
    RunToTheEnd(*exchange);
    EXPECT_EQ(exchange->response().status, 200);
    EXPECT_FALSE(backend_.requests().back().head.Has("Upgrade"));
  }
}

TEST_F(ForwardTest, UpgradeOfARequestWithABodyIsNotForwarded) {
  Start();
  FakeExchange exchange("POST", "/", Length(5));
  AskForUpgrade(exchange, "websocket");
  const std::unique_ptr<Forward> forward = Send(exchange, "hello");
  RunToTheEnd(exchange);
  EXPECT_FALSE(backend_.requests().at(0).head.Has("Upgrade"));
}

// --- Between real sockets ------------------------------------------------

// Early bytes of a tunnel depend on the session as well.
class ForwardServerTest : public ::testing::Test {
 protected:
  ForwardServerTest()
      : thread_(*LoopThread::Create("proxy")),
        router_(*Router::Create(
            {{.title = "*",
              .aliases = {},
              .rules = {{RuleConfig::Match::kGlob, "*", 0}}}})) {
    absl::StatusOr<UniqueFd> socket =
        Listen(*SocketAddress::Parse("127.0.0.1", 0), ListenOptions());
    CHECK(socket.ok()) << socket.status();
    endpoint_ = test::Endpoint::LoopbackV4(LocalAddress(socket->get()).port());
    thread_->RunAndWait([&] {
      pool_ = std::make_unique<ConnectionPool>(thread_->loop(),
                                               PoolState::Options());
      ConnectionPool::Backend backend;
      backend.connection.address = SocketAddress::FromSockaddr(
          backend_.endpoint().get(), backend_.endpoint().size);
      rules_.push_back(
          {.set = pool_->AddSet({pool_->AddBackend(std::move(backend))},
                                LoadBalancingMethod::kNone)});
      pool_->Start();
      handler_ = std::make_unique<ProxyHandler>(router_, rules_, *pool_);
      server_ = std::make_unique<HttpServer>(thread_->loop(), *handler_,
                                             HttpServerOptions());
      CHECK(server_->Listen(*std::move(socket)).ok());
    });
  }
  ~ForwardServerTest() override {
    thread_->RunAndWait([this] {
      // The sessions' exchanges hold streams until the end of this turn.
      server_ = nullptr;
      thread_->loop().DeleteLater(std::move(pool_));
    });
  }

  Gate done_;  // Before the backend, so that it outlives its scripts.
  std::string received_;
  FakeBackend backend_;
  std::unique_ptr<LoopThread> thread_;
  test::Endpoint endpoint_;
  const Router router_;
  std::vector<ForwardRule> rules_;
  std::unique_ptr<ConnectionPool> pool_;
  std::unique_ptr<ProxyHandler> handler_;
  std::unique_ptr<HttpServer> server_;
};

constexpr absl::string_view kUpgradeRequest =
    "GET /chat HTTP/1.1\r\nHost: a\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

TEST_F(ForwardServerTest, BytesAheadOfTheSwitchReachTheTunnel) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(absl::StrCat(kSwitching, "server first"));
    const std::string early = connection.ReadRaw(12);
    connection.Send(absl::StrCat("|", early));
    connection.ReadToEnd();
    connection.Close();
  });
  test::RawClient client(endpoint_);
  ASSERT_TRUE(client.Send(absl::StrCat(kUpgradeRequest, "client first")));
  const test::RawResponse head = client.ReadResponse();
  EXPECT_EQ(head.status, 101);
  EXPECT_EQ(head.head.Only("Upgrade"), "websocket");
  EXPECT_EQ(head.head.Only("Connection"), "upgrade");
  EXPECT_FALSE(head.head.Has("Content-Length"));
  EXPECT_FALSE(head.head.Has("Transfer-Encoding"));
  EXPECT_EQ(client.ReadExactly(25), "server first|client first");
  client.HalfClose();
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(ForwardServerTest, TunnelCarriesMuchBothWaysAtOnce) {
  const std::string down = MakePattern(3 << 20, 1);
  const std::string up = MakePattern(3 << 20, 2);
  backend_.ScriptNextRequest(
      [this, down, up](test::BackendConnection& connection) {
        connection.Send(kSwitching);
        connection.Send(down);
        received_ = connection.ReadRaw(up.size());
        done_.Open();
        connection.Close();
      });
  test::RawClient client(endpoint_);
  ASSERT_TRUE(client.Send(kUpgradeRequest));
  EXPECT_EQ(client.ReadResponse().status, 101);
  EXPECT_TRUE(client.ReadExactly(down.size()) == down);
  ASSERT_TRUE(client.Send(up));
  ASSERT_TRUE(done_.Wait());
  EXPECT_TRUE(received_ == up);
  EXPECT_TRUE(client.ReadsEndOnly());
}

}  // namespace
}  // namespace rproxy
