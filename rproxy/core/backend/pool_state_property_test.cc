// PoolState against the model, over long runs of random events.

#include <cstdint>
#include <cstdio>

#include "gtest/gtest.h"
#include "rproxy/core/backend/pool_state_model.h"
#include "rproxy/core/backend/seeded_random.h"

namespace rproxy {
namespace {

constexpr int kRuns = 200;
constexpr int kStepsPerRun = 1000;

TEST(PoolStatePropertyTest, BehavesAsTheModelOverRandomEvents) {
  PoolStateModel::Tally total;
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    SeededRandom random(seed);
    // A difference ends the program; the last line tells the run.
    std::printf("seed %d\n", static_cast<int>(seed));
    PoolStateModel model([&](uint32_t bound) { return random.Below(bound); });
    for (int step = 0; step < kStepsPerRun; ++step) model.Step();
    model.Finish();
    total.assigned += model.tally().assigned;
    total.served += model.tally().served;
    total.expired += model.tally().expired;
    total.refused += model.tally().refused;
    total.withdrawn += model.tally().withdrawn;
    total.overloaded += model.tally().overloaded;
    total.unavailable += model.tally().unavailable;
    total.put_back += model.tally().put_back;
    total.reconnected += model.tally().reconnected;
  }
  // Every way out was taken often enough to mean something.
  EXPECT_GT(total.assigned, 1000u);
  EXPECT_GT(total.served, 1000u);
  EXPECT_GT(total.expired, 100u);
  EXPECT_GT(total.refused, 100u);
  EXPECT_GT(total.withdrawn, 100u);
  EXPECT_GT(total.overloaded, 1000u);
  EXPECT_GT(total.unavailable, 1000u);
  EXPECT_GT(total.put_back, 100u);
  EXPECT_GT(total.reconnected, 1000u);
  std::printf(
      "assigned %zu served %zu expired %zu refused %zu withdrawn %zu "
      "overloaded %zu unavailable %zu put back %zu reconnected %zu\n",
      total.assigned, total.served, total.expired, total.refused,
      total.withdrawn, total.overloaded, total.unavailable, total.put_back,
      total.reconnected);
}

}  // namespace
}  // namespace rproxy
