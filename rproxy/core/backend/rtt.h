// LoadBalancingMethod::kRtt: the backend that will probably answer first.
//
// Each member has a cost: a moving average of its response times that jumps
// up to a slower one at once (a peak) and comes down slowly. A request goes to
// the better, by cost times requests under way, of two members drawn at random
// (so that not everybody runs to the same best one). A cost fades while nothing
// is measured, so a member that was slow is tried again; one that was never
// measured gets one request.
//
// Threading: belongs to one worker.

#ifndef RPROXY_CORE_BACKEND_RTT_H_
#define RPROXY_CORE_BACKEND_RTT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/seeded_random.h"

namespace rproxy {

class Rtt final : public LoadBalancer {
 public:
  Rtt(size_t members, uint64_t seed);

  size_t Pick(absl::Span<const Candidate> candidates, absl::Time now) override;
  void OnResponse(uint32_t member, absl::Duration time,
                  absl::Time now) override;
  void OnFailure(uint32_t member, absl::Time now) override;

 private:
  struct Cost {
    double seconds = 0;  // As of `measured`. 0: not known.
    absl::Time measured = absl::InfinitePast();
  };

  // The cost of `member` now, faded.
  double CostNow(uint32_t member, absl::Time now) const;
  // What `candidate` would cost one more request.
  double Score(const Candidate& candidate, absl::Time now) const;

  std::vector<Cost> costs_;
  SeededRandom random_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_RTT_H_
