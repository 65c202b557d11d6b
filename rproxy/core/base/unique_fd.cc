#include "rproxy/core/base/unique_fd.h"

#include <unistd.h>

#include <utility>

namespace rproxy {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = other.Release();
  }
  return *this;
}

int UniqueFd::Release() { return std::exchange(fd_, -1); }

void UniqueFd::Reset() {
  const int fd = Release();
  if (fd >= 0) close(fd);
}

}  // namespace rproxy
