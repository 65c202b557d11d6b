#include "rproxy/core/backend/backend_connection.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/loop_runner.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy {
namespace {

using test::FakeBackend;
using test::Gate;
using test::MakeResponse;
using test::SocketResult;

constexpr uint32_t kId = 7;

// Closes the connection when told to, as the pool does, and writes down what
// it hears, in one log with what the stream hears.
class Recorder final : public BackendConnection::Owner,
                       public BackendStreamEvents {
 public:
  // Owner.
  void OnDialled(uint32_t id) override { Log(id, "dialled"); }
  void OnDialFailed(uint32_t id, const absl::Status& status) override {
    dial_status = status;
    Log(id, "dial failed");
  }
  void OnRequestComplete(uint32_t id) override { Log(id, "request complete"); }
  void OnResponseHeadSeen(uint32_t id) override { Log(id, "head seen"); }
  void OnResponseComplete(uint32_t id, bool reusable) override {
    Log(id, reusable ? "reusable" : "not reusable");
    if (!reusable) connection->Close();
  }
  void OnStreamAbandoned(uint32_t id) override {
    Log(id, "abandoned");
    connection->Close();
  }
  void OnConnectionClosed(uint32_t id) override { Log(id, "closed"); }

  // BackendStreamEvents.
  void OnInterimResponse(ResponseHead head) override {
    Log(kId, absl::StrCat("interim ", head.status));
  }
  void OnResponseHead(ResponseHead head, const BodyFraming&) override {
    Log(kId, absl::StrCat("head ", head.status));
  }
  void OnResponseBody(Slice bytes) override {
    body.append(bytes.data(), bytes.size());
    if (on_body) on_body();
  }
  void OnResponseEnd(const HeaderMap& trailers) override {
    last_trailers = trailers;
    ended = true;
    Log(kId, "end");
  }
  void OnResponseBatchEnd() override {}
  void OnBackendDrained() override { ++drained; }
  void OnFailure(BackendFailure failure) override {
    ended = true;
    Log(kId, ToString(failure));
  }

  void Log(uint32_t id, absl::string_view what) {
    EXPECT_EQ(id, kId);
    absl::StrAppend(&log, log.empty() ? "" : ", ", what);
  }

  BackendConnection* connection = nullptr;
  std::function<void()> on_body;
  std::string log;
  std::string body;
  absl::Status dial_status;
  HeaderMap last_trailers;
  int drained = 0;
  bool ended = false;
};

class BackendConnectionTest : public ::testing::Test {
 protected:
  BackendConnectionTest() : loop_(*EventLoop::Create()) {
    options_.address = SocketAddress::FromSockaddr(backend_.endpoint().get(),
                                                   backend_.endpoint().size);
  }

  // The backend counts a connection a moment after we have it.
  void ExpectAccepted(size_t connections) {
    EXPECT_TRUE(backend_.WaitForConnections(connections));
    EXPECT_EQ(backend_.accepted(), connections);
  }
  bool RunUntil(absl::FunctionRef<bool()> done) {
    return test::RunUntil(*loop_, done);
  }

  // Dials, and forgets in the log that it did.
  void Connect() {
    if (connection_ == nullptr) {
      connection_ =
          std::make_unique<BackendConnection>(*loop_, options_, kId, owner());
      recorder_.connection = connection_.get();
    }
    connection_->Dial();
    ASSERT_TRUE(RunUntil([&] { return recorder_.log == "dialled"; }));
    recorder_.log.clear();
  }

  // Begins an exchange.
  uint64_t Begin(absl::string_view method = "GET", BodyFraming framing = {}) {
    recorder_.ended = false;
    recorder_.body.clear();
    const uint64_t serial = connection_->Assign();
    connection_->Begin(serial, recorder_);
    RequestHead head;
    head.method = std::string(method);
    head.target = "/";
    head.headers.Add("Host", "a");
    if (framing.kind == BodyFraming::Kind::kChunked) {
      head.headers.Add("Transfer-Encoding", "chunked");
    } else if (framing.kind == BodyFraming::Kind::kContentLength) {
      head.headers.Add("Content-Length", absl::StrCat(framing.length));
    }
    connection_->SendHead(serial, head, framing);
    return serial;
  }
  uint64_t Get() {
    const uint64_t serial = Begin();
    connection_->FinishRequest(serial, HeaderMap());
    connection_->Flush(serial);
    return serial;
  }
  void RunToTheEnd() {
    ASSERT_TRUE(RunUntil([&] { return recorder_.ended; }));
  }

  BackendConnection::Owner& owner() { return recorder_; }

  std::unique_ptr<EventLoop> loop_;
  Gate go_on_;  // Before the backend, so that it outlives its scripts.
  FakeBackend backend_;
  BackendConnectionOptions options_;
  Recorder recorder_;
  std::unique_ptr<BackendConnection> connection_;
};

// What a connection that lives on tells, from head to end.
constexpr absl::string_view kWholeExchange =
    "request complete, head seen, head 200, end, reusable";

TEST_F(BackendConnectionTest, ExchangesFollowEachOther) {
  Connect();
  for (uint64_t i = 1; i <= 3; ++i) {
    recorder_.log.clear();
    Get();
    EXPECT_EQ(connection_->exchanges(), i);
    RunToTheEnd();
    EXPECT_EQ(recorder_.body, "GET /\n");
    EXPECT_EQ(recorder_.log, kWholeExchange);
  }
  ExpectAccepted(1);
}

TEST_F(BackendConnectionTest, RefusedDialIsReported) {
  backend_.StopListening();
  connection_ =
      std::make_unique<BackendConnection>(*loop_, options_, kId, owner());
  connection_->Dial();
  EXPECT_EQ(recorder_.log, "");  // Never inside the call.
  ASSERT_TRUE(RunUntil([&] { return !recorder_.log.empty(); }));
  EXPECT_EQ(recorder_.log, "dial failed");
  EXPECT_EQ(recorder_.dial_status.code(), absl::StatusCode::kUnavailable);
  // And may be tried again.
  recorder_.log.clear();
  backend_.ListenAgain();
  Connect();
}

TEST_F(BackendConnectionTest, CloseGivesUpADial) {
  connection_ =
      std::make_unique<BackendConnection>(*loop_, options_, kId, owner());
  connection_->Dial();
  connection_->Close();
  test::RunTurns(*loop_, 10);
  EXPECT_EQ(recorder_.log, "");
}

TEST_F(BackendConnectionTest, DestructionGivesUpEverything) {
  Connect();
  Get();
  connection_ = nullptr;
  test::RunTurns(*loop_, 10);
  EXPECT_EQ(recorder_.log, "request complete");
  ASSERT_TRUE(backend_.WaitForOpen(0));
}

// --- The idle connection -------------------------------------------------

TEST_F(BackendConnectionTest, UnsolicitedBytesCloseAnIdleConnection) {
  backend_.ScriptNextConnection([&](test::BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, "who asked?"));
    connection.ReadToEnd();
  });
  Connect();
  go_on_.Open();
  ASSERT_TRUE(RunUntil([&] { return recorder_.log == "closed"; }));
  ASSERT_TRUE(backend_.WaitForOpen(0));
}

TEST_F(BackendConnectionTest, EndAndResetCloseAnIdleConnection) {
  Connect();
  ASSERT_TRUE(backend_.WaitForConnections(1));
  backend_.CloseConnections();
  ASSERT_TRUE(RunUntil([&] { return recorder_.log == "closed"; }));
  recorder_.log.clear();
  Connect();
  ASSERT_TRUE(backend_.WaitForConnections(2));
  backend_.ResetConnections();
  ASSERT_TRUE(RunUntil([&] { return recorder_.log == "closed"; }));
}

TEST_F(BackendConnectionTest, LateBytesCloseTheConnectionAfterItsExchange) {
  backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
    connection.Send(MakeResponse(200, ""));
    connection.WaitFor(go_on_);
    connection.Send("x");
  });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(recorder_.log, kWholeExchange);
  go_on_.Open();
  ASSERT_TRUE(RunUntil([&] {
    return recorder_.log == absl::StrCat(kWholeExchange, ", closed");
  }));
}

// --- What prevents reuse -------------------------------------------------

TEST_F(BackendConnectionTest, BytesBehindAResponsePreventReuse) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(absl::StrCat(MakeResponse(200, "one"), "HTTP/1.1 "));
  });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(recorder_.body, "one");
  EXPECT_EQ(recorder_.log,
            "request complete, head seen, head 200, end, not reusable");
}

TEST_F(BackendConnectionTest, ResponseThatSaysClosePreventsReuse) {
  for (const absl::string_view response :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"}) {
    recorder_.log.clear();
    Connect();
    backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
      connection.Send(response);
      connection.ReadToEnd();
    });
    Get();
    RunToTheEnd();
    EXPECT_EQ(recorder_.body, "ok");
    EXPECT_EQ(recorder_.log,
              "request complete, head seen, head 200, end, not reusable");
  }
}

TEST_F(BackendConnectionTest, ResponseUntilCloseEndsWithTheConnection) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\n\r\nall there is");
    connection.Close();
  });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(recorder_.body, "all there is");
  EXPECT_EQ(recorder_.log,
            "request complete, head seen, head 200, end, not reusable");
}

TEST_F(BackendConnectionTest, EarlyResponsePreventsReuse) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(MakeResponse(200, ""));
    connection.ReadToEnd();
  });
  Connect();
  const uint64_t serial =
      Begin("POST", {BodyFraming::Kind::kContentLength, 10});
  connection_->SendBody(serial, Slice::Copy("half."));
  connection_->Flush(serial);
  RunToTheEnd();
  EXPECT_EQ(recorder_.log, "head seen, head 200, end, not reusable");
  // What the stream still says is ignored.
  connection_->SendBody(serial, Slice::Copy("half."));
  connection_->FinishRequest(serial, HeaderMap());
  connection_->Flush(serial);
  EXPECT_FALSE(connection_->Full(serial));
}

// --- Streams that are over -----------------------------------------------

TEST_F(BackendConnectionTest, OldSerialNumbersAreIgnored) {
  Connect();
  const uint64_t old = Get();
  RunToTheEnd();
  recorder_.log.clear();
  const uint64_t now = Begin();
  connection_->SendBody(old, Slice::Copy("not of this exchange"));
  connection_->FinishRequest(old, HeaderMap());
  connection_->PauseResponse(old);
  connection_->Abandon(old);
  connection_->Flush(old);
  EXPECT_EQ(recorder_.log, "");
  connection_->FinishRequest(now, HeaderMap());
  connection_->Flush(now);
  RunToTheEnd();
  EXPECT_EQ(recorder_.log, kWholeExchange);
  EXPECT_EQ(backend_.requests().size(), 2u);
}

TEST_F(BackendConnectionTest, AbandonedStreamHearsNothingMore) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(MakeResponse(200, std::string(1 << 20, 'x')));
  });
  Connect();
  const uint64_t serial = Get();
  recorder_.on_body = [&] {
    recorder_.on_body = nullptr;
    connection_->Abandon(serial);
  };
  ASSERT_TRUE(RunUntil([&] { return recorder_.on_body == nullptr; }));
  const size_t size = recorder_.body.size();
  test::RunTurns(*loop_, 20);
  EXPECT_EQ(recorder_.body.size(), size);
  EXPECT_EQ(recorder_.log, "request complete, head seen, head 200, abandoned");
  ASSERT_TRUE(backend_.WaitForOpen(0));
  EXPECT_EQ(backend_.connection(0).peer_end, SocketResult::kReset);
}

// --- Failures ------------------------------------------------------------

TEST_F(BackendConnectionTest, EndBeforeTheResponseIsAFailure) {
  backend_.ScriptNextRequest(
      [](test::BackendConnection& connection) { connection.Close(); });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(recorder_.log, "request complete, closed, backend_closed");
}

TEST_F(BackendConnectionTest, ResponseThatBreaksOffIsAFailure) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    connection.Close();
  });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(recorder_.body, "half");
  EXPECT_EQ(recorder_.log,
            "request complete, head seen, head 200, closed, backend_closed");
}

TEST_F(BackendConnectionTest, NonsenseIsAFailure) {
  for (const absl::string_view nonsense :
       {"220 mail.example ESMTP\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n"}) {
    recorder_.log.clear();
    Connect();
    backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
      connection.Send(nonsense);
      connection.ReadToEnd();
    });
    Get();
    RunToTheEnd();
    EXPECT_EQ(recorder_.log, "request complete, closed, backend_bad_response");
  }
}

TEST_F(BackendConnectionTest, SwitchThatNobodyAllowedIsAFailure) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
        "Connection: upgrade\r\n\r\nplain bytes");
    connection.ReadToEnd();
  });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(recorder_.log,
            "request complete, head seen, closed, backend_bad_response");
  EXPECT_EQ(recorder_.body, "");
}

TEST_F(BackendConnectionTest, SilenceIsAReadTimeout) {
  options_.read_idle_max = absl::Milliseconds(20);
  backend_.ScriptNextRequest(
      [](test::BackendConnection& connection) { connection.ReadToEnd(); });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(recorder_.log, "request complete, closed, backend_read_timeout");
}

TEST_F(BackendConnectionTest, SilenceInMidBodyIsAReadTimeout) {
  options_.read_idle_max = absl::Milliseconds(200);
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    connection.ReadToEnd();
  });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(
      recorder_.log,
      "request complete, head seen, head 200, closed, backend_read_timeout");
}

// The backend owes nothing while the request is still coming.
TEST_F(BackendConnectionTest, SlowRequestIsNoReadTimeout) {
  options_.read_idle_max = absl::Milliseconds(500);
  Connect();
  const uint64_t serial = Begin("POST", {BodyFraming::Kind::kChunked, 0});
  connection_->Flush(serial);
  Timer timer(*loop_, [] {});
  const absl::Time until = loop_->Now() + absl::Milliseconds(700);
  timer.ScheduleAt(until);
  ASSERT_TRUE(RunUntil([&] { return loop_->Now() >= until; }));
  EXPECT_FALSE(recorder_.ended);
  connection_->FinishRequest(serial, HeaderMap());
  connection_->Flush(serial);
  RunToTheEnd();
  EXPECT_EQ(recorder_.log, kWholeExchange);
}

TEST_F(BackendConnectionTest, BackendThatTakesNothingIsAWriteTimeout) {
  options_.write_idle_max = absl::Milliseconds(20);
  backend_.ScriptNextRequest(
      [&](test::BackendConnection& connection) { connection.WaitFor(go_on_); });
  Connect();
  const uint64_t serial = Begin("POST", {BodyFraming::Kind::kChunked, 0});
  while (!connection_->Full(serial)) {
    connection_->SendBody(serial, Slice::Copy(std::string(64 * 1024, 'x')));
    connection_->Flush(serial);
  }
  RunToTheEnd();
  EXPECT_EQ(recorder_.log, "closed, backend_write_timeout");
  go_on_.Open();
}

// --- Bodies --------------------------------------------------------------

TEST_F(BackendConnectionTest, InterimResponsesAndTrailersAreTold) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(
        absl::StrCat("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early "
                     "Hints\r\n\r\nHTTP/1.1 200 OK\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n",
                     test::MakeChunked("body", 2, "X-Sum: 4\r\n")));
  });
  Connect();
  Get();
  RunToTheEnd();
  EXPECT_EQ(recorder_.log,
            "request complete, interim 100, interim 103, head seen, head 200, "
            "end, reusable");
  EXPECT_EQ(recorder_.body, "body");
  EXPECT_EQ(recorder_.last_trailers.Find("X-Sum"), "4");
  // They belong to that response only.
  Get();
  RunToTheEnd();
  EXPECT_TRUE(recorder_.last_trailers.empty());
}

TEST_F(BackendConnectionTest, DrainedIsToldBelowHalfOfTheBound) {
  options_.output_high_bytes = 256 * 1024;
  backend_.ScriptNextRequest([&](test::BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.ReadBody();
    connection.Send(MakeResponse(200, ""));
  });
  Connect();
  const uint64_t serial = Begin("POST", {BodyFraming::Kind::kChunked, 0});
  while (!connection_->Full(serial)) {
    connection_->SendBody(serial, Slice::Copy(std::string(64 * 1024, 'x')));
    connection_->Flush(serial);
  }
  test::RunTurns(*loop_, 5);
  EXPECT_EQ(recorder_.drained, 0);
  go_on_.Open();
  ASSERT_TRUE(RunUntil([&] { return recorder_.drained > 0; }));
  EXPECT_FALSE(connection_->Full(serial));
  connection_->FinishRequest(serial, HeaderMap());
  connection_->Flush(serial);
  RunToTheEnd();
  EXPECT_EQ(recorder_.log, kWholeExchange);
}

TEST_F(BackendConnectionTest, PauseHoldsBackTheResponse) {
  const std::string body = test::MakePattern(4 << 20);
  backend_.ScriptNextRequest([body](test::BackendConnection& connection) {
    connection.Send(MakeResponse(200, body));
  });
  Connect();
  const uint64_t serial = Get();
  recorder_.on_body = [&] { connection_->PauseResponse(serial); };
  ASSERT_TRUE(RunUntil([&] { return !recorder_.body.empty(); }));
  while (recorder_.body.size() < body.size()) {
    const size_t size = recorder_.body.size();
    test::RunTurns(*loop_, 2);
    ASSERT_EQ(recorder_.body.size(), size);
    connection_->ResumeResponse(serial);
    ASSERT_EQ(recorder_.body.size(), size);  // Never inside the call.
    ASSERT_TRUE(RunUntil([&] { return recorder_.body.size() > size; }));
  }
  connection_->ResumeResponse(serial);
  RunToTheEnd();
  EXPECT_TRUE(recorder_.body == body);
  EXPECT_EQ(recorder_.log, kWholeExchange);
}

// --- Tunnels -------------------------------------------------------------

TEST_F(BackendConnectionTest, TunnelEndsWhenTheBackendEndsIt) {
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
        "Connection: upgrade\r\n\r\nhello");
    connection.Send(connection.ReadRaw(4));
    connection.ReadToEnd();
    connection.Close();
  });
  Connect();
  const uint64_t serial = Begin();
  connection_->AllowTunnel(serial);
  connection_->FinishRequest(serial, HeaderMap());
  connection_->Flush(serial);
  ASSERT_TRUE(RunUntil([&] { return recorder_.body == "hello"; }));
  connection_->SendBody(serial, Slice::Copy("ping"));
  connection_->Flush(serial);
  ASSERT_TRUE(RunUntil([&] { return recorder_.body == "helloping"; }));
  connection_->FinishRequest(serial, HeaderMap());
  RunToTheEnd();
  EXPECT_EQ(recorder_.log,
            "request complete, head seen, head 101, end, not reusable");
}

}  // namespace
}  // namespace rproxy
