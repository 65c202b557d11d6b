// How many descriptors the process may open.
//
// Threading: call once, at start.

#ifndef RPROXY_DAEMON_DESCRIPTOR_LIMIT_H_
#define RPROXY_DAEMON_DESCRIPTOR_LIMIT_H_

#include <cstddef>

#include "absl/status/status.h"

namespace rproxy {

// Sets the soft limit to `wanted`, or to the hard limit when `wanted` is 0.
// More than the hard limit is an error that names both.
absl::Status SetDescriptorLimit(size_t wanted);

}  // namespace rproxy

#endif  // RPROXY_DAEMON_DESCRIPTOR_LIMIT_H_
