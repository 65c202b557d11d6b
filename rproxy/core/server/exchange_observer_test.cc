#include "rproxy/core/server/exchange_observer.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"
#include "rproxy/core/server/connection_limiter.h"
#include "rproxy/core/server/server_fixture.h"
#include "rproxy/testing/raw_client.h"

namespace rproxy {
namespace {

using test::MakeRequest;
using test::RawClient;
using test::RawResponse;

// Keeps one line an exchange: method, target, status, cause, bytes in and out.
class Recorder final : public ExchangeObserver {
 public:
  void OnExchangeEnd(const ExchangeSummary& summary) override {
    absl::MutexLock lock(&mutex_);
    lines_.push_back(absl::StrCat(
        summary.request == nullptr ? "-" : summary.request->method, " ",
        summary.request == nullptr ? "-" : summary.request->target, " ",
        summary.response == nullptr ? 0 : summary.response->status, " ",
        ToString(summary.notes.cause, summary.notes.parse_error), " ",
        summary.bytes_in, " ", summary.bytes_out));
    ids_.push_back(summary.id.ToString());
  }

  // The next line, when it has come.
  std::string Next() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](std::deque<std::string>* lines) { return !lines->empty(); },
        &lines_));
    std::string line = lines_.front();
    lines_.pop_front();
    return line;
  }

  std::string LastId() {
    absl::MutexLock lock(&mutex_);
    return ids_.back();
  }

  size_t unread() {
    absl::MutexLock lock(&mutex_);
    return lines_.size();
  }

 private:
  absl::Mutex mutex_;
  std::deque<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> ids_ ABSL_GUARDED_BY(mutex_);
};

// Never answers.
class Waiting final : public Responder {
 public:
  void OnBody(Slice) override {}
  void OnRequestEnd(const HeaderMap&) override {}
};

// A tunnel that sends back what comes, and an exclamation mark at the end.
class Echo final : public Responder {
 public:
  explicit Echo(Exchange& exchange) : exchange_(exchange) {}
  void OnBody(Slice bytes) override { exchange_.SendBody(std::move(bytes)); }
  void OnRequestEnd(const HeaderMap&) override {
    if (std::exchange(tunnelling_, true)) {
      exchange_.SendBody(Slice::Copy("!"));
      exchange_.Finish(HeaderMap());
      return;
    }
    ResponseHead head;
    head.status = 101;
    head.reason = "Switching Protocols";
    head.headers.Add("Upgrade", "x");
    exchange_.SendHead(std::move(head), {BodyFraming::Kind::kTunnel, 0});
    exchange_.Flush();
  }

 private:
  Exchange& exchange_;
  bool tunnelling_ = false;
};

std::unique_ptr<Responder> Serve(Exchange& exchange) {
  const std::string target = exchange.request().target;
  // Observers are told what came, whatever a handler makes of it.
  exchange.request() = RequestHead();
  if (target == "/ok") {
    exchange.Reply(200, "text/plain", "12345", HeaderMap());
    return nullptr;
  }
  if (target == "/error") {
    exchange.ReplyError(503, Cause::kPendingTimeout, HeaderMap());
    return nullptr;
  }
  if (target == "/abort") {
    exchange.notes().SetCause(Cause::kBackendClosed);
    exchange.Abort();
    return std::make_unique<Waiting>();
  }
  if (target == "/tunnel") {
    return std::make_unique<Echo>(exchange);
  }
  return std::make_unique<Waiting>();
}

class ExchangeObserverTest : public ServerFixture {
 protected:
  void Run(HttpServerOptions options = {}) {
    options.observer = &recorder_;
    Start(Serve, std::move(options));
  }

  // Nothing was told twice.
  ~ExchangeObserverTest() override {
    if (thread_ != nullptr) {
      thread_->RunAndWait([this] { server_ = nullptr; });
    }
    EXPECT_EQ(recorder_.unread(), 0u);
  }

  Recorder recorder_;
};

TEST_F(ExchangeObserverTest, AnsweredExchangesAreTold) {
  Run();
  RawClient client(endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/ok")).status, 200);
  EXPECT_EQ(client.Exchange(MakeRequest("POST", "/ok", "", "abc")).status, 200);
  EXPECT_EQ(recorder_.Next(), "GET /ok 200 - 0 5");
  EXPECT_EQ(recorder_.Next(), "POST /ok 200 - 3 5");
}

TEST_F(ExchangeObserverTest, AnswerToHeadHasNoBytes) {
  Run();
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(MakeRequest("HEAD", "/ok")));
  client.ReadResponse("HEAD");
  EXPECT_EQ(recorder_.Next(), "HEAD /ok 200 - 0 0");
}

TEST_F(ExchangeObserverTest, ErrorsCarryTheirIdAndTheirCause) {
  Run();
  RawClient client(endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/error"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "503 Service Unavailable\n");
  EXPECT_EQ(response.head.Only("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response.head.Only("Server"), "rproxy");
  EXPECT_TRUE(response.head.Has("Date"));
  EXPECT_EQ(recorder_.Next(), "GET /error 503 pending_timeout 0 24");
  EXPECT_EQ(response.head.Only("X-Request-Id"), recorder_.LastId());
}

TEST_F(ExchangeObserverTest, RequestsThatNoHandlerSawAreTold) {
  Run();
  RawClient client(endpoint());
  const RawResponse response =
      client.Exchange("GET / HTTP/1.1\r\na b: c\r\n\r\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(recorder_.Next(), "- - 400 bad_request_bad_field_name 0 16");
  EXPECT_EQ(response.head.Only("X-Request-Id"), recorder_.LastId());
}

TEST_F(ExchangeObserverTest, BadChunkNamesItsRequest) {
  Run();
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(
      "POST /wait HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nzz\r\n"));
  EXPECT_EQ(client.ReadResponse("POST").status, 400);
  EXPECT_EQ(recorder_.Next(), "POST /wait 400 bad_request_bad_chunk 3 16");
}

TEST_F(ExchangeObserverTest, LimitsHaveTheirCauses) {
  Run({.body_bytes_max = 3});
  {
    RawClient client(endpoint());
    EXPECT_EQ(client.Exchange(MakeRequest("POST", "/wait", "", "1234")).status,
              413);
    EXPECT_EQ(recorder_.Next(), "POST /wait 413 body_too_large 0 22");
  }
  RawClient client(endpoint());
  EXPECT_EQ(
      client.Exchange(MakeRequest("GET", "/wait", "Expect: x\r\n")).status,
      417);
  EXPECT_EQ(recorder_.Next(), "GET /wait 417 unsupported_expectation 0 23");
}

TEST_F(ExchangeObserverTest, SlowHeadHasItsCause) {
  Run({.head_time_max = absl::Milliseconds(20)});
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHo"));
  EXPECT_EQ(client.ReadResponse().status, 408);
  EXPECT_EQ(recorder_.Next(), "- - 408 head_timeout 0 20");
}

TEST_F(ExchangeObserverTest, SilentBodyHasItsCause) {
  Run({.body_idle_max = absl::Milliseconds(30)});
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(
      "POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"));
  EXPECT_EQ(client.ReadResponse("POST").status, 408);
  EXPECT_EQ(recorder_.Next(), "POST /wait 408 body_timeout 1 20");
}

TEST_F(ExchangeObserverTest, ClientsThatGoAreTold) {
  Run();
  {
    RawClient client(endpoint());
    ASSERT_TRUE(client.Send(
        "POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"));
  }
  EXPECT_EQ(recorder_.Next(), "POST /wait 0 client_gone 1 0");
}

TEST_F(ExchangeObserverTest, ConnectionsWithoutARequestAreNoExchange) {
  Run();
  { RawClient client(endpoint()); }
  RawClient client(endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/ok")).status, 200);
  EXPECT_EQ(recorder_.Next(), "GET /ok 200 - 0 5");
}

TEST_F(ExchangeObserverTest, CauseOfAnAbortIsTheHandlers) {
  Run();
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(MakeRequest("GET", "/abort")));
  EXPECT_EQ(recorder_.Next(), "GET /abort 0 backend_closed 0 0");
}

TEST_F(ExchangeObserverTest, EndOfTheServerIsTold) {
  Run();
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(
      "POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"));
  // The next exchange shows that the first has begun.
  RawClient other(endpoint());
  EXPECT_EQ(other.Exchange(MakeRequest("GET", "/ok")).status, 200);
  EXPECT_EQ(recorder_.Next(), "GET /ok 200 - 0 5");
  while (OnLoop([this] { return server_->requests(); }) < 2) {
  }
  thread_->RunAndWait([this] { server_ = nullptr; });
  EXPECT_EQ(recorder_.Next(), "POST /wait 0 shutdown 1 0");
}

TEST_F(ExchangeObserverTest, PagesReplaceTheLineOfText) {
  const std::vector<ErrorPage> pages = {
      {.status = 503, .content_type = "text/html", .body = "<p>later</p>"}};
  Run({.error_pages = pages});
  RawClient client(endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/error"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.head.Only("Content-Type"), "text/html");
  EXPECT_EQ(response.head.Only("Content-Length"), "12");
  EXPECT_EQ(response.body, "<p>later</p>");
  EXPECT_EQ(recorder_.Next(), "GET /error 503 pending_timeout 0 12");
  thread_->RunAndWait([this] { server_ = nullptr; });
}

TEST_F(ExchangeObserverTest, ConnectionsOverTheLimitAreRefused) {
  ConnectionLimiter limiter(1, SIZE_MAX);
  Run({.connection_limiter = &limiter});
  {
    RawClient client(endpoint());
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/ok")).status, 200);
    EXPECT_EQ(recorder_.Next(), "GET /ok 200 - 0 5");
    RawClient other(endpoint());
    const RawResponse response = other.Exchange(MakeRequest("GET", "/ok"));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.head.Only("Connection"), "close");
    EXPECT_EQ(recorder_.Next(), "- - 503 connections_limit 0 24");
    EXPECT_TRUE(other.ReadsEndOnly());
  }
  // A connection that ended makes room.
  while (limiter.connections() > 0) {
  }
  RawClient client(endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/ok")).status, 200);
  EXPECT_EQ(recorder_.Next(), "GET /ok 200 - 0 5");
  thread_->RunAndWait([this] { server_ = nullptr; });
}

TEST_F(ExchangeObserverTest, TunnelsAreToldAtTheirEndWithTheirBytes) {
  Run();
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(
      MakeRequest("GET", "/tunnel", "Connection: upgrade\r\nUpgrade: x\r\n")));
  ASSERT_TRUE(client.Send("abc"));
  client.HalfClose();
  EXPECT_EQ(recorder_.Next(), "GET /tunnel 101 - 3 4");
}

}  // namespace
}  // namespace rproxy
