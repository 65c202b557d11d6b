#include "rproxy/core/backend/rtt.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {

namespace {

// How long a measurement counts: after this time without another, a cost is
// down to 1/e. A member ten times slower than the rest is tried again after
// 2.3 times this.
constexpr double kFadeSeconds = 10;

// A failure costs as much as a response this late, and failures in a row twice
// as much each, up to the second figure. Failing quickly must not look fast.
constexpr double kFailureSecondsMin = 1;
constexpr double kFailureSecondsMax = 30;

// Response times outside count as these. A cost of zero would mean that nothing
// is known; one without bound would never fade.
constexpr double kResponseSecondsMin = 1e-9;
constexpr double kResponseSecondsMax = 3600;

// More than any cost. For members that are being measured for the first time.
constexpr double kUnknownSeconds = 1e9;

}  // namespace

Rtt::Rtt(size_t members, uint64_t seed) : costs_(members), random_(seed) {}

size_t Rtt::Pick(absl::Span<const Candidate> candidates, absl::Time now) {
  const uint32_t size = static_cast<uint32_t>(candidates.size());
  if (size == 1) return 0;
  const size_t one = random_.Below(size);
  // Any but `one`.
  const size_t other = (one + 1 + random_.Below(size - 1)) % size;
  return Score(candidates[one], now) <= Score(candidates[other], now) ? one
                                                                      : other;
}

void Rtt::OnResponse(uint32_t member, absl::Duration time, absl::Time now) {
  DCHECK_LT(member, costs_.size());
  Cost& cost = costs_[member];
  const double seconds = std::clamp(absl::ToDoubleSeconds(time),
                                    kResponseSecondsMin, kResponseSecondsMax);
  if (seconds >= cost.seconds) {
    cost.seconds = seconds;
  } else {
    // Weighed by time, not by number: a burst of answers counts no more than
    // a few spread over as long.
    const double age =
        std::max(absl::ToDoubleSeconds(now - cost.measured), 0.0);
    const double weight = std::exp(-age / kFadeSeconds);
    cost.seconds = cost.seconds * weight + seconds * (1 - weight);
  }
  cost.measured = now;
}

void Rtt::OnFailure(uint32_t member, absl::Time now) {
  DCHECK_LT(member, costs_.size());
  costs_[member].seconds = std::clamp(2 * CostNow(member, now),
                                      kFailureSecondsMin, kFailureSecondsMax);
  costs_[member].measured = now;
}

double Rtt::CostNow(uint32_t member, absl::Time now) const {
  const Cost& cost = costs_[member];
  if (cost.seconds == 0) return 0;
  const double age = std::max(absl::ToDoubleSeconds(now - cost.measured), 0.0);
  return cost.seconds * std::exp(-age / kFadeSeconds);
}

double Rtt::Score(const Candidate& candidate, absl::Time now) const {
  const double cost = CostNow(candidate.member, now);
  if (cost == 0 && candidate.active > 0) {
    return kUnknownSeconds * candidate.active;
  }
  return cost * (1.0 + candidate.active);
}

}  // namespace rproxy
