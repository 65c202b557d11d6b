#include "rproxy/core/event/signal_watcher.h"

#include <signal.h>

#include <memory>

#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {
namespace {

TEST(SignalWatcherTest, SignalBecomesACallbackOnTheLoop) {
  auto loop = *EventLoop::Create();
  int calls = 0;
  SignalWatcher watcher(*loop, SIGUSR1, [&] {
    ++calls;
    EXPECT_TRUE(loop->InLoopThread());
    loop->Stop();
  });
  raise(SIGUSR1);
  EXPECT_EQ(calls, 0);
  loop->Run();
  EXPECT_EQ(calls, 1);
  raise(SIGUSR1);
  loop->Run();
  EXPECT_EQ(calls, 2);
}

TEST(SignalWatcherTest, EachSignalHasItsWatcher) {
  auto loop = *EventLoop::Create();
  int ones = 0;
  SignalWatcher one(*loop, SIGUSR1, [&] { ++ones; });
  SignalWatcher two(*loop, SIGUSR2, [&] { loop->Stop(); });
  raise(SIGUSR2);
  loop->Run();
  EXPECT_EQ(ones, 0);
  raise(SIGUSR1);
  raise(SIGUSR2);
  loop->Run();
  EXPECT_EQ(ones, 1);
}

TEST(SignalWatcherTest, OldDispositionComesBack) {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction found = {};
  sigaction(SIGUSR1, &ignore, nullptr);
  {
    auto loop = *EventLoop::Create();
    SignalWatcher watcher(*loop, SIGUSR1, [] {});
    sigaction(SIGUSR1, nullptr, &found);
    EXPECT_NE(found.sa_handler, SIG_IGN);
  }
  sigaction(SIGUSR1, nullptr, &found);
  EXPECT_EQ(found.sa_handler, SIG_IGN);
}

TEST(SignalWatcherTest, LoopsMayTakeTurns) {
  for (int i = 0; i < 2; ++i) {
    auto loop = *EventLoop::Create();
    SignalWatcher watcher(*loop, SIGUSR1, [&] { loop->Stop(); });
    raise(SIGUSR1);
    loop->Run();
  }
}

}  // namespace
}  // namespace rproxy
