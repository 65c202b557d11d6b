#include "rproxy/core/net/raw_transport.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/net/transport.h"

namespace rproxy {
namespace {

IoResult FromErrno(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) {
    return {.status = IoResult::Status::kWouldBlock, .drained = true};
  }
  return {.status = IoResult::Status::kError, .error = error};
}

}  // namespace

RawTransport::RawTransport(EventLoop& loop, UniqueFd fd)
    : loop_(loop), fd_(std::move(fd)) {}

absl::Status RawTransport::Start(Observer& observer) {
  watcher_.emplace(loop_, fd_.get(),
                   [&observer](FdEvents events) { observer.OnReady(events); });
  return watcher_->Start();
}

IoResult RawTransport::Read(absl::Span<char> into) {
  ssize_t n;
  do {
    n = recv(fd_.get(), into.data(), into.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return FromErrno(errno);
  if (n == 0) return {.status = IoResult::Status::kEnd};
  const size_t bytes = static_cast<size_t>(n);
  // What comes after a short read is a new edge.
  return {.drained = bytes < into.size(), .bytes = bytes};
}

IoResult RawTransport::Write(absl::Span<const iovec> pieces) {
  msghdr message = {};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  ssize_t n;
  do {
    // writev, but without SIGPIPE.
    n = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return FromErrno(errno);

  size_t offered = 0;
  for (const iovec& piece : pieces) offered += piece.iov_len;
  const size_t bytes = static_cast<size_t>(n);
  return {.drained = bytes < offered, .bytes = bytes};
}

void RawTransport::CloseWrite() {
  // Fails only when the peer is gone, which the next read tells.
  shutdown(fd_.get(), SHUT_WR);
}

void RawTransport::Abort() {
  // Closing with a linger time of zero sends a reset. Unix sockets have none:
  // there the peer sees an end.
  const linger option = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &option, sizeof(option));
}

int RawTransport::TakeError() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
    return errno;
  }
  return error;
}

uint16_t RawTransport::local_port() const {
  return LocalAddress(fd_.get()).port();
}

}  // namespace rproxy
