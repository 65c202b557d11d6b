#include "rproxy/core/base/clock.h"

#include <ctime>

#include "absl/time/time.h"

namespace rproxy {
namespace {

// clock_gettime on these two clocks stays in user space (vDSO) and cannot
// fail.
absl::Time Read(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return absl::TimeFromTimespec(time);
}

}  // namespace

absl::Time RealClock::Now() const { return Read(CLOCK_MONOTONIC); }

absl::Time RealClock::WallNow() const { return Read(CLOCK_REALTIME); }

}  // namespace rproxy
