#include "rproxy/core/event/timer.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/clock.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {
namespace {

using ::testing::ElementsAre;

class TimerTest : public ::testing::Test {
 protected:
  void RunOneTurn() {
    loop_->Stop();
    loop_->Run();
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
};

TEST_F(TimerTest, NewTimerIsNotPending) {
  Timer timer(*loop_, [] { FAIL(); });
  EXPECT_FALSE(timer.pending());
  EXPECT_EQ(timer.deadline(), absl::InfiniteFuture());
  timer.Cancel();
  RunOneTurn();
}

TEST_F(TimerTest, RunsOnceAndNotBeforeItsDeadline) {
  int calls = 0;
  absl::Time deadline;
  Timer timer(*loop_, [&] {
    ++calls;
    EXPECT_GE(loop_->Now(), deadline);
    EXPECT_FALSE(timer.pending());
    loop_->Stop();
  });
  for (int i = 0; i < 20; ++i) {
    // Many different remainders of the engine's coarse clock.
    timer.Schedule(absl::Microseconds(700 * i));
    deadline = timer.deadline();
    EXPECT_TRUE(timer.pending());
    loop_->Run();
    EXPECT_EQ(calls, i + 1);
  }
  RunOneTurn();
  EXPECT_EQ(calls, 20);
}

TEST_F(TimerTest, ZeroAndNegativeRunInTheNextTurn) {
  int calls = 0;
  Timer timer(*loop_, [&] { ++calls; });
  timer.Schedule(absl::ZeroDuration());
  EXPECT_EQ(calls, 0);
  RunOneTurn();
  EXPECT_EQ(calls, 1);
  timer.Schedule(-absl::Hours(1));
  RunOneTurn();
  EXPECT_EQ(calls, 2);
  timer.Schedule(-absl::InfiniteDuration());
  RunOneTurn();
  EXPECT_EQ(calls, 3);
  timer.ScheduleAt(absl::InfinitePast());
  RunOneTurn();
  EXPECT_EQ(calls, 4);
}

TEST_F(TimerTest, ZeroWaitsForTheNextTurnEvenIfTheEventIsDueInThisOne) {
  std::vector<std::string> log;
  Timer later(*loop_, [&] { log.push_back("later"); });
  Timer first(*loop_, [&] {
    log.push_back("first");
    later.Schedule(absl::ZeroDuration());
    loop_->Post([&] { log.push_back("end of turn"); });
  });
  // Both events are picked for the first turn.
  first.Schedule(absl::ZeroDuration());
  later.Schedule(absl::ZeroDuration());
  RunOneTurn();
  RunOneTurn();
  ASSERT_GE(log.size(), 3u);
  EXPECT_EQ(log.back(), "later");
}

TEST_F(TimerTest, TimersRunInTheOrderOfTheirDeadlines) {
  std::vector<int> log;
  Timer two(*loop_, [&] {
    log.push_back(2);
    loop_->Stop();
  });
  Timer one(*loop_, [&] { log.push_back(1); });
  two.Schedule(absl::Milliseconds(20));
  one.Schedule(absl::Milliseconds(1));
  loop_->Run();
  EXPECT_THAT(log, ElementsAre(1, 2));
}

TEST_F(TimerTest, DeadlineMovesEarlier) {
  Timer timer(*loop_, [&] { loop_->Stop(); });
  timer.Schedule(absl::Hours(10));
  timer.Schedule(absl::Milliseconds(1));
  loop_->Run();
}

TEST_F(TimerTest, DeadlineMovesLater) {
  int calls = 0;
  absl::Time deadline;
  Timer timer(*loop_, [&] {
    ++calls;
    EXPECT_GE(loop_->Now(), deadline);
    loop_->Stop();
  });
  timer.Schedule(absl::Milliseconds(1));
  timer.Schedule(absl::Milliseconds(15));
  deadline = timer.deadline();
  loop_->Run();
  EXPECT_EQ(calls, 1);
}

TEST_F(TimerTest, DeadlineMovesLaterAgainAndAgainAndThenEarlier) {
  Timer timer(*loop_, [&] { loop_->Stop(); });
  timer.Schedule(absl::Milliseconds(1));
  for (int i = 2; i < 1000; ++i) timer.Schedule(absl::Hours(i));
  RunOneTurn();
  timer.Schedule(absl::Milliseconds(2));
  loop_->Run();
}

TEST_F(TimerTest, CancelledTimerDoesNotRun) {
  Timer cancelled(*loop_, [] { FAIL(); });
  cancelled.Schedule(absl::Milliseconds(1));
  cancelled.Cancel();
  EXPECT_FALSE(cancelled.pending());

  Timer infinite(*loop_, [] { FAIL(); });
  infinite.Schedule(absl::Milliseconds(1));
  infinite.Schedule(absl::InfiniteDuration());
  EXPECT_FALSE(infinite.pending());

  Timer end(*loop_, [&] { loop_->Stop(); });
  end.Schedule(absl::Milliseconds(15));
  loop_->Run();
}

TEST_F(TimerTest, CancelledTimerMayBeScheduledAgain) {
  Timer timer(*loop_, [&] { loop_->Stop(); });
  timer.Schedule(absl::Milliseconds(1));
  timer.Cancel();
  timer.Schedule(absl::Milliseconds(2));
  EXPECT_TRUE(timer.pending());
  loop_->Run();
}

TEST_F(TimerTest, CancelWinsInTheSameTurn) {
  int calls = 0;
  std::unique_ptr<Timer> one, two;
  one = std::make_unique<Timer>(*loop_, [&] {
    ++calls;
    two->Cancel();
  });
  two = std::make_unique<Timer>(*loop_, [&] {
    ++calls;
    one->Cancel();
  });
  one->Schedule(absl::ZeroDuration());
  two->Schedule(absl::ZeroDuration());
  RunOneTurn();
  RunOneTurn();
  EXPECT_EQ(calls, 1);
}

TEST_F(TimerTest, DestructionWinsInTheSameTurn) {
  int calls = 0;
  std::unique_ptr<Timer> one, two;
  one = std::make_unique<Timer>(*loop_, [&] {
    ++calls;
    two.reset();
  });
  two = std::make_unique<Timer>(*loop_, [&] {
    ++calls;
    one.reset();
  });
  one->Schedule(absl::ZeroDuration());
  two->Schedule(absl::ZeroDuration());
  RunOneTurn();
  RunOneTurn();
  EXPECT_EQ(calls, 1);
}

TEST_F(TimerTest, CallbackMayDestroyItsTimer) {
  std::string after;
  const std::string large(200, 'x');
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(*loop_, [&timer, &after, large] {
    timer.reset();
    after = large;
  });
  timer->Schedule(absl::ZeroDuration());
  RunOneTurn();
  EXPECT_EQ(after, large);
}

TEST_F(TimerTest, CallbackMayScheduleAgain) {
  int calls = 0;
  Timer timer(*loop_, [&] {
    if (++calls == 5) {
      loop_->Stop();
    } else {
      timer.Schedule(absl::ZeroDuration());
    }
  });
  timer.Schedule(absl::ZeroDuration());
  loop_->Run();
  EXPECT_EQ(calls, 5);
  EXPECT_FALSE(timer.pending());
}

TEST_F(TimerTest, FarDeadlinesAreKept) {
  Timer timer(*loop_, [] { FAIL(); });
  for (const absl::Time far :
       {loop_->Now() + absl::Hours(24 * 365),
        absl::FromUnixSeconds(std::numeric_limits<int64_t>::max() - 1)}) {
    timer.ScheduleAt(far);
    RunOneTurn();
    EXPECT_EQ(timer.deadline(), far);
    timer.ScheduleAt(loop_->Now() + absl::Hours(1));
  }
}

TEST_F(TimerTest, CountsFromNowEvenIfTheLoopHasNotRunForLong) {
  const RealClock real;
  const absl::Time created = real.Now();
  while (real.Now() < created + absl::Milliseconds(5)) {
  }
  Timer timer(*loop_, [] {});
  timer.Schedule(absl::Milliseconds(1));
  EXPECT_GE(timer.deadline(), created + absl::Milliseconds(6));
}

}  // namespace
}  // namespace rproxy
