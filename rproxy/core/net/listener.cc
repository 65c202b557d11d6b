#include "rproxy/core/net/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"

namespace rproxy {
namespace {

// Connections accepted before the loop's other work gets its turn.
constexpr int kAcceptsPerTurnMax = 32;

// Until accepting is tried again after it failed. Long enough not to spin,
// short enough for the kernel's queue to hold meanwhile.
constexpr absl::Duration kRetryInterval = absl::Milliseconds(100);

// The device and the number of the file at `path`; zeros if there is none.
std::pair<dev_t, ino_t> FileIdentity(const std::string& path) {
  struct stat file;
  if (lstat(path.c_str(), &file) != 0) return {};
  return {file.st_dev, file.st_ino};
}

// True if the failure is that of one connection, not of the listener. accept
// passes on what happened to a connection while it waited (accept(2), "Error
// handling").
bool OnlyThisConnection(int error) {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:  // A firewall rule.
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener::Listener(EventLoop& loop, UniqueFd fd, Callback on_accept)
    : loop_(loop),
      fd_(std::move(fd)),
      on_accept_(std::move(on_accept)),
      address_(LocalAddress(fd_.get())),
      retry_(loop, [this] { AcceptAll(); }) {
  if (address_.family() == AF_UNIX) {
    file_ = FileIdentity(address_.HostToString());
  }
}

Listener::~Listener() {
  // While our socket is open nobody takes its file for stale, so that this one
  // is ours or has been put there by force.
  if (address_.family() != AF_UNIX || file_.second == 0) return;
  const std::string path = address_.HostToString();
  if (FileIdentity(path) == file_) unlink(path.c_str());
}

absl::Status Listener::Start() {
  watcher_ = std::make_unique<FdWatcher>(loop_, fd_.get(),
                                         [this](FdEvents) { AcceptAll(); });
  return watcher_->Start();
}

void Listener::AcceptAll() {
  for (int i = 0; i < kAcceptsPerTurnMax; ++i) {
    sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    sockaddr* const address = reinterpret_cast<sockaddr*>(&peer);
    UniqueFd fd(
        accept4(fd_.get(), address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      const int error = errno;
      if (error == EAGAIN || error == EWOULDBLOCK) return;
      if (OnlyThisConnection(error)) continue;
      RetryLater(error);
      return;
    }
    if (failing_) {
      failing_ = false;
      LOG(INFO) << address_.ToString() << ": accepting again";
    }
    on_accept_(std::move(fd), SocketAddress::FromSockaddr(address, size));
  }
  // The edge has been used up, so come back without one.
  retry_.Schedule(absl::ZeroDuration());
}

void Listener::RetryLater(int error) {
  if (!failing_) {
    failing_ = true;
    LOG(WARNING) << SocketError(error, absl::StrCat(address_.ToString(),
                                                    ": accepting stopped"))
                        .message();
  }
  retry_.Schedule(kRetryInterval);
}

}  // namespace rproxy
