#include "rproxy/core/event/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "rproxy/core/base/clock.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"

namespace rproxy {
namespace {

using Closure = absl::AnyInvocable<void() &&>;

// What libevent opens for one base: the epoll instance and a socket pair for
// signals. It ends the process when it does not get the pair.
constexpr size_t kEngineDescriptors = 3;

struct ConfigFree {
  void operator()(event_config* config) const { event_config_free(config); }
};

// Whether the system grants as many descriptors as libevent needs.
absl::Status DescriptorsLeft() {
  std::array<UniqueFd, kEngineDescriptors> probes;
  for (UniqueFd& probe : probes) {
    probe = UniqueFd(eventfd(0, EFD_CLOEXEC));
    if (!probe.valid()) {
      return absl::ErrnoToStatus(errno, "no descriptors for an event loop");
    }
  }
  return absl::OkStatus();
}

event_base* NewBase() {
  std::unique_ptr<event_config, ConfigFree> config(event_config_new());
  CHECK(config != nullptr);
  // Only epoll has both.
  CHECK_EQ(0, event_config_require_features(
                  config.get(), EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE));
  // No locks: other threads touch only the eventfd. The environment must not
  // choose another engine.
  CHECK_EQ(0, event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK));
  CHECK_EQ(0, event_config_set_flag(config.get(), EVENT_BASE_FLAG_IGNORE_ENV));
  return event_base_new_with_config(config.get());
}

}  // namespace

struct EventLoop::State {
  // The loop's time as a Clock. Wall time is read when asked for, at most once
  // a turn.
  class LoopClock final : public Clock {
   public:
    absl::Time Now() const override { return loop->now_; }
    absl::Time WallNow() const override {
      if (!wall_is_fresh || !loop->in_turn_) {
        wall_now = RealClock().WallNow();
        wall_is_fresh = true;
      }
      return wall_now;
    }

    const EventLoop* loop = nullptr;
    mutable absl::Time wall_now;
    mutable bool wall_is_fresh = false;
  };

  ~State() {
    if (wakeup_event != nullptr) event_free(wakeup_event);
    if (base != nullptr) event_base_free(base);
  }

  // The eventfd is watched edge-triggered and therefore never read: each write
  // is an edge of its own, and the count cannot overflow in this universe.
  void Wake() {
    const uint64_t one = 1;
    PCHECK(write(wakeup_fd.get(), &one, sizeof(one)) == sizeof(one));
  }

  static void OnWakeup(int /*fd*/, short /*what*/, void* loop) {
    static_cast<EventLoop*>(loop)->BeginTurn();
    static_cast<EventLoop*>(loop)->state_->woken = true;
  }

  std::vector<Closure> TakePosted() {
    absl::MutexLock lock(&mutex);
    return std::exchange(posted, {});
  }

  bool OnRunningThread() const {
    return runner.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  event_base* base = nullptr;
  UniqueFd wakeup_fd;
  event* wakeup_event = nullptr;
  LoopClock clock;
  // The thread inside Run, or none.
  std::atomic<std::thread::id> runner{};
  std::atomic<bool> stop{false};

  // Closures may be waiting, as told by the eventfd or known from a Post on
  // the loop's own thread, which needs no eventfd.
  bool woken = false;
  bool posted_inside = false;

  absl::Mutex mutex;
  std::vector<Closure> posted ABSL_GUARDED_BY(mutex);
};

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create() {
  auto state = std::make_unique<State>();
  state->wakeup_fd = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->wakeup_fd.valid()) {
    return absl::ErrnoToStatus(errno, "no eventfd for an event loop");
  }
  if (absl::Status left = DescriptorsLeft(); !left.ok()) return left;
  state->base = NewBase();
  if (state->base == nullptr) {
    return absl::InternalError("no epoll for an event loop");
  }
  auto loop = absl::WrapUnique(new EventLoop(std::move(state)));
  State& s = *loop->state_;
  s.wakeup_event =
      event_new(s.base, s.wakeup_fd.get(), EV_READ | EV_ET | EV_PERSIST,
                &State::OnWakeup, loop.get());
  CHECK(s.wakeup_event != nullptr);
  if (event_add(s.wakeup_event, nullptr) != 0) {
    return absl::ErrnoToStatus(errno, "cannot watch the loop's own eventfd");
  }
  return loop;
}

EventLoop::EventLoop(std::unique_ptr<State> state)
    : now_(RealClock().Now()), state_(std::move(state)) {
  state_->clock.loop = this;
}

EventLoop::~EventLoop() {
  CHECK(state_->runner.load() == std::thread::id()) << "the loop is running";
  // What dies here may doom or post more.
  for (;;) {
    SweepDoomed();
    if (state_->TakePosted().empty()) break;
  }
}

void EventLoop::Run() {
  CHECK(state_->runner.exchange(std::this_thread::get_id()) ==
        std::thread::id())
      << "the loop is running already";
  do {
    // One turn: wait, then every callback that is due. Do not wait if there
    // are closures to run.
    const int flags =
        EVLOOP_ONCE | (state_->posted_inside ? EVLOOP_NONBLOCK : 0);
    CHECK_EQ(0, event_base_loop(state_->base, flags));
    if (state_->woken || state_->posted_inside) RunPosted();
    EndTurn();
  } while (!state_->stop.exchange(false));
  state_->runner.store(std::thread::id());
}

void EventLoop::Stop() {
  state_->stop.store(true);
  if (!state_->OnRunningThread()) state_->Wake();
}

void EventLoop::Post(absl::AnyInvocable<void() &&> closure) {
  const bool inside = state_->OnRunningThread();
  bool first;
  {
    absl::MutexLock lock(&state_->mutex);
    first = state_->posted.empty();
    state_->posted.push_back(std::move(closure));
  }
  // If it is not the first, whoever posted the first has seen to it that the
  // loop will look.
  if (inside) {
    state_->posted_inside = true;
  } else if (first) {
    state_->Wake();
  }
}

const Clock& EventLoop::clock() const { return state_->clock; }

bool EventLoop::InLoopThread() const {
  const std::thread::id runner = state_->runner.load(std::memory_order_relaxed);
  return runner == std::thread::id() || runner == std::this_thread::get_id();
}

void EventLoop::DeleteLaterErased(Doomed doomed) { doomed_.push_back(doomed); }

event_base* EventLoop::base() { return state_->base; }

void EventLoop::BeginTurn() {
  if (in_turn_) return;
  in_turn_ = true;
  now_ = RealClock().Now();
  state_->clock.wall_is_fresh = false;
}

void EventLoop::EndTurn() {
  SweepDoomed();
  in_turn_ = false;
}

absl::Time EventLoop::FreshNow() {
  if (!in_turn_) now_ = RealClock().Now();
  return now_;
}

// Closures that these ones post run in the next turn, so that the posting of
// a closure by itself cannot starve descriptors and timers.
void EventLoop::RunPosted() {
  BeginTurn();
  state_->woken = false;
  state_->posted_inside = false;
  // Each closure dies before the next one runs.
  for (Closure& closure : state_->TakePosted()) {
    std::exchange(closure, nullptr)();
  }
}

// Destructors may doom more objects while the sweep is under way.
void EventLoop::SweepDoomed() {
  for (size_t i = 0; i < doomed_.size(); ++i) {
    const Doomed doomed = doomed_[i];
    doomed.destroy(doomed.object);
  }
  doomed_.clear();
}

}  // namespace rproxy
