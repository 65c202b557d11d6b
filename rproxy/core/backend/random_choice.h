// LoadBalancingMethod::kRandom: each backend that has an idle connection is as
// likely as the next.
//
// Threading: belongs to one worker.

#ifndef RPROXY_CORE_BACKEND_RANDOM_CHOICE_H_
#define RPROXY_CORE_BACKEND_RANDOM_CHOICE_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/seeded_random.h"

namespace rproxy {

class RandomChoice final : public LoadBalancer {
 public:
  explicit RandomChoice(uint64_t seed) : random_(seed) {}

  size_t Pick(absl::Span<const Candidate> candidates, absl::Time) override {
    return random_.Below(static_cast<uint32_t>(candidates.size()));
  }

 private:
  SeededRandom random_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_RANDOM_CHOICE_H_
