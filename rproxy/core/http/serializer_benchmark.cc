#include "rproxy/core/http/serializer.h"

#include <string>

#include "benchmark/benchmark.h"
#include "rproxy/core/http/message.h"

namespace rproxy {
namespace {

// A head with ten fields, into a string that keeps its memory.
void BM_RequestHead(benchmark::State& state) {
  RequestHead head;
  head.method = "GET";
  head.target = "/catalogue/items/4711?view=full&lang=en";
  head.headers.Add("Host", "www.example.com");
  head.headers.Add("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)");
  head.headers.Add("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
  head.headers.Add("Accept-Language", "en-GB,en;q=0.5");
  head.headers.Add("Accept-Encoding", "gzip, deflate, br, zstd");
  head.headers.Add("Referer", "https://www.example.com/catalogue/");
  head.headers.Add("Cookie", "session=0123456789abcdef; theme=dark");
  head.headers.Add("If-None-Match", "\"5f3a-9c\"");
  head.headers.Add("Cache-Control", "max-age=0");
  head.headers.Add("X-Forwarded-For", "192.0.2.1");
  std::string out;
  for (auto _ : state) {
    out.clear();
    SerializeHead(head, out);
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(static_cast<int64_t>(out.size()) *
                          state.iterations());
}
BENCHMARK(BM_RequestHead);

void BM_ChunkStart(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    SerializeChunkStart(16384, out);
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(BM_ChunkStart);

}  // namespace
}  // namespace rproxy
