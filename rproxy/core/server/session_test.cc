#include "rproxy/core/server/session.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/server/server_fixture.h"
#include "rproxy/testing/raw_client.h"

namespace rproxy {
namespace {

using test::MakePattern;
using test::MakeRequest;
using test::RawClient;
using test::RawResponse;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::unique_ptr<Responder> ReplyOk(Exchange& exchange) {
  exchange.Reply(200, "text/plain", exchange.request().target, HeaderMap());
  return nullptr;
}

ResponseHead Head(int status) {
  ResponseHead head;
  head.status = status;
  head.reason = std::string(ReasonPhrase(status));
  return head;
}

// Answers with what it was sent, as it comes.
class Echo final : public Responder {
 public:
  explicit Echo(Exchange& exchange) : exchange_(exchange) {
    exchange.SendHead(Head(200), {BodyFraming::Kind::kChunked, 0});
  }
  void OnBody(Slice bytes) override { exchange_.SendBody(std::move(bytes)); }
  void OnRequestEnd(const HeaderMap& trailers) override {
    exchange_.Finish(trailers);
  }
  void OnBatchEnd() override { exchange_.Flush(); }

 private:
  Exchange& exchange_;
};

// Never answers; counts how it ends.
class Silent final : public Responder {
 public:
  explicit Silent(int* destroyed) : destroyed_(destroyed) {}
  ~Silent() override { ++*destroyed_; }
  void OnBody(Slice) override {}
  void OnRequestEnd(const HeaderMap&) override {}

 private:
  int* destroyed_;
};

class SessionTest : public ServerFixture {};

// --- Framing -------------------------------------------------------------

TEST_F(SessionTest, WholeReplyHasLengthDateAndServer) {
  Start(ReplyOk);
  RawClient client(endpoint());
  const RawResponse response = client.Exchange(kGet);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "/");
  EXPECT_EQ(response.head.Only("Content-Length"), "1");
  EXPECT_EQ(response.head.Only("Server"), "rproxy");
  EXPECT_TRUE(response.head.Has("Date"));
  EXPECT_FALSE(response.head.Has("Connection"));
}

TEST_F(SessionTest, RequestsFollowEachOtherOnOneConnection) {
  Start(ReplyOk);
  RawClient client(endpoint());
  for (int i = 0; i < 100; ++i) {
    const std::string target = absl::StrCat("/", i);
    ASSERT_EQ(client.Exchange(MakeRequest("GET", target)).body, target);
  }
}

TEST_F(SessionTest, PipelinedRequestsAreAnsweredInOrder) {
  Start(ReplyOk);
  RawClient client(endpoint());
  std::string all;
  for (int i = 0; i < 100; ++i) {
    all += MakeRequest("GET", absl::StrCat("/", i));
  }
  ASSERT_TRUE(client.SendInPieces(all, 1000));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.ReadResponse().body, absl::StrCat("/", i));
  }
}

// Answers of our own are output like any other: a client that sends requests
// and reads nothing must not make us hold them all.
TEST_F(SessionTest, PipeliningClientThatReadsNothingGetsNoMoreAnswers) {
  const std::string body(20'000, 'x');
  Start([&](Exchange& exchange) {
    exchange.Reply(404, "text/plain", body, HeaderMap());
    return nullptr;
  });
  RawClient client(endpoint(), {.receive_buffer_bytes = 4096});
  std::string all;
  for (int i = 0; i < 2000; ++i) all += kGet;
  ASSERT_TRUE(client.Send(all));
  while (OnLoop([&] { return server_->requests(); }) < 10) {
  }
  // 40 MB if nothing held it back; the socket takes some, and our bound is
  // 256 KiB.
  EXPECT_LT(OnLoop([&] { return server_->requests(); }), 1000u);
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(client.ReadResponse().body.size(), body.size()) << i;
  }
}

// The rest of the response is on its way for longer than we linger.
TEST_F(SessionTest, SlowReaderGetsAllBeforeAnEndWithMoreBehindIt) {
  HttpServerOptions options;
  options.output_high_bytes = 1 << 30;
  const std::string body = MakePattern(8 << 20);
  Start(
      [&](Exchange& exchange) {
        exchange.Reply(200, "text/plain", body, HeaderMap());
        return nullptr;
      },
      std::move(options));
  RawClient client(endpoint(), {.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.Send(absl::StrCat(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", kGet)));
  const RawResponse response = client.ReadResponse();
  EXPECT_TRUE(response.complete()) << response.end;
  EXPECT_TRUE(response.body == body);
}

TEST_F(SessionTest, TimeForAHeadBeginsWithItsFirstByte) {
  HttpServerOptions options;
  options.head_time_max = absl::Milliseconds(300);
  Start(ReplyOk, std::move(options));
  RawClient idle(endpoint());
  ASSERT_EQ(idle.Exchange(kGet).status, 200);
  // Another connection's time limit is over: so is what `idle` has waited.
  RawClient clock(endpoint());
  ASSERT_TRUE(clock.Send("GET"));
  ASSERT_EQ(clock.ReadResponse().status, 408);
  ASSERT_TRUE(idle.Send("GET / HTTP/1.1\r\n"));
  ASSERT_TRUE(idle.Send("Host: a\r\n\r\n"));
  EXPECT_EQ(idle.ReadResponse().status, 200);
}

TEST_F(SessionTest, PipelinedRequestsBeforeAHalfCloseAreAllAnswered) {
  Start(ReplyOk);
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(absl::StrCat(kGet, kGet, kGet)));
  client.HalfClose();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.ReadResponse().complete());
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(SessionTest, UnknownLengthIsChunkedForHttp11) {
  Start([](Exchange& exchange) { return std::make_unique<Echo>(exchange); });
  RawClient client(endpoint());
  const std::string body = MakePattern(300'000);
  ASSERT_TRUE(client.Send(MakeRequest("POST", "/", "", body)));
  const RawResponse response = client.ReadResponse("POST");
  EXPECT_EQ(response.framing, test::WireFraming::kChunked);
  EXPECT_EQ(response.body, body);
  // And the connection goes on.
  EXPECT_TRUE(client.Exchange(MakeRequest("POST", "/", "", "x")).complete());
}

TEST_F(SessionTest, UnknownLengthEndsWithTheConnectionForHttp10) {
  Start([](Exchange& exchange) { return std::make_unique<Echo>(exchange); });
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(
      "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n"
      "abc"));
  const RawResponse response = client.ReadResponse("POST");
  EXPECT_FALSE(response.head.Has("Transfer-Encoding"));
  EXPECT_EQ(response.head.Only("Connection"), "close");
  EXPECT_EQ(response.framing, test::WireFraming::kUntilClose);
  EXPECT_EQ(response.body, "abc");
}

// A proxy makes the request its own, HTTP/1.1 and all.
TEST_F(SessionTest, HandlerThatRewritesTheRequestDoesNotChangeItsClient) {
  Start([](Exchange& exchange) {
    exchange.request().version = HttpVersion::kHttp11;
    exchange.request().method = "GET";
    exchange.SendHead(Head(200), {BodyFraming::Kind::kChunked, 0});
    exchange.SendBody(Slice::Copy("abc"));
    exchange.Finish(HeaderMap());
    return nullptr;
  });
  RawClient old(endpoint());
  const RawResponse unwrapped = old.Exchange("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(unwrapped.framing, test::WireFraming::kUntilClose);
  EXPECT_EQ(unwrapped.body, "abc");
  RawClient head(endpoint());
  EXPECT_EQ(head.Exchange(MakeRequest("HEAD", "/"), "HEAD").body, "");
  EXPECT_EQ(head.Exchange(MakeRequest("HEAD", "/"), "HEAD").status, 200);
}

TEST_F(SessionTest, TrailersGoBothWays) {
  Start([](Exchange& exchange) { return std::make_unique<Echo>(exchange); });
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(absl::StrCat(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      test::MakeChunked("hello", 2, "X-Sum: 5\r\n"))));
  const RawResponse response = client.ReadResponse("POST");
  EXPECT_EQ(response.body, "hello");
  ASSERT_EQ(response.trailers.size(), 1u);
  EXPECT_EQ(response.trailers[0].name, "X-Sum");
}

TEST_F(SessionTest, HeadGetsTheLengthAndNoBody) {
  Start([](Exchange& exchange) {
    exchange.Reply(200, "text/plain", "twelve bytes", HeaderMap());
    return nullptr;
  });
  RawClient client(endpoint());
  const RawResponse response =
      client.Exchange(MakeRequest("HEAD", "/"), "HEAD");
  EXPECT_EQ(response.head.Only("Content-Length"), "12");
  EXPECT_EQ(response.raw, response.head.raw);
  EXPECT_TRUE(client.Exchange(kGet).complete());
}

TEST_F(SessionTest, NoContentHasNoLength) {
  Start([](Exchange& exchange) {
    exchange.Reply(204, "", "", HeaderMap());
    return nullptr;
  });
  RawClient client(endpoint());
  const RawResponse response = client.Exchange(kGet);
  EXPECT_EQ(response.status, 204);
  EXPECT_FALSE(response.head.Has("Content-Length"));
  EXPECT_FALSE(response.head.Has("Content-Type"));
  EXPECT_TRUE(client.Exchange(kGet).complete());
}

TEST_F(SessionTest, BodylessResponseSaysLengthZero) {
  Start([](Exchange& exchange) {
    exchange.SendHead(Head(200), BodyFraming());
    exchange.Finish(HeaderMap());
    return nullptr;
  });
  RawClient client(endpoint());
  EXPECT_EQ(client.Exchange(kGet).head.Only("Content-Length"), "0");
}

TEST_F(SessionTest, InterimResponsesReachHttp11Only) {
  Start([](Exchange& exchange) {
    ResponseHead early = Head(103);
    early.headers.Add("Link", "</a.css>");
    exchange.SendInterim(early);
    exchange.Reply(200, "text/plain", "", HeaderMap());
    return nullptr;
  });
  RawClient modern(endpoint());
  ASSERT_TRUE(modern.Send(kGet));
  const RawResponse interim = modern.ReadResponse();
  EXPECT_EQ(interim.status, 103);
  EXPECT_EQ(interim.head.Only("Link"), "</a.css>");
  EXPECT_EQ(modern.ReadResponse().status, 200);

  RawClient old(endpoint());
  EXPECT_EQ(old.Exchange("GET / HTTP/1.0\r\n\r\n").status, 200);
}

// --- Persistence ---------------------------------------------------------

TEST_F(SessionTest, CloseIsHonouredAndSaid) {
  Start(ReplyOk);
  RawClient client(endpoint());
  const RawResponse response = client.Exchange(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n");
  EXPECT_EQ(response.head.Only("Connection"), "close");
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(SessionTest, Http10ClosesUnlessAskedToStay) {
  Start(ReplyOk);
  RawClient closing(endpoint());
  EXPECT_EQ(closing.Exchange("GET / HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(closing.ReadsEndOnly());

  RawClient staying(endpoint());
  for (int i = 0; i < 2; ++i) {
    const RawResponse response =
        staying.Exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(response.head.Only("Connection"), "keep-alive");
  }
}

TEST_F(SessionTest, UnreadBodyWithinTheBoundKeepsTheConnection) {
  HttpServerOptions options;
  options.drain_bytes_max = 1000;
  Start(ReplyOk, std::move(options));
  RawClient client(endpoint());
  const std::string body(1000, 'x');
  EXPECT_EQ(client.Exchange(MakeRequest("POST", "/1", "", body)).body, "/1");
  EXPECT_EQ(client.Exchange(MakeRequest("POST", "/2", "", body)).body, "/2");
}

TEST_F(SessionTest, UnreadBodyBeyondTheBoundEndsTheConnection) {
  HttpServerOptions options;
  options.drain_bytes_max = 1000;
  Start(ReplyOk, std::move(options));
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse("POST").body, "/1");
  client.Send(std::string(2000, 'x'));
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(SessionTest, AnswerBeforeTheExpectedBodyEndsTheConnection) {
  Start(ReplyOk);
  RawClient client(endpoint());
  const RawResponse response = client.Exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(response.head.Only("Connection"), "close");
  EXPECT_TRUE(client.ReadsEndOnly());
}

// --- Bad requests --------------------------------------------------------

TEST_F(SessionTest, BadRequestGetsAnAnswerAndTheEnd) {
  Start(ReplyOk);
  RawClient client(endpoint());
  const RawResponse response =
      client.Exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.head.Only("Connection"), "close");
  EXPECT_EQ(response.body, "400 Bad Request\n");
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(SessionTest, BadChunkAfterAGoodHeadIsRefused) {
  int destroyed = 0;
  Start([&](Exchange&) { return std::make_unique<Silent>(&destroyed); });
  RawClient client(endpoint());
  const RawResponse response = client.Exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_EQ(OnLoop([&] { return destroyed; }), 1);
}

TEST_F(SessionTest, GoodRequestBeforeABadOneIsAnswered) {
  Start(ReplyOk);
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(absl::StrCat(kGet, "nonsense\r\n\r\n")));
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_EQ(client.ReadResponse().status, 400);
  EXPECT_TRUE(client.ReadsEndOnly());
}

// --- Clients that go, and time -------------------------------------------

TEST_F(SessionTest, ClientThatResetsDestroysItsResponder) {
  int destroyed = 0;
  Start([&](Exchange&) { return std::make_unique<Silent>(&destroyed); });
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(kGet));
  while (OnLoop([&] { return server_->requests(); }) < 1) {
  }
  client.Reset();
  while (OnLoop([&] { return destroyed; }) < 1) {
  }
  EXPECT_EQ(OnLoop([&] { return server_->sessions(); }), 0u);
}

TEST_F(SessionTest, TruncatedRequestDestroysItsResponder) {
  int destroyed = 0;
  Start([&](Exchange&) { return std::make_unique<Silent>(&destroyed); });
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
  client.HalfClose();
  EXPECT_TRUE(client.ReadsEndOnly());
  while (OnLoop([&] { return destroyed; }) < 1) {
  }
}

TEST_F(SessionTest, SlowHeadGets408) {
  HttpServerOptions options;
  options.head_time_max = absl::Milliseconds(50);
  Start(ReplyOk, std::move(options));
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHo"));
  EXPECT_EQ(client.ReadResponse().status, 408);
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(SessionTest, SilentConnectionEndsWithoutAWord) {
  HttpServerOptions options;
  options.head_time_max = absl::Milliseconds(50);
  Start(ReplyOk, std::move(options));
  RawClient client(endpoint());
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(SessionTest, IdleConnectionEndsAfterTheKeepAliveTime) {
  HttpServerOptions options;
  options.keep_alive_max = absl::Milliseconds(50);
  Start(ReplyOk, std::move(options));
  RawClient client(endpoint());
  EXPECT_EQ(client.Exchange(kGet).status, 200);
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(SessionTest, StalledBodyGets408) {
  int destroyed = 0;
  HttpServerOptions options;
  options.body_idle_max = absl::Milliseconds(50);
  Start([&](Exchange&) { return std::make_unique<Silent>(&destroyed); },
        std::move(options));
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_EQ(client.ReadResponse("POST").status, 408);
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_EQ(OnLoop([&] { return destroyed; }), 1);
}

TEST_F(SessionTest, ClientThatReadsNothingIsGivenUp) {
  HttpServerOptions options;
  options.write_idle_max = absl::Milliseconds(50);
  options.output_high_bytes = 1 << 30;
  const std::string body = MakePattern(32 << 20);
  Start(
      [&](Exchange& exchange) {
        exchange.Reply(200, "text/plain", body, HeaderMap());
        return nullptr;
      },
      std::move(options));
  RawClient client(endpoint(), {.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.Send(kGet));
  while (OnLoop([&] { return server_->requests(); }) < 1) {
  }
  while (OnLoop([&] { return server_->sessions(); }) > 0) {
  }
}

// --- Endings -------------------------------------------------------------

TEST_F(SessionTest, AbortBeforeTheHeadResets) {
  Start([](Exchange& exchange) {
    exchange.Abort();
    return nullptr;
  });
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(kGet));
  EXPECT_EQ(client.ReadResponse().end, test::ResponseEnd::kReset);
}

TEST_F(SessionTest, AbortInMidBodyShowsTruncation) {
  Start([](Exchange& exchange) {
    exchange.SendHead(Head(200), {BodyFraming::Kind::kChunked, 0});
    exchange.SendBody(Slice::Copy("half"));
    exchange.Abort();
    return nullptr;
  });
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(kGet));
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.body, "half");
  EXPECT_EQ(response.end, test::ResponseEnd::kTruncated);
}

TEST_F(SessionTest, TooFewBytesForTheLengthShowTruncation) {
  Start([](Exchange& exchange) {
    exchange.SendHead(Head(200), {BodyFraming::Kind::kContentLength, 10});
    exchange.SendBody(Slice::Copy("four"));
    exchange.Finish(HeaderMap());
    return nullptr;
  });
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(kGet));
  EXPECT_EQ(client.ReadResponse().end, test::ResponseEnd::kTruncated);
}

// --- Tunnels -------------------------------------------------------------

class TunnelEcho final : public Responder {
 public:
  explicit TunnelEcho(Exchange& exchange) : exchange_(exchange) {}
  void OnBody(Slice bytes) override { exchange_.SendBody(std::move(bytes)); }
  void OnRequestEnd(const HeaderMap&) override {
    if (!std::exchange(switched_, true)) {
      ResponseHead head = Head(101);
      head.headers.Add("Upgrade", "echo");
      exchange_.SendHead(std::move(head), {BodyFraming::Kind::kTunnel, 0});
      exchange_.Flush();
    } else {
      exchange_.Finish(HeaderMap());
    }
  }
  void OnBatchEnd() override { exchange_.Flush(); }

 private:
  Exchange& exchange_;
  bool switched_ = false;
};

TEST_F(SessionTest, TunnelCarriesEarlyAndLateBytesAndEnds) {
  Start([](Exchange& exchange) {
    return std::make_unique<TunnelEcho>(exchange);
  });
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(absl::StrCat(kGet, "GET early")));
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 101);
  EXPECT_EQ(response.head.Only("Connection"), "upgrade");
  EXPECT_EQ(response.head.Only("Upgrade"), "echo");
  EXPECT_EQ(client.ReadExactly(9), "GET early");
  const std::string late = MakePattern(200'000);
  ASSERT_TRUE(client.Send(late));
  EXPECT_TRUE(client.ReadExactly(late.size()) == late);
  client.HalfClose();
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(SessionTest, IdleTunnelEnds) {
  HttpServerOptions options;
  options.tunnel_idle_max = absl::Milliseconds(50);
  Start(
      [](Exchange& exchange) { return std::make_unique<TunnelEcho>(exchange); },
      std::move(options));
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(kGet));
  EXPECT_EQ(client.ReadResponse().status, 101);
  EXPECT_TRUE(client.ReadsEndOnly());
}

}  // namespace
}  // namespace rproxy
