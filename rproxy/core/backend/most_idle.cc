#include "rproxy/core/backend/most_idle.h"

#include <cstddef>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"

namespace rproxy {

size_t MostIdle::Pick(absl::Span<const Candidate> candidates, absl::Time) {
  size_t picked = 0;
  for (size_t i = 1; i < candidates.size(); ++i) {
    const Candidate& best = candidates[picked];
    const Candidate& other = candidates[i];
    // The first member of this round beats an equal one of the next round.
    const bool sooner = best.member < next_ && other.member >= next_;
    if (other.idle > best.idle || (other.idle == best.idle && sooner)) {
      picked = i;
    }
  }
  next_ = candidates[picked].member + 1;
  return picked;
}

}  // namespace rproxy
