#include "rproxy/testing/gate.h"

#include <poll.h>
#include <sys/eventfd.h>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"

namespace rproxy::test {

Gate::Gate() : event_(eventfd(0, EFD_CLOEXEC)) { CHECK(event_.valid()); }

void Gate::Open() {
  open_.store(true, std::memory_order_release);
  CHECK_EQ(eventfd_write(event_.get(), 1), 0);
}

bool Gate::Wait() const {
  const absl::Time deadline = absl::Now() + kWaitMax;
  for (;;) {
    pollfd poll_fd = {event_.get(), POLLIN, 0};
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) break;
    const int timeout = static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
    if (poll(&poll_fd, 1, timeout) == 1) return open();
  }
  ADD_FAILURE() << "a gate did not open within " << kWaitMax;
  return false;
}

}  // namespace rproxy::test
