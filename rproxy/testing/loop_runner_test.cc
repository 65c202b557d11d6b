#include "rproxy/testing/loop_runner.h"

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/timer.h"

namespace rproxy::test {
namespace {

class LoopRunnerTest : public ::testing::Test {
 protected:
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
};

TEST_F(LoopRunnerTest, WhatHoldsAlreadyRunsNothing) {
  bool ran = false;
  loop_->Post([&] { ran = true; });
  EXPECT_TRUE(RunUntil(*loop_, [] { return true; }));
  EXPECT_FALSE(ran);
}

TEST_F(LoopRunnerTest, StopsBetweenTurns) {
  int turns = 0;
  std::function<void()> again = [&] {
    ++turns;
    loop_->Post([&] { again(); });
  };
  again();
  EXPECT_TRUE(RunUntil(*loop_, [&] { return turns == 100; }));
  EXPECT_EQ(turns, 100);
}

TEST_F(LoopRunnerTest, WaitsForTimers) {
  bool fired = false;
  Timer timer(*loop_, [&] { fired = true; });
  timer.Schedule(absl::Milliseconds(20));
  EXPECT_TRUE(RunUntil(*loop_, [&] { return fired; }));
}

TEST_F(LoopRunnerTest, SeesWhatOtherThreadsDo) {
  std::atomic<bool> done{false};
  std::thread other([&] { done = true; });
  EXPECT_TRUE(RunUntil(*loop_, [&] { return done.load(); }));
  other.join();
}

TEST_F(LoopRunnerTest, GivesUp) {
  EXPECT_FALSE(RunUntil(
      *loop_, [] { return false; }, absl::Milliseconds(10)));
}

TEST_F(LoopRunnerTest, TurnsRunWhatIsDueAndDoNotWait) {
  bool due = false;
  bool not_due = false;
  Timer now(*loop_, [&] { due = true; });
  Timer later(*loop_, [&] { not_due = true; });
  now.Schedule(absl::ZeroDuration());
  later.Schedule(absl::Hours(1));
  RunTurns(*loop_, 3);
  EXPECT_TRUE(due);
  EXPECT_FALSE(not_due);
}

}  // namespace
}  // namespace rproxy::test
