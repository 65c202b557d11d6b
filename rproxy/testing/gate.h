// A gate opens once and stays open: how a test and a fake peer wait for each
// other, in place of delays.
//
//   Gate reached, go_on;  // Before the backend, so that they outlive scripts.
//   FakeBackend backend;
//   backend.ScriptNextRequest([&](BackendConnection& connection) {
//     reached.Open();
//     connection.WaitFor(go_on);
//     ...
//   });
//
// Threading: any thread.

#ifndef RPROXY_TESTING_GATE_H_
#define RPROXY_TESTING_GATE_H_

#include <atomic>

#include "absl/time/time.h"
#include "rproxy/core/base/unique_fd.h"

namespace rproxy::test {

// How long anything in a test may wait for something that must happen. It only
// bounds failures: a test that passes never waits for it.
inline constexpr absl::Duration kWaitMax = absl::Seconds(10);

class Gate {
 public:
  Gate();

  // May be called more than once.
  void Open();

  // Waits until the gate is open. False, and a test failure, after kWaitMax.
  bool Wait() const;

  // What was done before Open is visible to those who saw it open.
  bool open() const { return open_.load(std::memory_order_acquire); }

  // Readable once the gate is open. Not to be read from.
  int fd() const { return event_.get(); }

 private:
  std::atomic<bool> open_ = false;
  const UniqueFd event_;
};

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_GATE_H_
