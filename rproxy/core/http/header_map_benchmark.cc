#include "rproxy/core/http/header_map.h"

#include <utility>

#include "benchmark/benchmark.h"
#include "rproxy/core/http/http_types.h"

namespace rproxy {
namespace {

constexpr std::pair<const char*, const char*> kFields[] = {
    {"Host", "www.example.com"},
    {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)"},
    {"Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"},
    {"Accept-Language", "en-GB,en;q=0.5"},
    {"Accept-Encoding", "gzip, deflate, br, zstd"},
    {"Referer", "https://www.example.com/catalogue/"},
    {"Cookie", "session=0123456789abcdef; theme=dark"},
    {"Connection", "keep-alive"},
    {"If-None-Match", "\"5f3a-9c\""},
    {"Cache-Control", "max-age=0"},
};

HeaderMap TenFields() {
  HeaderMap map;
  map.Reserve(512, 16);
  for (const auto& [name, value] : kFields) map.Add(name, value);
  return map;
}

// Ten fields, one by one, into a map with room for them.
void BM_AddTen(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(TenFields());
}
BENCHMARK(BM_AddTen);

void BM_FindKnown(benchmark::State& state) {
  const HeaderMap map = TenFields();
  for (auto _ : state) benchmark::DoNotOptimize(map.Find(FieldId::kConnection));
}
BENCHMARK(BM_FindKnown);

void BM_FindByName(benchmark::State& state) {
  const HeaderMap map = TenFields();
  for (auto _ : state) benchmark::DoNotOptimize(map.Find("if-none-match"));
}
BENCHMARK(BM_FindByName);

void BM_FindAbsent(benchmark::State& state) {
  const HeaderMap map = TenFields();
  for (auto _ : state) benchmark::DoNotOptimize(map.Find("x-request-id"));
}
BENCHMARK(BM_FindAbsent);

// What forwarding does to each head: one field out, two in.
void BM_CopyAndEdit(benchmark::State& state) {
  const HeaderMap map = TenFields();
  for (auto _ : state) {
    HeaderMap copy = map;
    copy.Remove(FieldId::kConnection);
    copy.Set("X-Forwarded-For", "192.0.2.1");
    copy.Add("X-Forwarded-Proto", "https");
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(BM_CopyAndEdit);

void BM_FieldIdOf(benchmark::State& state) {
  for (auto _ : state) {
    for (const auto& [name, value] : kFields) {
      benchmark::DoNotOptimize(FieldIdOf(name));
    }
  }
}
BENCHMARK(BM_FieldIdOf);

}  // namespace
}  // namespace rproxy
