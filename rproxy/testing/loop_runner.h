// Runs an event loop in the test's own thread, until something has happened.
//
//   ASSERT_TRUE(RunUntil(loop, [&] { return accepted; }));
//
// Threading: call on the thread that the loop belongs to, while nothing runs
// it.

#ifndef RPROXY_TESTING_LOOP_RUNNER_H_
#define RPROXY_TESTING_LOOP_RUNNER_H_

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy::test {

// Runs `turns` turns, without waiting for anything: what is due, runs. For
// claims that something does not happen.
void RunTurns(EventLoop& loop, int turns);

// Runs turns until `done` returns true, which is asked before each of them.
// Returns false if that takes longer than `time_max` of real time, which only
// bounds failures.
[[nodiscard]] bool RunUntil(EventLoop& loop, absl::FunctionRef<bool()> done,
                            absl::Duration time_max = absl::Seconds(10));

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_LOOP_RUNNER_H_
