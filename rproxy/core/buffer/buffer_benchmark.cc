#include "rproxy/core/buffer/buffer.h"

#include <sys/uio.h>

#include <string>

#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "rproxy/core/buffer/slice.h"

namespace rproxy {
namespace {

// A block's round trip through the pool.
void BM_PoolTake(benchmark::State& state) {
  SlicePool pool;
  for (auto _ : state) {
    Slice slice = pool.Take();
    benchmark::DoNotOptimize(slice.mutable_data());
  }
}
BENCHMARK(BM_PoolTake);

// What queueing a head costs: ten short pieces, written in one go.
void BM_AppendHead(benchmark::State& state) {
  const std::string line(40, 'x');
  Buffer buffer;
  for (auto _ : state) {
    for (int i = 0; i < 10; ++i) buffer.Append(line);
    iovec pieces[8];
    benchmark::DoNotOptimize(buffer.FillIovecs(absl::MakeSpan(pieces)));
    buffer.Drain(buffer.size());
  }
}
BENCHMARK(BM_AppendHead);

// What one read's worth of body costs on its way through.
void BM_PassBody(benchmark::State& state) {
  const size_t bytes = static_cast<size_t>(state.range(0));
  SlicePool pool;
  Buffer buffer;
  for (auto _ : state) {
    Slice read = pool.Take();
    buffer.Append(read.Share(read.view().substr(0, bytes)));
    read.Reset();
    iovec pieces[8];
    benchmark::DoNotOptimize(buffer.FillIovecs(absl::MakeSpan(pieces)));
    buffer.Drain(buffer.size());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
// Copied, the largest that is copied, shared, shared.
BENCHMARK(BM_PassBody)->Arg(1000)->Arg(16383)->Arg(16384)->Arg(65536);

// A backlog that moves on slice by slice and never empties.
void BM_SteadyBacklog(benchmark::State& state) {
  SlicePool pool(64);
  Buffer buffer;
  for (int i = 0; i < state.range(0); ++i) buffer.Append(pool.Take());
  for (auto _ : state) {
    buffer.Append(pool.Take());
    buffer.Drain(SlicePool::kBlockBytes);
  }
}
BENCHMARK(BM_SteadyBacklog)->Arg(1)->Arg(4)->Arg(32);

// Handing a body part to another buffer, half a block at a time.
void BM_MoveHalfBlocks(benchmark::State& state) {
  SlicePool pool;
  Buffer from;
  Buffer to;
  for (auto _ : state) {
    from.Append(pool.Take());
    to.MoveFrom(from, SlicePool::kBlockBytes / 2);
    to.MoveFrom(from);
    to.Drain(to.size());
  }
}
BENCHMARK(BM_MoveHalfBlocks);

}  // namespace
}  // namespace rproxy
