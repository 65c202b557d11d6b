#include "rproxy/testing/blocking_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/time/clock.h"
#include "rproxy/core/base/logging.h"

namespace rproxy::test {
namespace {

template <typename Sockaddr>
Endpoint MakeEndpoint(const Sockaddr& address) {
  Endpoint endpoint;
  static_assert(sizeof(address) <= sizeof(endpoint.storage));
  std::memcpy(&endpoint.storage, &address, sizeof(address));
  endpoint.size = sizeof(address);
  return endpoint;
}

// Waits for `events` on `fd`, or for `wake_fd`.
SocketResult Wait(int fd, int16_t events, int wake_fd,
                  absl::Duration wait_max) {
  const absl::Time deadline = absl::Now() + wait_max;
  for (;;) {
    // poll ignores negative descriptors.
    pollfd fds[] = {{fd, events, 0}, {wake_fd, POLLIN, 0}};
    int timeout = -1;
    if (wait_max == absl::ZeroDuration()) {
      timeout = 0;
    } else if (wait_max != absl::InfiniteDuration()) {
      const absl::Duration left =
          std::max(deadline - absl::Now(), absl::ZeroDuration());
      timeout = static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
    }
    const int ready = poll(fds, 2, timeout);
    if (ready < 0) CHECK_EQ(errno, EINTR);
    if (ready > 0) {
      return fds[1].revents != 0 ? SocketResult::kInterrupted
                                 : SocketResult::kOk;
    }
    if (wait_max != absl::InfiniteDuration() && absl::Now() >= deadline) {
      return SocketResult::kTimeout;
    }
  }
}

bool WouldBlock(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

Endpoint Endpoint::LoopbackV4(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return MakeEndpoint(address);
}

Endpoint Endpoint::LoopbackV6(uint16_t port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return MakeEndpoint(address);
}

Endpoint Endpoint::UnixPath(absl::string_view path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  CHECK_LT(path.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  return MakeEndpoint(address);
}

uint16_t Endpoint::port() const {
  if (family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  }
  if (family() == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }
  return 0;
}

absl::string_view ToString(SocketResult result) {
  switch (result) {
    case SocketResult::kOk:
      return "ok";
    case SocketResult::kEndOfStream:
      return "end of stream";
    case SocketResult::kReset:
      return "reset";
    case SocketResult::kInterrupted:
      return "interrupted";
    case SocketResult::kTimeout:
      return "timeout";
    case SocketResult::kClosed:
      return "closed";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, SocketResult result) {
  return out << ToString(result);
}

BlockingSocket::BlockingSocket(UniqueFd fd, int wake_fd)
    : fd_(std::move(fd)), wake_fd_(wake_fd) {
  CHECK(fd_.valid());
  const int flags = fcntl(fd_.get(), F_GETFL);
  CHECK_EQ(fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK), 0);
  // What a test sends in pieces should leave in pieces. Fails on Unix sockets.
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

SocketResult BlockingSocket::Read(size_t max, std::string& out,
                                  absl::Duration wait_max) {
  if (!open()) return SocketResult::kClosed;
  for (;;) {
    const SocketResult ready = Wait(fd_.get(), POLLIN, wake_fd_, wait_max);
    if (ready != SocketResult::kOk) return ready;
    char block[64 * 1024];
    const ssize_t size =
        recv(fd_.get(), block, std::min(max, sizeof(block)), 0);
    if (size > 0) {
      out.append(block, static_cast<size_t>(size));
      return SocketResult::kOk;
    }
    if (size == 0) return SocketResult::kEndOfStream;
    if (!WouldBlock(errno)) return SocketResult::kReset;
  }
}

SocketResult BlockingSocket::Write(absl::string_view bytes,
                                   absl::Duration wait_max, size_t& written) {
  if (!open()) return SocketResult::kClosed;
  while (!bytes.empty()) {
    const SocketResult ready = Wait(fd_.get(), POLLOUT, wake_fd_, wait_max);
    if (ready != SocketResult::kOk) return ready;
    const ssize_t size =
        send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      written += static_cast<size_t>(size);
      bytes.remove_prefix(static_cast<size_t>(size));
    } else if (!WouldBlock(errno)) {
      return SocketResult::kReset;
    }
  }
  return SocketResult::kOk;
}

SocketResult BlockingSocket::WaitReadable(int fd, absl::Duration wait_max) {
  return Wait(fd, POLLIN, wake_fd_, wait_max);
}

void BlockingSocket::HalfClose() {
  if (open()) shutdown(fd_.get(), SHUT_WR);
}

void BlockingSocket::Close() { fd_.Reset(); }

void BlockingSocket::Reset() {
  if (!open()) return;
  const linger no_wait = {1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &no_wait, sizeof(no_wait));
  fd_.Reset();
}

}  // namespace rproxy::test
