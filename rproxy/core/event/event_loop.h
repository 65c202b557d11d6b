// One thread's event loop. Everything that waits in rproxy waits here.
//
// The loop owns its readiness engine (libevent, behind this header), the pool
// that its connections read into, and a queue of closures posted from other
// threads. Watchers and timers are handles: destroying one withdraws it, also
// from inside its own callback.
//
// Threading: `Post` and `Stop` may be called from any thread. Everything else
// belongs to the thread inside Run, or before Run to the creating thread.

#ifndef RPROXY_CORE_EVENT_EVENT_LOOP_H_
#define RPROXY_CORE_EVENT_EVENT_LOOP_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rproxy/core/base/clock.h"
#include "rproxy/core/buffer/slice.h"

struct event_base;

namespace rproxy {

class EventLoop {
 public:
  // Fails when the system refuses descriptors.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create();

  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  // Not while running. Posted closures that never ran are destroyed unrun.
  ~EventLoop();

  // Runs until Stop.
  void Run();

  // Makes Run return after the callbacks of the current turn, and a Run that
  // has not begun return at once after one turn.
  void Stop();

  // Runs `closure` on the loop's thread, in the order of posting. Never runs
  // it inside the call.
  void Post(absl::AnyInvocable<void() &&> closure);

  // Destroys `object` at the end of the current turn, when nothing of it is on
  // the stack any more.
  template <typename T>
  void DeleteLater(std::unique_ptr<T> object) {
    if (object == nullptr) return;
    DeleteLaterErased(
        {object.release(), [](void* p) { delete static_cast<T*>(p); }});
  }

  // Monotonic time, read once a turn: free to call, coarse by one turn.
  absl::Time Now() const { return now_; }
  // The same, as a Clock to hand to pure code. WallNow is also once a turn.
  // Unlike other clocks, this one belongs to the loop's thread.
  const Clock& clock() const;

  SlicePool& slices() { return slices_; }

  // True on the thread that runs the loop, and before any thread does.
  bool InLoopThread() const;

 private:
  friend class FdWatcher;
  friend class Timer;
  friend class SignalWatcher;

  struct Doomed {
    void* object;
    void (*destroy)(void*);
  };
  struct State;

  explicit EventLoop(std::unique_ptr<State> state);
  void DeleteLaterErased(Doomed doomed);
  event_base* base();
  // Every callback from the engine calls this first: the first one of a turn
  // reads the clock.
  void BeginTurn();
  void EndTurn();
  // Now, but never stale while the loop is not inside a turn.
  absl::Time FreshNow();
  void RunPosted();
  void SweepDoomed();

  // Order matters: what dies with the other members may hold slices.
  SlicePool slices_;
  absl::Time now_;
  bool in_turn_ = false;
  std::vector<Doomed> doomed_;
  std::unique_ptr<State> state_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_EVENT_EVENT_LOOP_H_
