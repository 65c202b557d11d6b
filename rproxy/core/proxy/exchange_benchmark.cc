// One whole exchange: client, proxy and backend, over loopback sockets, all on
// one loop and one thread, so that the figure is the sum of their work.
//
// BM_Direct is the same client and backend without the proxy between them: the
// difference to BM_Proxied is what the proxy costs.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "rproxy/core/backend/connection_pool.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/connection.h"
#include "rproxy/core/net/dialer.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/proxy/proxy_handler.h"
#include "rproxy/core/routing/router.h"
#include "rproxy/core/server/http_server.h"

namespace rproxy {
namespace {

// What browsers send, more or less.
constexpr absl::string_view kFields =
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n";

// Answers every request with the same body, once it has come whole.
class FixedBody final : public Handler {
 public:
  explicit FixedBody(size_t size) : body_(size, 'x') {}
  std::unique_ptr<Responder> Handle(Exchange& exchange) override {
    return std::make_unique<Answer>(exchange, body_);
  }

 private:
  class Answer final : public Responder {
   public:
    Answer(Exchange& exchange, const std::string& body)
        : exchange_(exchange), body_(body) {}
    void OnBody(Slice) override {}
    void OnRequestEnd(const HeaderMap&) override {
      exchange_.Reply(200, "text/html", body_, HeaderMap());
    }

   private:
    Exchange& exchange_;
    const std::string& body_;
  };

  const std::string body_;
};

// A server on a port that the system chooses.
SocketAddress ListenAnywhere(HttpServer& server) {
  absl::StatusOr<UniqueFd> socket =
      Listen(*SocketAddress::Parse("127.0.0.1", 0), ListenOptions());
  CHECK(socket.ok()) << socket.status();
  const SocketAddress address = LocalAddress(socket->get());
  CHECK(server.Listen(*std::move(socket)).ok());
  return address;
}

// Writes a request and stops the loop when its response is there.
class Client final : private Connection::Events {
 public:
  Client(EventLoop& loop, const SocketAddress& address) : loop_(loop) {
    Dial dial(loop, address, DialOptions(),
              [this](absl::StatusOr<std::unique_ptr<Transport>> transport) {
                CHECK(transport.ok()) << transport.status();
                connection_ = std::make_unique<Connection>(
                    loop_, *std::move(transport),
                    *static_cast<Connection::Events*>(this));
                CHECK(connection_->Start().ok());
                loop_.Stop();
              });
    loop.Run();
  }

  // The response has as many bytes as the first one, which is measured here.
  void LearnSize(absl::string_view request, size_t body_size) {
    response_size_ = 0;
    Send(request);
    do {
      loop_.Run();
      const size_t head = text_.find("\r\n\r\n");
      if (head != std::string::npos) response_size_ = head + 4 + body_size;
    } while (response_size_ == 0 || text_.size() < response_size_);
    CHECK(text_.compare(0, 15, "HTTP/1.1 200 OK") == 0) << text_;
    CHECK_EQ(text_.size(), response_size_);
  }

  void Exchange(absl::string_view request) {
    received_ = 0;
    Send(request);
    loop_.Run();
    CHECK_EQ(received_, response_size_);
  }

 private:
  void Send(absl::string_view request) {
    connection_->output().Append(request);
    connection_->Flush();
  }

  void OnInput() override {
    Buffer& input = connection_->input();
    if (response_size_ == 0 || text_.size() < response_size_) {
      while (!input.empty()) {
        absl::StrAppend(&text_, input.front().view());
        input.Drain(input.front().size());
      }
      loop_.Stop();
      return;
    }
    received_ += input.size();
    input.Clear();
    if (received_ >= response_size_) loop_.Stop();
  }
  void OnInputEnd() override { LOG(FATAL) << "the server hung up"; }
  void OnOutputDrained() override {}
  void OnError(int error) override { LOG(FATAL) << "errno " << error; }

  EventLoop& loop_;
  std::unique_ptr<Connection> connection_;
  std::string text_;  // The first response.
  size_t response_size_ = 0;
  size_t received_ = 0;
};

// Exchanges with `address` until the benchmark has seen enough. Arguments:
// bytes of the response's body, bytes of the request's.
void Measure(benchmark::State& state, EventLoop& loop,
             const SocketAddress& address) {
  const size_t down = static_cast<size_t>(state.range(0));
  const size_t up = static_cast<size_t>(state.range(1));
  std::string request = absl::StrCat(up == 0 ? "GET" : "POST",
                                     " /index.html HTTP/1.1\r\n", kFields);
  if (up > 0) absl::StrAppend(&request, "Content-Length: ", up, "\r\n");
  absl::StrAppend(&request, "\r\n", std::string(up, 'y'));
  Client client(loop, address);
  client.LearnSize(request, down);
  for (auto _ : state) client.Exchange(request);
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(down + up));
}

void BM_Direct(benchmark::State& state) {
  const auto loop = *EventLoop::Create();
  FixedBody handler(static_cast<size_t>(state.range(0)));
  HttpServer backend(*loop, handler, HttpServerOptions());
  Measure(state, *loop, ListenAnywhere(backend));
}

void BM_Proxied(benchmark::State& state) {
  const auto loop = *EventLoop::Create();
  FixedBody backend_handler(static_cast<size_t>(state.range(0)));
  HttpServer backend(*loop, backend_handler, HttpServerOptions());

  const Router router =
      *Router::Create({{.title = "*",
                        .aliases = {},
                        .rules = {{RuleConfig::Match::kGlob, "*", 0}}}});
  std::vector<ForwardRule> rules(1);
  rules[0].x_forwarded_for = true;
  auto pool = std::make_unique<ConnectionPool>(*loop, PoolState::Options());
  ConnectionPool::Backend options;
  options.connection.address = ListenAnywhere(backend);
  rules[0].set = pool->AddSet({pool->AddBackend(std::move(options))},
                              LoadBalancingMethod::kRtt);
  pool->Start();
  ProxyHandler handler(router, rules, *pool);
  auto proxy =
      std::make_unique<HttpServer>(*loop, handler, HttpServerOptions());
  Measure(state, *loop, ListenAnywhere(*proxy));
  // The sessions' exchanges hold streams until the end of a turn.
  loop->Post([&] {
    proxy = nullptr;
    loop->DeleteLater(std::move(pool));
    loop->Stop();
  });
  loop->Run();
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"down", "up"});
  benchmark->Args({0, 0});
  benchmark->Args({1024, 0});
  benchmark->Args({16 * 1024, 0});
  benchmark->Args({256 * 1024, 0});
  benchmark->Args({0, 1024});
  benchmark->Args({0, 256 * 1024});
}
BENCHMARK(BM_Direct)->Apply(Sizes);
BENCHMARK(BM_Proxied)->Apply(Sizes);

}  // namespace
}  // namespace rproxy
