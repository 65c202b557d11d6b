// Time as rproxy sees it: a source that tests can replace.
//
// A Clock tells two times. `Now` never jumps: deadlines, back-off and round
// trips are computed from it, and its origin means nothing. `WallNow` is the
// time of day, for Date fields and logs only.
//
// Threading: every implementation may be called from any thread.

#ifndef RPROXY_CORE_BASE_CLOCK_H_
#define RPROXY_CORE_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace rproxy {

class Clock {
 public:
  virtual ~Clock() = default;

  // Monotonic. Comparable only with other values from the same clock.
  virtual absl::Time Now() const = 0;

  // Time of day. May jump either way.
  virtual absl::Time WallNow() const = 0;
};

// The machine's clocks.
class RealClock final : public Clock {
 public:
  absl::Time Now() const override;
  absl::Time WallNow() const override;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BASE_CLOCK_H_
