#include "rproxy/core/http/parser.h"

#include <string>

#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/message.h"

namespace rproxy {
namespace {

constexpr absl::string_view kRequest =
    "GET /catalogue/items/4711?view=full&lang=en HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    "\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.example.com/catalogue/\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    "Connection: keep-alive\r\n"
    "If-None-Match: \"5f3a-9c\"\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";

constexpr absl::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.26.2\r\n"
    "Date: Tue, 04 Mar 2025 10:00:00 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 0\r\n"
    "Last-Modified: Mon, 03 Mar 2025 08:00:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"67c5f2a0-264\"\r\n"
    "Cache-Control: public, max-age=3600\r\n"
    "Vary: Accept-Encoding\r\n"
    "Accept-Ranges: bytes\r\n"
    "\r\n";

template <typename Head>
class NullVisitor final : public ParserVisitor<Head> {
 public:
  void OnHead(Head head, const BodyFraming&) override {
    benchmark::DoNotOptimize(head);
  }
  void OnBody(absl::string_view bytes) override {
    benchmark::DoNotOptimize(bytes);
  }
  void OnTrailers(const HeaderMap&) override {}
  void OnMessageEnd() override {}
};

void SetBytes(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(bytes) * state.iterations());
}

// The parser's share of one keep-alive request with ten fields.
void BM_Request(benchmark::State& state) {
  const HttpPolicy policy;
  NullVisitor<RequestHead> visitor;
  RequestParser parser(policy, visitor);
  for (auto _ : state) {
    if (parser.Parse(kRequest) != kRequest.size()) state.SkipWithError("");
    parser.Next();
  }
  SetBytes(state, kRequest.size());
}
BENCHMARK(BM_Request);

// The least a request can be.
void BM_SmallRequest(benchmark::State& state) {
  const HttpPolicy policy;
  NullVisitor<RequestHead> visitor;
  RequestParser parser(policy, visitor);
  constexpr absl::string_view kSmall = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (auto _ : state) {
    if (parser.Parse(kSmall) != kSmall.size()) state.SkipWithError("");
    parser.Next();
  }
  SetBytes(state, kSmall.size());
}
BENCHMARK(BM_SmallRequest);

// The same in pieces of a given size, which costs a copy of the head.
void BM_RequestInPieces(benchmark::State& state) {
  const HttpPolicy policy;
  NullVisitor<RequestHead> visitor;
  RequestParser parser(policy, visitor);
  const auto piece = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    for (size_t at = 0; at < kRequest.size();) {
      at += parser.Parse(kRequest.substr(at, piece));
    }
    parser.Next();
  }
  SetBytes(state, kRequest.size());
}
BENCHMARK(BM_RequestInPieces)->Arg(1)->Arg(100)->Arg(400);

void BM_Response(benchmark::State& state) {
  const HttpPolicy policy;
  NullVisitor<ResponseHead> visitor;
  ResponseParser parser(policy, visitor);
  for (auto _ : state) {
    parser.ExpectResponseTo("GET");
    if (parser.Parse(kResponse) != kResponse.size()) state.SkipWithError("");
    parser.Next();
  }
  SetBytes(state, kResponse.size());
}
BENCHMARK(BM_Response);

// Chunked bodies by the size of their chunks.
void BM_ChunkedBody(benchmark::State& state) {
  const HttpPolicy policy;
  NullVisitor<ResponseHead> visitor;
  ResponseParser parser(policy, visitor);
  std::string chunk;
  for (int64_t size = state.range(0); size > 0; size /= 16) {
    chunk.insert(0, 1, "0123456789abcdef"[size % 16]);
  }
  chunk += "\r\n";
  chunk.append(static_cast<size_t>(state.range(0)), 'x');
  chunk += "\r\n";
  parser.Parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (auto _ : state) {
    if (parser.Parse(chunk) != chunk.size()) state.SkipWithError("");
  }
  SetBytes(state, chunk.size());
}
BENCHMARK(BM_ChunkedBody)->Arg(16)->Arg(1024)->Arg(16 * 1024);

}  // namespace
}  // namespace rproxy
