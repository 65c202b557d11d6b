#include "rproxy/core/net/test_sockets.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"

namespace rproxy {

std::pair<UniqueFd, UniqueFd> TcpPair() {
  const UniqueFd listener =
      *Listen(*SocketAddress::Parse("127.0.0.1", 0), ListenOptions());
  const SocketAddress address = LocalAddress(listener.get());
  // Blocking at first, so that both ends are there when this returns.
  UniqueFd near(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  PCHECK(connect(near.get(), address.get(), address.size()) == 0);
  PCHECK(fcntl(near.get(), F_SETFL, O_NONBLOCK) == 0);
  UniqueFd far(
      accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  PCHECK(far.valid());
  return {std::move(near), std::move(far)};
}

std::pair<UniqueFd, UniqueFd> UnixPair() {
  int fds[2];
  PCHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                    fds) == 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void ResetOnClose(int fd) {
  const linger option = {.l_onoff = 1, .l_linger = 0};
  PCHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, sizeof(option)) == 0);
}

TestDirectory::TestDirectory() : path_("/tmp/rproxy_test_XXXXXX") {
  PCHECK(mkdtemp(path_.data()) != nullptr);
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TestDirectory::Path(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

NoDescriptorsLeft::NoDescriptorsLeft() {
  // The sanitizer for undefined behaviour opens a pipe when it first meets a
  // polymorphic type. Let it meet the log's while it can.
  LOG(WARNING) << "no descriptors from here on";
  PCHECK(getrlimit(RLIMIT_NOFILE, &before_) == 0);
  // The lowest free number is the first one that is not allowed any more.
  const UniqueFd lowest(fcntl(0, F_DUPFD_CLOEXEC, 0));
  PCHECK(lowest.valid());
  const rlimit none = {.rlim_cur = static_cast<rlim_t>(lowest.get()),
                       .rlim_max = before_.rlim_max};
  PCHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
}

NoDescriptorsLeft::~NoDescriptorsLeft() {
  PCHECK(setrlimit(RLIMIT_NOFILE, &before_) == 0);
}

}  // namespace rproxy
