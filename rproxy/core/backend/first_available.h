// LoadBalancingMethod::kNone: fill order and fail-over.
//
// Threading: belongs to one worker.

#ifndef RPROXY_CORE_BACKEND_FIRST_AVAILABLE_H_
#define RPROXY_CORE_BACKEND_FIRST_AVAILABLE_H_

#include <cstddef>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"

namespace rproxy {

class FirstAvailable final : public LoadBalancer {
 public:
  size_t Pick(absl::Span<const Candidate>, absl::Time) override { return 0; }
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_FIRST_AVAILABLE_H_
