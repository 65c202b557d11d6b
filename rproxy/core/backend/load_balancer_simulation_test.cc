// The balancing methods at work: PoolState under thousands of requests, with
// backends that answer after a given time. Seeded, in simulated time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/pool_state.h"
#include "rproxy/core/backend/seeded_random.h"

namespace rproxy {
namespace {

constexpr uint32_t kBackends = 5;
constexpr uint64_t kSeed = 20;

class Simulation {
 public:
  explicit Simulation(LoadBalancingMethod method)
      : pool_({.seed = kSeed}), random_(kSeed) {
    std::vector<PoolState::BackendId> members;
    for (uint32_t i = 0; i < kBackends; ++i) {
      members.push_back(pool_.AddBackend({.connections = 40}));
    }
    pool_.AddSet(members, CreateLoadBalancer(method, kBackends, kSeed));
    pool_.Start(now_);
    PoolState::Action action;
    while (pool_.NextAction(action)) {
      pool_.OnConnected(action.connection, now_);
    }
  }

  // How long a backend takes, on average; each answer up to half more or less.
  void SetTime(uint32_t backend, absl::Duration time) {
    times_[backend] = time;
  }

  // Sends requests, about 1,000 a second, for so long.
  void Run(absl::Duration for_time) {
    served_.assign(kBackends, 0);
    latencies_.clear();
    const absl::Time end = now_ + for_time;
    for (absl::Time next = now_; next < end;
         next += absl::Microseconds(random_.Below(2000))) {
      while (!answers_.empty() && answers_.top().at <= next) Answer();
      now_ = next;
      const PoolState::Grant grant = pool_.Acquire(0, now_, nullptr);
      // There are enough connections, so that waiting hides nothing.
      ASSERT_EQ(grant.kind, PoolState::Grant::Kind::kAssigned);
      const uint32_t backend = pool_.backend_of(grant.connection);
      const absl::Duration time =
          times_[backend] * (0.5 + random_.Below(1000) / 1000.0);
      ++served_[backend];
      latencies_.push_back(time);
      pool_.OnRequestComplete(grant.connection, now_);
      answers_.push({now_ + time, grant.connection});
    }
  }

  size_t served(uint32_t backend) const { return served_[backend]; }
  size_t requests() const { return latencies_.size(); }

  absl::Duration Percentile(double percent) {
    std::sort(latencies_.begin(), latencies_.end());
    return latencies_[static_cast<size_t>(
        static_cast<double>(latencies_.size() - 1) * percent / 100)];
  }

 private:
  struct Pending {
    absl::Time at;
    PoolState::ConnectionId connection;
    bool operator>(const Pending& other) const { return at > other.at; }
  };

  void Answer() {
    now_ = answers_.top().at;
    const PoolState::ConnectionId connection = answers_.top().connection;
    answers_.pop();
    pool_.OnResponseHead(connection, now_);
    pool_.OnResponseComplete(connection, true, now_);
  }

  PoolState pool_;
  SeededRandom random_;
  absl::Time now_ = absl::UnixEpoch();
  std::vector<absl::Duration> times_ =
      std::vector<absl::Duration>(kBackends, absl::Milliseconds(10));
  std::priority_queue<Pending, std::vector<Pending>, std::greater<>> answers_;
  std::vector<size_t> served_;
  std::vector<absl::Duration> latencies_;
};

TEST(LoadBalancerSimulationTest, RoundRobinIsFairWithinOnePercent) {
  Simulation simulation(LoadBalancingMethod::kRoundRobin);
  simulation.SetTime(3, absl::Milliseconds(100));
  simulation.Run(absl::Seconds(20));
  const double share = static_cast<double>(simulation.requests()) / kBackends;
  for (uint32_t backend = 0; backend < kBackends; ++backend) {
    EXPECT_NEAR(static_cast<double>(simulation.served(backend)), share,
                share / 100);
  }
}

TEST(LoadBalancerSimulationTest, RttKeepsASlowBackendOutOfTheTail) {
  Simulation in_turn(LoadBalancingMethod::kRoundRobin);
  Simulation rtt(LoadBalancingMethod::kRtt);
  for (Simulation* simulation : {&in_turn, &rtt}) {
    simulation->SetTime(2, absl::Milliseconds(100));
    simulation->Run(absl::Seconds(60));
  }
  EXPECT_GE(in_turn.Percentile(99) / absl::Milliseconds(1),
            5 * (rtt.Percentile(99) / absl::Milliseconds(1)));
  // Avoided, but tried again now and then.
  EXPECT_LT(rtt.served(2), rtt.requests() / 100);
  EXPECT_GE(rtt.served(2), 2u);
}

TEST(LoadBalancerSimulationTest, RttIsFairToEquals) {
  Simulation simulation(LoadBalancingMethod::kRtt);
  simulation.Run(absl::Seconds(60));
  const double share = static_cast<double>(simulation.requests()) / kBackends;
  for (uint32_t backend = 0; backend < kBackends; ++backend) {
    EXPECT_NEAR(static_cast<double>(simulation.served(backend)), share,
                share / 4);
  }
}

TEST(LoadBalancerSimulationTest, RttLetsARecoveredBackendBackIn) {
  Simulation simulation(LoadBalancingMethod::kRtt);
  simulation.SetTime(4, absl::Milliseconds(100));
  simulation.Run(absl::Seconds(30));
  EXPECT_LT(simulation.served(4), simulation.requests() / 100);
  simulation.SetTime(4, absl::Milliseconds(10));
  simulation.Run(absl::Seconds(60));  // Noticed meanwhile.
  simulation.Run(absl::Seconds(30));
  EXPECT_GT(simulation.served(4), simulation.requests() / 10);
}

TEST(LoadBalancerSimulationTest, NoneFillsTheFirstBackendFirst) {
  Simulation simulation(LoadBalancingMethod::kNone);
  simulation.Run(absl::Seconds(10));
  EXPECT_EQ(simulation.served(0), simulation.requests());
}

TEST(LoadBalancerSimulationTest, MostIdleFollowsTheSpeedOfBackends) {
  Simulation simulation(LoadBalancingMethod::kMostIdle);
  simulation.SetTime(1, absl::Milliseconds(100));
  simulation.Run(absl::Seconds(20));
  EXPECT_LT(simulation.served(1), simulation.served(0) / 2);
  EXPECT_GT(simulation.served(1), 0u);
}

}  // namespace
}  // namespace rproxy
