#include "rproxy/core/backend/load_balancer.h"

#include <cstddef>
#include <cstdint>
#include <memory>

#include "rproxy/core/backend/first_available.h"
#include "rproxy/core/backend/most_idle.h"
#include "rproxy/core/backend/random_choice.h"
#include "rproxy/core/backend/round_robin.h"
#include "rproxy/core/backend/rtt.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {

std::unique_ptr<LoadBalancer> CreateLoadBalancer(LoadBalancingMethod method,
                                                 size_t members,
                                                 uint64_t seed) {
  CHECK_GE(members, 1u);
  switch (method) {
    case LoadBalancingMethod::kRtt:
      return std::make_unique<Rtt>(members, seed);
    case LoadBalancingMethod::kRoundRobin:
      return std::make_unique<RoundRobin>();
    case LoadBalancingMethod::kRandom:
      return std::make_unique<RandomChoice>(seed);
    case LoadBalancingMethod::kMostIdle:
      return std::make_unique<MostIdle>();
    case LoadBalancingMethod::kNone:
      return std::make_unique<FirstAvailable>();
  }
  LOG(FATAL) << "no such method: " << static_cast<int>(method);
}

}  // namespace rproxy
