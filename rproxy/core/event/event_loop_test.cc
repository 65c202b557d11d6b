#include "rproxy/core/event/event_loop.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/clock.h"
#include "rproxy/core/event/timer.h"

namespace rproxy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Calls a function when it dies.
class LastWords {
 public:
  explicit LastWords(std::function<void()> say) : say_(std::move(say)) {}
  ~LastWords() { say_(); }

 private:
  const std::function<void()> say_;
};

class EventLoopTest : public ::testing::Test {
 protected:
  void RunOneTurn() {
    loop_->Stop();
    loop_->Run();
  }

  std::unique_ptr<LastWords> Noting(int id) {
    return std::make_unique<LastWords>([this, id] { log_.push_back(id); });
  }

  std::vector<int> log_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
};

TEST_F(EventLoopTest, StopBeforeRunLetsOneTurnPass) {
  loop_->Post([&] { log_.push_back(1); });
  loop_->Stop();
  loop_->Run();
  EXPECT_THAT(log_, ElementsAre(1));
}

TEST_F(EventLoopTest, RunMayBeCalledAgain) {
  for (int i = 0; i < 3; ++i) {
    loop_->Post([&, i] {
      log_.push_back(i);
      loop_->Stop();
    });
    loop_->Run();
  }
  EXPECT_THAT(log_, ElementsAre(0, 1, 2));
}

TEST_F(EventLoopTest, StopsAfterTheCallbacksOfTheTurn) {
  loop_->Post([&] { loop_->Stop(); });
  loop_->Post([&] { log_.push_back(1); });
  loop_->Run();
  EXPECT_THAT(log_, ElementsAre(1));
}

TEST_F(EventLoopTest, StopsFromAnotherThread) {
  absl::Notification running;
  loop_->Post([&] { running.Notify(); });
  std::thread other([&] {
    running.WaitForNotification();
    loop_->Stop();
  });
  loop_->Run();
  other.join();
}

TEST_F(EventLoopTest, PostedClosuresRunInOrder) {
  for (int i = 0; i < 5; ++i) {
    loop_->Post([&, i] { log_.push_back(i); });
  }
  RunOneTurn();
  EXPECT_THAT(log_, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(EventLoopTest, PostNeverRunsInsideTheCall) {
  loop_->Post([&] { log_.push_back(1); });
  EXPECT_THAT(log_, IsEmpty());
  loop_->Post([&] {
    loop_->Post([&] { log_.push_back(3); });
    log_.push_back(2);
  });
  RunOneTurn();
  EXPECT_THAT(log_, ElementsAre(1, 2));
  RunOneTurn();
  EXPECT_THAT(log_, ElementsAre(1, 2, 3));
}

TEST_F(EventLoopTest, PostFromInsideWakesTheLoop) {
  loop_->Post([&] { loop_->Post([&] { loop_->Stop(); }); });
  loop_->Run();
}

TEST_F(EventLoopTest, ClosureThatPostsItselfDoesNotStarveTimers) {
  std::function<void()> again = [&] { loop_->Post(again); };
  loop_->Post(again);
  Timer timer(*loop_, [&] { loop_->Stop(); });
  timer.Schedule(absl::Milliseconds(1));
  loop_->Run();
}

TEST_F(EventLoopTest, EachClosureDiesBeforeTheNextRuns) {
  loop_->Post([words = Noting(1)] {});
  loop_->Post([&] { log_.push_back(2); });
  RunOneTurn();
  EXPECT_THAT(log_, ElementsAre(1, 2));
}

TEST_F(EventLoopTest, RunsEverythingThatManyThreadsPostInTheirOrder) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 2000;
  int left = kThreads * kPosts;
  std::vector<int> last(kThreads, -1);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop_->Post([&, t, i] {
          EXPECT_EQ(last[t], i - 1);
          last[t] = i;
          if (--left == 0) loop_->Stop();
        });
      }
    });
  }
  loop_->Run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(left, 0);
}

TEST_F(EventLoopTest, UnrunClosuresAreDestroyedUnrun) {
  loop_->Post([this, words = Noting(1)] { log_.push_back(100); });
  loop_->Post([this, words = Noting(2)] { log_.push_back(100); });
  loop_.reset();
  EXPECT_THAT(log_, ElementsAre(1, 2));
}

TEST_F(EventLoopTest, WhatDiesWithTheLoopMayPostAndDoom) {
  EventLoop* loop = loop_.get();
  loop->Post([words = std::make_unique<LastWords>([&, loop] {
                log_.push_back(1);
                loop->DeleteLater(std::make_unique<LastWords>([&, loop] {
                  log_.push_back(2);
                  loop->Post([words = Noting(3)] {});
                }));
              })] {});
  loop_.reset();
  EXPECT_THAT(log_, ElementsAre(1, 2, 3));
}

TEST_F(EventLoopTest, DeleteLaterWaitsForTheEndOfTheTurn) {
  loop_->Post([&] {
    loop_->DeleteLater(Noting(1));
    EXPECT_THAT(log_, IsEmpty());
  });
  loop_->Post([&] { EXPECT_THAT(log_, IsEmpty()); });
  RunOneTurn();
  EXPECT_THAT(log_, ElementsAre(1));
}

TEST_F(EventLoopTest, DestructorsMayDeleteLaterInTheSameTurn) {
  loop_->Post([&] {
    loop_->DeleteLater(std::make_unique<LastWords>([&] {
      log_.push_back(1);
      for (int id = 3; id < 100; ++id) loop_->DeleteLater(Noting(id));
    }));
    loop_->DeleteLater(Noting(2));
  });
  RunOneTurn();
  ASSERT_EQ(log_.size(), 99u);
  EXPECT_EQ(log_[1], 2);
  EXPECT_EQ(log_.back(), 99);
}

TEST_F(EventLoopTest, DeleteLaterOfNothingIsNothing) {
  loop_->DeleteLater(std::unique_ptr<LastWords>());
  RunOneTurn();
}

TEST_F(EventLoopTest, DeleteLaterBeforeRunDiesInTheFirstTurn) {
  loop_->DeleteLater(Noting(1));
  EXPECT_THAT(log_, IsEmpty());
  RunOneTurn();
  EXPECT_THAT(log_, ElementsAre(1));
}

TEST_F(EventLoopTest, OutstandingDeletionsHappenWithTheLoop) {
  loop_->DeleteLater(Noting(1));
  loop_.reset();
  EXPECT_THAT(log_, ElementsAre(1));
}

TEST_F(EventLoopTest, TimeStandsStillWithinATurn) {
  const RealClock real;
  loop_->Post([&] {
    const absl::Time now = loop_->Now();
    const absl::Time wall = loop_->clock().WallNow();
    const absl::Time later = real.Now() + absl::Milliseconds(2);
    while (real.Now() < later) {
    }
    EXPECT_EQ(loop_->Now(), now);
    EXPECT_EQ(loop_->clock().Now(), now);
    EXPECT_EQ(loop_->clock().WallNow(), wall);
    EXPECT_LT(loop_->Now(), real.Now());
  });
  RunOneTurn();
}

TEST_F(EventLoopTest, AllCallbacksOfATurnSeeTheSameTime) {
  const RealClock real;
  std::vector<absl::Time> seen;
  const auto look = [&] {
    seen.push_back(loop_->Now());
    const absl::Time later = real.Now() + absl::Milliseconds(2);
    while (real.Now() < later) {
    }
  };
  Timer one(*loop_, look);
  Timer two(*loop_, look);
  one.Schedule(absl::ZeroDuration());
  two.Schedule(absl::ZeroDuration());
  loop_->Post(look);
  RunOneTurn();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[0], seen[2]);
}

TEST_F(EventLoopTest, TimeMovesOnBetweenTurns) {
  const RealClock real;
  absl::Time now;
  absl::Time wall;
  loop_->Post([&] {
    now = loop_->Now();
    wall = loop_->clock().WallNow();
  });
  RunOneTurn();
  const absl::Time between = real.Now();
  EXPECT_LE(now, between);
  while (real.WallNow() == wall) {
  }
  loop_->Post([&] {
    EXPECT_GE(loop_->Now(), between);
    EXPECT_NE(loop_->clock().WallNow(), wall);
  });
  RunOneTurn();
}

TEST_F(EventLoopTest, KnowsItsThread) {
  EXPECT_TRUE(loop_->InLoopThread());
  absl::Notification asked;
  loop_->Post([&] {
    EXPECT_TRUE(loop_->InLoopThread());
    std::thread([&] {
      EXPECT_FALSE(loop_->InLoopThread());
      asked.Notify();
    }).join();
  });
  RunOneTurn();
  EXPECT_TRUE(asked.HasBeenNotified());
}

TEST_F(EventLoopTest, WhatDiesWithTheLoopMayHoldSlices) {
  auto slice = std::make_unique<Slice>(loop_->slices().Take());
  EXPECT_EQ(loop_->slices().blocks_out(), 1u);
  loop_->DeleteLater(std::move(slice));
  loop_->Post([slice = loop_->slices().Take()] {});
  loop_.reset();
}

// Lowers the limit on descriptors so far that only `n` more can be opened.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(int n) {
    getrlimit(RLIMIT_NOFILE, &old_);
    const int next = open("/dev/null", O_CLOEXEC);
    close(next);
    rlimit lower = old_;
    lower.rlim_cur = static_cast<rlim_t>(next + n);
    setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &old_); }

 private:
  rlimit old_;
};

TEST(EventLoopCreateTest, FailsWhenDescriptorsRunOut) {
  for (int n = 0; n < 4; ++n) {
    SCOPED_TRACE(n);
    DescriptorLimit limit(n);
    EXPECT_EQ(EventLoop::Create().status().code(),
              absl::StatusCode::kResourceExhausted);
  }
  DescriptorLimit limit(4);
  EXPECT_EQ(EventLoop::Create().status(), absl::OkStatus());
}

TEST(EventLoopDeathTest, RunInsideRunDies) {
  EXPECT_DEATH(
      {
        auto loop = *EventLoop::Create();
        loop->Post([&] { loop->Run(); });
        loop->Run();
      },
      "running already");
}

}  // namespace
}  // namespace rproxy
