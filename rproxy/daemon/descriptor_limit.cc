#include "rproxy/daemon/descriptor_limit.h"

#include <sys/resource.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace rproxy {

absl::Status SetDescriptorLimit(size_t wanted) {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return absl::ErrnoToStatus(errno, "cannot read the descriptor limit");
  }
  if (wanted > limit.rlim_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("max-nofile is ", wanted, ", but the system allows ",
                     limit.rlim_max, " at most (ulimit -Hn)"));
  }
  limit.rlim_cur = wanted == 0 ? limit.rlim_max : wanted;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return absl::ErrnoToStatus(errno, "cannot set the descriptor limit");
  }
  return absl::OkStatus();
}

}  // namespace rproxy
