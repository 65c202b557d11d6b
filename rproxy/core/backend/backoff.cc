#include "rproxy/core/backend/backoff.h"

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace rproxy {

absl::Duration BackoffDelay(const BackoffRange& range, uint32_t failures,
                            uint64_t random) {
  // Duration saturates, so the product may be anything but negative.
  const uint32_t doublings = std::min(failures - 1, uint32_t{62});
  const absl::Duration full = std::min(range.min * (int64_t{1} << doublings),
                                       std::max(range.min, range.max));
  const double taken = static_cast<double>(random >> 11) * 0x1p-53 / 2;
  return full * (1 - taken);
}

}  // namespace rproxy
