#include "rproxy/core/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/net/address.h"

namespace rproxy {
namespace {

UniqueFd NewSocket(int family) {
  return UniqueFd(
      socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

bool SetOption(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

bool IsInternet(const SocketAddress& address) {
  return address.family() == AF_INET || address.family() == AF_INET6;
}

// True if connect(2) may still succeed, or has for a moment: an interrupted
// call goes on in the background.
bool StillConnecting(int error) {
  return error == EINPROGRESS || error == EINTR;
}

// Removes the file at `address`, if it is a socket that nobody listens on.
// Returns whether it did.
bool RemoveStaleFile(const SocketAddress& address) {
  const std::string path = address.HostToString();
  struct stat before;
  if (lstat(path.c_str(), &before) != 0 || !S_ISSOCK(before.st_mode)) {
    return false;
  }
  const UniqueFd probe = NewSocket(AF_UNIX);
  if (!probe.valid()) return false;
  if (connect(probe.get(), address.get(), address.size()) == 0 ||
      errno != ECONNREFUSED) {
    return false;
  }
  // Another process may have replaced the file meanwhile.
  struct stat after;
  return lstat(path.c_str(), &after) == 0 && before.st_dev == after.st_dev &&
         before.st_ino == after.st_ino && unlink(path.c_str()) == 0;
}

// Sets what `options` ask for, and binds. Returns 0 or an errno value.
int Prepare(int fd, const SocketAddress& address,
            const ListenOptions& options) {
  if (IsInternet(address)) {
    if (!SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return errno;
    if (options.reuse_port && !SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)) {
      return errno;
    }
    // [::] and 0.0.0.0 are two addresses, whatever the system's default is.
    if (address.family() == AF_INET6 &&
        !SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) {
      return errno;
    }
    if (options.no_delay) SetNoDelay(fd, true);
  }
  return bind(fd, address.get(), address.size()) == 0 ? 0 : errno;
}

// A port of this machine that nobody listens on may be chosen for the near end
// as well; TCP then connects the socket to itself.
bool ConnectedToItself(int fd) {
  sockaddr_storage peer;
  socklen_t size = sizeof(peer);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return false;
  }
  const SocketAddress far =
      SocketAddress::FromSockaddr(reinterpret_cast<sockaddr*>(&peer), size);
  return IsInternet(far) && far == LocalAddress(fd);
}

}  // namespace

absl::StatusOr<UniqueFd> Listen(const SocketAddress& address,
                                const ListenOptions& options) {
  UniqueFd fd = NewSocket(address.family());
  int error = fd.valid() ? Prepare(fd.get(), address, options) : errno;
  if (error == EADDRINUSE && address.family() == AF_UNIX &&
      RemoveStaleFile(address)) {
    error = Prepare(fd.get(), address, options);
  }
  if (error == 0 && listen(fd.get(), options.backlog) != 0) error = errno;
  if (error == 0) return fd;
  return SocketError(error,
                     absl::StrCat("cannot listen on ", address.ToString()));
}

absl::StatusOr<UniqueFd> BeginConnect(const SocketAddress& address,
                                      bool& in_progress) {
  in_progress = false;
  UniqueFd fd = NewSocket(address.family());
  if (fd.valid()) {
    if (connect(fd.get(), address.get(), address.size()) == 0) return fd;
    in_progress = StillConnecting(errno);
    if (in_progress) return fd;
  }
  return SocketError(errno,
                     absl::StrCat("cannot connect to ", address.ToString()));
}

absl::Status ConnectResult(int fd, const SocketAddress& address) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0 && ConnectedToItself(fd)) error = ECONNREFUSED;
  if (error == 0) return absl::OkStatus();
  return SocketError(error,
                     absl::StrCat("cannot connect to ", address.ToString()));
}

void SetNoDelay(int fd, bool on) {
  // Fails only for what is not TCP, where there is no delay to turn off.
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

SocketAddress LocalAddress(int fd) {
  sockaddr_storage local;
  socklen_t size = sizeof(local);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return SocketAddress();
  }
  return SocketAddress::FromSockaddr(reinterpret_cast<sockaddr*>(&local), size);
}

absl::Status SocketError(int error, absl::string_view what) {
  std::string reason = std::generic_category().message(error);
  if (!reason.empty()) {
    reason[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  }
  absl::StatusCode code = absl::ErrnoToStatusCode(error);
  // The kernel's memory for sockets is a resource like its descriptors.
  if (error == ENOBUFS || error == ENOMEM) {
    code = absl::StatusCode::kResourceExhausted;
  }
  return absl::Status(code, absl::StrCat(what, ": ", reason));
}

}  // namespace rproxy
