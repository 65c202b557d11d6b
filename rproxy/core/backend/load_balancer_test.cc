#include "rproxy/core/backend/load_balancer.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/backend/seeded_random.h"

namespace rproxy {
namespace {

using Candidate = LoadBalancer::Candidate;
using Candidates = std::vector<Candidate>;

constexpr absl::Time kStart = absl::UnixEpoch();

Candidates AllIdle(uint32_t members) {
  Candidates candidates;
  for (uint32_t member = 0; member < members; ++member) {
    candidates.push_back({.member = member, .idle = 4, .active = 0});
  }
  return candidates;
}

// Some of `members`, at least one, as busy as it may be.
Candidates RandomCandidates(uint32_t members, SeededRandom& random) {
  Candidates candidates;
  while (candidates.empty()) {
    for (uint32_t member = 0; member < members; ++member) {
      if (random.Below(2) == 0) continue;
      candidates.push_back({.member = member,
                            .idle = 1 + random.Below(5),
                            .active = random.Below(5)});
    }
  }
  return candidates;
}

// --- What holds for every method ---

struct NamedMethod {
  std::string name;
  LoadBalancingMethod method;
};

class LoadBalancerContractTest : public ::testing::TestWithParam<NamedMethod> {
 protected:
  std::unique_ptr<LoadBalancer> Create(size_t members, uint64_t seed = 1) {
    return CreateLoadBalancer(GetParam().method, members, seed);
  }
};

TEST_P(LoadBalancerContractTest, TheOnlyCandidateIsPicked) {
  const std::unique_ptr<LoadBalancer> balancer = Create(5);
  for (uint32_t member : {4, 0, 2, 2, 1}) {
    EXPECT_EQ(
        balancer->Pick({{.member = member, .idle = 1, .active = 0}}, kStart),
        0u);
  }
}

TEST_P(LoadBalancerContractTest, EveryAnswerIsACandidate) {
  SeededRandom random(2);
  const std::unique_ptr<LoadBalancer> balancer = Create(7);
  absl::Time now = kStart;
  for (int i = 0; i < 20000; ++i) {
    const Candidates candidates = RandomCandidates(7, random);
    const size_t picked = balancer->Pick(candidates, now);
    ASSERT_LT(picked, candidates.size());
    const uint32_t member = candidates[picked].member;
    now += absl::Milliseconds(random.Below(1000));
    if (random.Below(4) == 0) {
      balancer->OnFailure(member, now);
    } else {
      balancer->OnResponse(member, absl::Milliseconds(random.Below(300)), now);
    }
  }
}

TEST_P(LoadBalancerContractTest, TheSameSeedGivesTheSameAnswers) {
  SeededRandom random(3);
  const std::unique_ptr<LoadBalancer> one = Create(7, 42);
  const std::unique_ptr<LoadBalancer> other = Create(7, 42);
  for (int i = 0; i < 1000; ++i) {
    const Candidates candidates = RandomCandidates(7, random);
    const size_t picked = one->Pick(candidates, kStart);
    ASSERT_EQ(picked, other->Pick(candidates, kStart));
    const absl::Duration time = absl::Microseconds(random.Below(1000));
    one->OnResponse(candidates[picked].member, time, kStart);
    other->OnResponse(candidates[picked].member, time, kStart);
  }
}

TEST_P(LoadBalancerContractTest, OddTimesAreHarmless) {
  const std::unique_ptr<LoadBalancer> balancer = Create(2);
  const Candidates both = AllIdle(2);
  balancer->OnResponse(0, absl::ZeroDuration(), kStart);
  balancer->OnResponse(0, -absl::Seconds(1), kStart);
  balancer->OnResponse(1, absl::InfiniteDuration(), kStart);
  balancer->OnFailure(1, absl::InfinitePast());
  EXPECT_LT(balancer->Pick(both, absl::InfinitePast()), 2u);
  EXPECT_LT(balancer->Pick(both, kStart - absl::Hours(1)), 2u);
  EXPECT_LT(balancer->Pick(both, absl::InfiniteFuture()), 2u);
}

TEST_P(LoadBalancerContractTest, OneMemberIsEnough) {
  const std::unique_ptr<LoadBalancer> balancer = Create(1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(balancer->Pick(AllIdle(1), kStart), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, LoadBalancerContractTest,
    ::testing::Values(NamedMethod{"Rtt", LoadBalancingMethod::kRtt},
                      NamedMethod{"RoundRobin",
                                  LoadBalancingMethod::kRoundRobin},
                      NamedMethod{"Random", LoadBalancingMethod::kRandom},
                      NamedMethod{"MostIdle", LoadBalancingMethod::kMostIdle},
                      NamedMethod{"None", LoadBalancingMethod::kNone}),
    [](const ::testing::TestParamInfo<NamedMethod>& info) {
      return info.param.name;
    });

// --- Each method ---

class LoadBalancerTest : public ::testing::Test {
 protected:
  void Use(LoadBalancingMethod method, size_t members) {
    balancer_ = CreateLoadBalancer(method, members, 1);
  }

  // The member picked.
  uint32_t Pick(const Candidates& candidates) {
    return candidates[balancer_->Pick(candidates, now_)].member;
  }

  // How often each member is picked in so many goes.
  std::map<uint32_t, int> PickMany(const Candidates& candidates, int times) {
    std::map<uint32_t, int> picked;
    for (int i = 0; i < times; ++i) ++picked[Pick(candidates)];
    return picked;
  }

  std::unique_ptr<LoadBalancer> balancer_;
  absl::Time now_ = kStart;
};

TEST_F(LoadBalancerTest, RoundRobinGoesRound) {
  Use(LoadBalancingMethod::kRoundRobin, 3);
  for (uint32_t expected : {0, 1, 2, 0, 1, 2}) {
    EXPECT_EQ(Pick(AllIdle(3)), expected);
  }
}

TEST_F(LoadBalancerTest, RoundRobinSkipsWhoIsBusy) {
  Use(LoadBalancingMethod::kRoundRobin, 4);
  EXPECT_EQ(Pick({{0, 1, 0}, {3, 1, 0}}), 0u);
  EXPECT_EQ(Pick({{0, 1, 0}, {3, 1, 0}}), 3u);
  EXPECT_EQ(Pick({{2, 1, 0}, {3, 1, 0}}), 2u);
  EXPECT_EQ(Pick({{0, 1, 0}, {2, 1, 0}}), 0u);
}

TEST_F(LoadBalancerTest, RandomIsUniform) {
  Use(LoadBalancingMethod::kRandom, 5);
  for (const auto& [member, times] : PickMany(AllIdle(5), 100000)) {
    EXPECT_NEAR(times, 20000, 600) << member;
  }
}

TEST_F(LoadBalancerTest, MostIdleTakesTheMostIdle) {
  Use(LoadBalancingMethod::kMostIdle, 3);
  EXPECT_EQ(Pick({{0, 1, 0}, {1, 3, 9}, {2, 2, 0}}), 1u);
  EXPECT_EQ(Pick({{0, 1, 0}, {1, 3, 9}, {2, 2, 0}}), 1u);
}

TEST_F(LoadBalancerTest, MostIdleLetsEqualsTakeTurns) {
  Use(LoadBalancingMethod::kMostIdle, 4);
  const Candidates candidates = {{0, 3, 0}, {1, 3, 0}, {2, 1, 0}, {3, 3, 0}};
  for (uint32_t expected : {0, 1, 3, 0, 1, 3}) {
    EXPECT_EQ(Pick(candidates), expected);
  }
}

TEST_F(LoadBalancerTest, NoneFillsInOrder) {
  Use(LoadBalancingMethod::kNone, 3);
  EXPECT_EQ(Pick(AllIdle(3)), 0u);
  EXPECT_EQ(Pick(AllIdle(3)), 0u);
  EXPECT_EQ(Pick({{1, 1, 0}, {2, 1, 0}}), 1u);
}

TEST_F(LoadBalancerTest, RttPrefersTheFasterOfTwo) {
  Use(LoadBalancingMethod::kRtt, 2);
  balancer_->OnResponse(0, absl::Milliseconds(100), now_);
  balancer_->OnResponse(1, absl::Milliseconds(10), now_);
  EXPECT_EQ(PickMany(AllIdle(2), 100), (std::map<uint32_t, int>{{1, 100}}));
}

TEST_F(LoadBalancerTest, RttWeighsRequestsUnderWay) {
  Use(LoadBalancingMethod::kRtt, 2);
  balancer_->OnResponse(0, absl::Milliseconds(20), now_);
  balancer_->OnResponse(1, absl::Milliseconds(10), now_);
  EXPECT_EQ(Pick({{0, 1, 0}, {1, 1, 0}}), 1u);
  EXPECT_EQ(Pick({{0, 1, 0}, {1, 1, 5}}), 0u);
}

TEST_F(LoadBalancerTest, RttMeasuresEveryMemberWithOneRequest) {
  Use(LoadBalancingMethod::kRtt, 2);
  balancer_->OnResponse(0, absl::Milliseconds(10), now_);
  EXPECT_EQ(Pick({{0, 1, 0}, {1, 1, 0}}), 1u);
  // It has not answered yet.
  EXPECT_EQ(Pick({{0, 1, 3}, {1, 1, 1}}), 0u);
}

TEST_F(LoadBalancerTest, RttTriesAMemberThatWasSlowAgain) {
  Use(LoadBalancingMethod::kRtt, 2);
  balancer_->OnResponse(0, absl::Milliseconds(100), now_);
  int seconds = 0;
  do {
    now_ += absl::Seconds(1);
    balancer_->OnResponse(1, absl::Milliseconds(10), now_);
    ++seconds;
  } while (Pick(AllIdle(2)) == 1 && seconds < 100);
  EXPECT_GT(seconds, 10);
  EXPECT_LT(seconds, 30);
}

TEST_F(LoadBalancerTest, RttTakesFailuresForSlowAnswers) {
  Use(LoadBalancingMethod::kRtt, 2);
  balancer_->OnResponse(0, absl::Milliseconds(200), now_);
  balancer_->OnResponse(1, absl::Milliseconds(10), now_);
  balancer_->OnFailure(1, now_);
  EXPECT_EQ(PickMany(AllIdle(2), 100), (std::map<uint32_t, int>{{0, 100}}));
}

TEST_F(LoadBalancerTest, RttSeesOneSlowAnswerAtOnce) {
  Use(LoadBalancingMethod::kRtt, 2);
  for (int i = 0; i < 100; ++i) {
    now_ += absl::Milliseconds(10);
    balancer_->OnResponse(0, absl::Milliseconds(10), now_);
    balancer_->OnResponse(1, absl::Milliseconds(12), now_);
  }
  EXPECT_EQ(Pick(AllIdle(2)), 0u);
  balancer_->OnResponse(0, absl::Milliseconds(300), now_);
  EXPECT_EQ(Pick(AllIdle(2)), 1u);
}

}  // namespace
}  // namespace rproxy
