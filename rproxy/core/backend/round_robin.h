// LoadBalancingMethod::kRoundRobin: backends in turn. One without an idle
// connection loses its turn.
//
// Threading: belongs to one worker.

#ifndef RPROXY_CORE_BACKEND_ROUND_ROBIN_H_
#define RPROXY_CORE_BACKEND_ROUND_ROBIN_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"

namespace rproxy {

class RoundRobin final : public LoadBalancer {
 public:
  size_t Pick(absl::Span<const Candidate> candidates, absl::Time now) override;

 private:
  uint32_t next_ = 0;  // The member whose turn it is.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_ROUND_ROBIN_H_
