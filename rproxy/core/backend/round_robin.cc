#include "rproxy/core/backend/round_robin.h"

#include <cstddef>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"

namespace rproxy {

size_t RoundRobin::Pick(absl::Span<const Candidate> candidates, absl::Time) {
  size_t picked = 0;  // Where the next round begins, if nobody is left in this.
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].member >= next_) {
      picked = i;
      break;
    }
  }
  next_ = candidates[picked].member + 1;
  return picked;
}

}  // namespace rproxy
