// PoolState allocates nothing for a request, once it has been as busy as it
// gets. This program counts all allocations, so nothing else is tested in it.

#include <cstddef>
#include <cstdlib>
#include <new>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/pool_state.h"

namespace {
size_t allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}

// Sanitizers want all of a family replaced, or none.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return operator new(size);
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

namespace rproxy {
namespace {

class PoolStateAllocationTest : public ::testing::Test {
 protected:
  PoolStateAllocationTest() : pool_({.pending_max = 100}) {
    pool_.AddBackend({.connections = 2});
    pool_.AddBackend({.connections = 2});
    pool_.AddSet({0, 1}, CreateLoadBalancer(LoadBalancingMethod::kRtt, 2, 1));
    pool_.Start(now_);
    while (pool_.NextAction(action_)) {
      pool_.OnConnected(action_.connection, now_);
    }
  }

  void Complete(PoolState::ConnectionId connection) {
    pool_.OnRequestComplete(connection, now_);
    pool_.OnResponseHead(connection, now_);
    pool_.OnResponseComplete(connection, true, now_);
  }

  // 4 requests with a connection at once, 100 that wait for one of theirs.
  void BusyTime() {
    for (int i = 0; i < 104; ++i) pool_.Acquire(0, now_, nullptr);
    for (PoolState::ConnectionId id = 0; id < 4; ++id) Complete(id);
    while (pool_.NextAction(action_)) Complete(action_.connection);
  }

  PoolState pool_;
  PoolState::Action action_;
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(PoolStateAllocationTest, AnExchangeOnAnIdleConnectionAllocatesNothing) {
  const size_t before = allocations;
  EXPECT_GT(before, 0u);  // They are counted.
  for (int i = 0; i < 1000; ++i) {
    Complete(pool_.Acquire(0, now_, nullptr).connection);
    pool_.OnTime(now_);
  }
  EXPECT_EQ(allocations, before);
}

TEST_F(PoolStateAllocationTest, WaitingAllocatesNothingTheSecondTime) {
  BusyTime();
  const size_t before = allocations;
  for (int i = 0; i < 10; ++i) BusyTime();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(pool_.pending(), 0u);
}

}  // namespace
}  // namespace rproxy
