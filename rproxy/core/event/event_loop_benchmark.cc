#include "rproxy/core/event/event_loop.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/event/loop_thread.h"
#include "rproxy/core/event/timer.h"

namespace rproxy {
namespace {

// What moving a deadline costs among many: later each time, as for the idle
// time of a busy connection.
void BM_TimerMovedLater(benchmark::State& state) {
  auto loop = *EventLoop::Create();
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < state.range(0); ++i) {
    timers.push_back(std::make_unique<Timer>(*loop, [] {}));
    timers.back()->Schedule(absl::Hours(1));
  }
  loop->Post([&] {
    absl::Duration after = absl::Hours(2);
    for (auto _ : state) {
      timers[0]->Schedule(after);
      after += absl::Microseconds(1);
    }
    loop->Stop();
  });
  loop->Run();
}
BENCHMARK(BM_TimerMovedLater)->Arg(1)->Arg(10000);

// The same with a deadline that comes nearer, which has to be set each time.
void BM_TimerMovedEarlier(benchmark::State& state) {
  auto loop = *EventLoop::Create();
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < state.range(0); ++i) {
    timers.push_back(std::make_unique<Timer>(*loop, [] {}));
    timers.back()->Schedule(absl::Hours(1) + absl::Seconds(i));
  }
  loop->Post([&] {
    absl::Duration after = absl::Hours(1);
    for (auto _ : state) {
      timers[0]->Schedule(after);
      after -= absl::Nanoseconds(100);
    }
    loop->Stop();
  });
  loop->Run();
}
BENCHMARK(BM_TimerMovedEarlier)->Arg(1)->Arg(10000);

// One turn for one closure that posts its successor on its own loop.
void BM_PostToItself(benchmark::State& state) {
  auto loop = *EventLoop::Create();
  std::function<void()> next = [&] {
    if (state.KeepRunning()) {
      loop->Post([&] { next(); });
    } else {
      loop->Stop();
    }
  };
  loop->Post([&] { next(); });
  loop->Run();
}
BENCHMARK(BM_PostToItself);

// Posting from another thread, without waiting for each.
void BM_PostToAnother(benchmark::State& state) {
  auto thread = *LoopThread::Create("bench");
  int64_t ran = 0;
  for (auto _ : state) {
    thread->loop().Post([&ran] { ++ran; });
  }
  thread->RunAndWait([] {});
  CHECK_EQ(ran, state.iterations());
}
BENCHMARK(BM_PostToAnother)->UseRealTime();

// There and back between two threads.
void BM_RunAndWait(benchmark::State& state) {
  auto thread = *LoopThread::Create("bench");
  for (auto _ : state) thread->RunAndWait([] {});
}
BENCHMARK(BM_RunAndWait)->UseRealTime();

// The three system calls of one byte's turn, without a loop around them: what
// BM_FdTurn cannot go below.
void BM_BareTurn(benchmark::State& state) {
  int fds[2];
  PCHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  const UniqueFd ends[2] = {UniqueFd(fds[0]), UniqueFd(fds[1])};
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  for (const UniqueFd& end : ends) {
    epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                         .data = {.fd = end.get()}};
    PCHECK(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, end.get(), &event) == 0);
  }
  int to = 0;
  for (auto _ : state) {
    char byte = 'x';
    PCHECK(write(fds[to], &byte, 1) == 1);
    to = 1 - to;
    epoll_event events[32];
    CHECK_GE(epoll_wait(epoll.get(), events, 32, -1), 1);
    PCHECK(read(fds[to], &byte, 1) == 1);
  }
}
BENCHMARK(BM_BareTurn);

// One turn for one byte that comes and goes.
void BM_FdTurn(benchmark::State& state) {
  auto loop = *EventLoop::Create();
  int fds[2];
  PCHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  const UniqueFd ends[2] = {UniqueFd(fds[0]), UniqueFd(fds[1])};
  const auto answer = [&](int fd, FdEvents events) {
    char byte;
    if (!events.readable || read(fd, &byte, 1) != 1) return;
    if (!state.KeepRunning()) {
      loop->Stop();
      return;
    }
    PCHECK(write(fd, &byte, 1) == 1);
  };
  FdWatcher one(*loop, fds[0], [&](FdEvents e) { answer(fds[0], e); });
  FdWatcher two(*loop, fds[1], [&](FdEvents e) { answer(fds[1], e); });
  CHECK(one.Start().ok() && two.Start().ok());
  PCHECK(write(fds[0], "x", 1) == 1);
  loop->Run();
}
BENCHMARK(BM_FdTurn);

}  // namespace
}  // namespace rproxy
