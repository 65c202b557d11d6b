#include "rproxy/testing/loop_runner.h"

#include <thread>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "rproxy/core/base/clock.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy::test {

void RunTurns(EventLoop& loop, int turns) {
  for (int i = 0; i < turns; ++i) {
    // Run then returns after one turn, and that one does not wait.
    loop.Stop();
    loop.Run();
  }
}

bool RunUntil(EventLoop& loop, absl::FunctionRef<bool()> done,
              absl::Duration time_max) {
  const RealClock clock;
  const absl::Time deadline = clock.Now() + time_max;
  while (!done()) {
    if (clock.Now() > deadline) return false;
    RunTurns(loop, 1);
    // Turns do not wait, because nothing that another thread does would end
    // one early. Let that thread run.
    std::this_thread::yield();
  }
  return true;
}

}  // namespace rproxy::test
