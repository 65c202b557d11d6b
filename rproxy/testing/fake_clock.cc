#include "rproxy/testing/fake_clock.h"

#include "absl/time/time.h"
#include "rproxy/core/base/logging.h"

namespace rproxy::test {

void FakeClock::Advance(absl::Duration by) {
  CHECK(by >= absl::ZeroDuration()) << "a monotonic clock never goes back";
  nanoseconds_.fetch_add(absl::ToInt64Nanoseconds(by),
                         std::memory_order_relaxed);
}

}  // namespace rproxy::test
