#include "rproxy/core/event/loop_thread.h"

#include <pthread.h>
#include <signal.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {
namespace {

TEST(LoopThreadTest, RunsClosuresOnItsOwnThread) {
  auto thread = *LoopThread::Create("worker");
  EXPECT_FALSE(thread->loop().InLoopThread());
  bool inside = false;
  thread->RunAndWait([&] { inside = thread->loop().InLoopThread(); });
  EXPECT_TRUE(inside);
}

TEST(LoopThreadTest, RunAndWaitComesAfterWhatWasPosted) {
  auto thread = *LoopThread::Create("worker");
  int posted = 0;
  for (int i = 0; i < 100; ++i) thread->loop().Post([&] { ++posted; });
  int seen = 0;
  thread->RunAndWait([&] { seen = posted; });
  EXPECT_EQ(seen, 100);
}

TEST(LoopThreadTest, RunsWhatWasPostedBeforeItDies) {
  bool ran = false;
  {
    auto thread = *LoopThread::Create("worker");
    thread->loop().Post([&] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(LoopThreadTest, ThreadBearsTheNameCutTo15Bytes) {
  auto thread = *LoopThread::Create("a name that is too long");
  char name[32] = "";
  thread->RunAndWait(
      [&] { pthread_getname_np(pthread_self(), name, sizeof(name)); });
  EXPECT_STREQ(name, "a name that is ");
}

TEST(LoopThreadTest, BlocksAllSignalsThereAndNoneHere) {
  sigset_t before, after, inside;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  auto thread = *LoopThread::Create("worker");
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  thread->RunAndWait([&] { pthread_sigmask(SIG_SETMASK, nullptr, &inside); });
  for (int signal : {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGCHLD}) {
    EXPECT_EQ(sigismember(&inside, signal), 1) << signal;
    EXPECT_EQ(sigismember(&after, signal), sigismember(&before, signal))
        << signal;
  }
}

TEST(LoopThreadTest, MayDieAfterItsLoopHasStopped) {
  auto thread = *LoopThread::Create("worker");
  thread->loop().Stop();
}

TEST(LoopThreadDeathTest, WaitingForItselfDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto thread = *LoopThread::Create("worker");
        thread->RunAndWait([&] { thread->RunAndWait([] {}); });
      },
      "wait for itself");
}

}  // namespace
}  // namespace rproxy
