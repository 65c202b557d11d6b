// Decides which backend of a set takes the next request.
//
// A balancer is asked only about backends that have an idle connection now,
// so every answer can be carried out. It is pure: no clock but the times that
// it is given, no randomness but its seed.
//
// Threading: belongs to one worker.

#ifndef RPROXY_CORE_BACKEND_LOAD_BALANCER_H_
#define RPROXY_CORE_BACKEND_LOAD_BALANCER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace rproxy {

enum class LoadBalancingMethod : uint8_t {
  kRtt,         // Peak-EWMA of response time times load, two random choices.
  kRoundRobin,  // In turn.
  kRandom,      // Uniformly.
  kMostIdle,    // Most idle connections; ties go round.
  kNone,        // First in configured order: fill order and fail-over.
};

class LoadBalancer {
 public:
  struct Candidate {
    uint32_t member;  // Index in the set, 0 to size - 1.
    uint32_t idle;    // Connections ready for a request, at least 1.
    uint32_t active;  // Connections busy with one.
  };

  virtual ~LoadBalancer() = default;

  // Returns an index into `candidates`, which is not empty and in the order of
  // the set.
  virtual size_t Pick(absl::Span<const Candidate> candidates,
                      absl::Time now) = 0;

  // `member` took `time` from the assignment of a request to the head of its
  // response.
  virtual void OnResponse(uint32_t member, absl::Duration time,
                          absl::Time now) {
    (void)member, (void)time, (void)now;
  }

  // `member` failed a request before its response head.
  virtual void OnFailure(uint32_t member, absl::Time now) {
    (void)member, (void)now;
  }
};

// `members` is the size of the set, at least 1.
std::unique_ptr<LoadBalancer> CreateLoadBalancer(LoadBalancingMethod method,
                                                 size_t members, uint64_t seed);

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_LOAD_BALANCER_H_
