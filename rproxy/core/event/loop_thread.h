// A thread that runs one event loop.
//
// Threading: created, used and destroyed by one owner thread; `loop()` is what
// other threads post to.

#ifndef RPROXY_CORE_EVENT_LOOP_THREAD_H_
#define RPROXY_CORE_EVENT_LOOP_THREAD_H_

#include <pthread.h>

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {

class LoopThread {
 public:
  // Starts a thread named `name` (at most 15 bytes are kept) with a running
  // loop. All signals are blocked on it.
  static absl::StatusOr<std::unique_ptr<LoopThread>> Create(std::string name);

  // Stops the loop, after what was posted before has run, and joins. Whatever
  // lives on the loop must have been destroyed by a closure that ran on it.
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  // Running from Create to the destructor.
  EventLoop& loop() { return *loop_; }

  // Runs `closure` on the loop and waits until it has run. Not from the loop's
  // own thread.
  void RunAndWait(absl::AnyInvocable<void() &&> closure);

 private:
  explicit LoopThread(std::unique_ptr<EventLoop> loop);
  absl::Status Start(const std::string& name);

  std::unique_ptr<EventLoop> loop_;
  bool started_ = false;
  pthread_t thread_{};
};

}  // namespace rproxy

#endif  // RPROXY_CORE_EVENT_LOOP_THREAD_H_
