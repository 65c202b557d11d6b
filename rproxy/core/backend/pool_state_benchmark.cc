#include "rproxy/core/backend/pool_state.h"

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "rproxy/core/backend/load_balancer.h"

namespace rproxy {
namespace {

// One set of `backends` with 16 connections each, all connected.
class ConnectedPool {
 public:
  ConnectedPool(uint32_t backends, LoadBalancingMethod method)
      : pool_({.pending_max = 100000}) {
    std::vector<PoolState::BackendId> members;
    for (uint32_t i = 0; i < backends; ++i) {
      members.push_back(pool_.AddBackend({.connections = 16}));
    }
    pool_.AddSet(members, CreateLoadBalancer(method, backends, 1));
    pool_.Start(now_);
    PoolState::Action action;
    while (pool_.NextAction(action)) {
      pool_.OnConnected(action.connection, now_);
    }
  }

  PoolState::Grant Acquire() { return pool_.Acquire(0, now_, nullptr); }

  void Complete(PoolState::ConnectionId connection) {
    pool_.OnRequestComplete(connection, now_);
    pool_.OnResponseHead(connection, now_);
    pool_.OnResponseComplete(connection, true, now_);
    now_ += absl::Microseconds(10);
  }

  PoolState pool_;
  absl::Time now_ = absl::UnixEpoch();
};

// What one request costs while connections are idle: Acquire, the three events
// of its exchange, and the look for actions and deadline behind them.
void BM_AcquireAndComplete(benchmark::State& state) {
  ConnectedPool connected(static_cast<uint32_t>(state.range(0)),
                          static_cast<LoadBalancingMethod>(state.range(1)));
  PoolState::Action action;
  for (auto _ : state) {
    const PoolState::Grant grant = connected.Acquire();
    connected.Complete(grant.connection);
    benchmark::DoNotOptimize(connected.pool_.NextAction(action));
    benchmark::DoNotOptimize(connected.pool_.NextDeadline());
  }
}
BENCHMARK(BM_AcquireAndComplete)
    ->ArgNames({"backends", "method"})
    ->ArgsProduct({{1, 5, 50},
                   {static_cast<int>(LoadBalancingMethod::kRoundRobin),
                    static_cast<int>(LoadBalancingMethod::kRtt)}});

// The same while so many wait: each response serves the oldest waiter, and a
// new one comes.
void BM_ServeFromQueue(benchmark::State& state) {
  ConnectedPool connected(1, LoadBalancingMethod::kRoundRobin);
  for (int i = 0; i < 16; ++i) connected.Acquire();
  for (int64_t i = 0; i < state.range(0); ++i) connected.Acquire();
  PoolState::ConnectionId connection = 0;
  for (auto _ : state) {
    connected.Complete(connection);
    PoolState::Action action;
    while (connected.pool_.NextAction(action)) connection = action.connection;
    connected.Acquire();
    benchmark::DoNotOptimize(connected.pool_.NextDeadline());
  }
}
BENCHMARK(BM_ServeFromQueue)->Arg(1)->Arg(1000)->Arg(50000);

// A client that goes away while it waits among so many.
void BM_WaitAndWithdraw(benchmark::State& state) {
  ConnectedPool connected(1, LoadBalancingMethod::kRoundRobin);
  for (int i = 0; i < 16; ++i) connected.Acquire();
  std::vector<PoolState::WaiterId> waiters;
  for (int64_t i = 0; i < state.range(0); ++i) {
    waiters.push_back(connected.Acquire().waiter);
  }
  size_t next = 0;
  for (auto _ : state) {
    PoolState::WaiterId& waiter = waiters[next];
    connected.pool_.Withdraw(waiter);
    waiter = connected.Acquire().waiter;
    next = (next + 617) % waiters.size();
  }
}
BENCHMARK(BM_WaitAndWithdraw)->Arg(1000);

}  // namespace
}  // namespace rproxy
