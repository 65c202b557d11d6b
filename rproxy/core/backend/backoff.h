// How long to wait before trying again after failures in a row.
//
// A pure function. The delay doubles with each failure up to a ceiling; a
// random part of it is taken away, so that connections which failed together
// do not come back together.
//
// Threading: any thread.

#ifndef RPROXY_CORE_BACKEND_BACKOFF_H_
#define RPROXY_CORE_BACKEND_BACKOFF_H_

#include <cstdint>

#include "absl/time/time.h"

namespace rproxy {

struct BackoffRange {
  absl::Duration min;  // After the first failure. Not negative.
  absl::Duration max;  // Ceiling. Below `min` it counts as `min`.
};

// The delay after `failures` failures in a row, at least 1. `random` is any 64
// bits; up to half of the delay goes by them.
absl::Duration BackoffDelay(const BackoffRange& range, uint32_t failures,
                            uint64_t random);

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_BACKOFF_H_
