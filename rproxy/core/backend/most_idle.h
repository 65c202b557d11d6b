// LoadBalancingMethod::kMostIdle: the backend with the most idle connections.
// Among equals they take turns.
//
// Threading: belongs to one worker.

#ifndef RPROXY_CORE_BACKEND_MOST_IDLE_H_
#define RPROXY_CORE_BACKEND_MOST_IDLE_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"

namespace rproxy {

class MostIdle final : public LoadBalancer {
 public:
  size_t Pick(absl::Span<const Candidate> candidates, absl::Time now) override;

 private:
  uint32_t next_ = 0;  // Of equals, the first from this member on.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_MOST_IDLE_H_
