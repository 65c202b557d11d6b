#include "rproxy/testing/raw_client.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/testing/gate.h"

namespace rproxy::test {
namespace {

UniqueFd MakeSocket(const Endpoint& endpoint, const RawClientOptions& options) {
  UniqueFd fd(socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  PCHECK(fd.valid());
  const auto set = [&](int option, int size) {
    if (size == 0) return;
    PCHECK(setsockopt(fd.get(), SOL_SOCKET, option, &size, sizeof(size)) == 0);
  };
  set(SO_RCVBUF, options.receive_buffer_bytes);
  set(SO_SNDBUF, options.send_buffer_bytes);
  return fd;
}

// Blocks, which on loopback is until the handshake is done or refused.
bool Connect(const UniqueFd& fd, const Endpoint& endpoint) {
  int result;
  do {
    result = connect(fd.get(), endpoint.get(), endpoint.size);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

UniqueFd ConnectedSocket(const Endpoint& endpoint,
                         const RawClientOptions& options) {
  UniqueFd fd = MakeSocket(endpoint, options);
  if (!Connect(fd, endpoint)) {
    ADD_FAILURE() << "cannot connect: " << std::strerror(errno);
  }
  return fd;
}

ResponseEnd EndBecauseOf(SocketResult result, bool any_bytes) {
  switch (result) {
    case SocketResult::kTimeout:
      return ResponseEnd::kTimeout;
    case SocketResult::kReset:
      return ResponseEnd::kReset;
    case SocketResult::kOk:
    case SocketResult::kEndOfStream:
    case SocketResult::kInterrupted:
    case SocketResult::kClosed:
      break;
  }
  return any_bytes ? ResponseEnd::kTruncated : ResponseEnd::kNothing;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, ResponseEnd end) {
  switch (end) {
    case ResponseEnd::kComplete:
      return out << "complete";
    case ResponseEnd::kNothing:
      return out << "nothing";
    case ResponseEnd::kTruncated:
      return out << "truncated";
    case ResponseEnd::kReset:
      return out << "reset";
    case ResponseEnd::kMalformed:
      return out << "malformed";
    case ResponseEnd::kTimeout:
      return out << "timeout";
  }
  return out << "unknown";
}

RawClient::RawClient(UniqueFd fd) : socket_(std::move(fd)) {}

RawClient::RawClient(const Endpoint& endpoint, const RawClientOptions& options)
    : RawClient(ConnectedSocket(endpoint, options)) {}

std::optional<RawClient> RawClient::TryConnect(
    const Endpoint& endpoint, const RawClientOptions& options) {
  UniqueFd fd = MakeSocket(endpoint, options);
  if (!Connect(fd, endpoint)) return std::nullopt;
  return RawClient(std::move(fd));
}

bool RawClient::JudgeSend(SocketResult result) {
  if (result == SocketResult::kTimeout) {
    ADD_FAILURE() << "the client could not send for " << kWaitMax;
  }
  return result == SocketResult::kOk;
}

bool RawClient::Send(absl::string_view bytes) {
  size_t written = 0;
  return JudgeSend(socket_.Write(bytes, kWaitMax, written));
}

bool RawClient::SendInPieces(absl::string_view bytes, size_t piece) {
  while (!bytes.empty()) {
    const absl::string_view part = bytes.substr(0, piece);
    if (!Send(part)) return false;
    bytes.remove_prefix(part.size());
    std::this_thread::yield();
  }
  return true;
}

size_t RawClient::SendUntilBlocked(absl::string_view bytes,
                                   absl::Duration patience) {
  size_t written = 0;
  socket_.Write(bytes, patience, written);
  return written;
}

bool RawClient::ReadMore(absl::string_view what) {
  if (end_ != SocketResult::kOk) return false;
  end_ = socket_.Read(64 * 1024, unread_, kWaitMax);
  if (end_ == SocketResult::kTimeout) {
    ADD_FAILURE() << "the client waited " << kWaitMax << " for " << what
                  << "; received so far: \"" << unread_.substr(0, 1024) << "\"";
  }
  return end_ == SocketResult::kOk;
}

std::string RawClient::Take(size_t size) {
  std::string bytes = unread_.substr(0, size);
  unread_.erase(0, bytes.size());
  return bytes;
}

std::string RawClient::ReadUntil(absl::string_view mark) {
  size_t found;
  while ((found = unread_.find(mark)) == std::string::npos) {
    if (!ReadMore(mark)) return Take(unread_.size());
  }
  return Take(found + mark.size());
}

std::string RawClient::ReadExactly(size_t size) {
  while (unread_.size() < size && ReadMore("a number of bytes")) {
  }
  return Take(size);
}

std::string RawClient::ReadToEnd() {
  while (ReadMore("the end")) {
  }
  return Take(unread_.size());
}

uint64_t RawClient::DiscardToEnd() {
  uint64_t size = 0;
  do {
    size += unread_.size();
    unread_.clear();
  } while (ReadMore("the end"));
  return size;
}

bool RawClient::readable() {
  return !unread_.empty() || end_ != SocketResult::kOk || !socket_.open() ||
         socket_.WaitReadable(socket_.fd(), absl::ZeroDuration()) ==
             SocketResult::kOk;
}

bool RawClient::ReadsEndOnly() {
  if (unread_.empty()) ReadMore("the end");
  return unread_.empty() &&
         (end_ == SocketResult::kEndOfStream || end_ == SocketResult::kReset);
}

RawResponse RawClient::ReadResponse(absl::string_view request_method) {
  RawResponse response;
  std::optional<size_t> head_size;
  while (!(head_size = FindHeadSize(unread_)).has_value()) {
    if (ReadMore("a response head")) continue;
    response.end = EndBecauseOf(end_, !unread_.empty());
    response.raw = Take(unread_.size());
    return response;
  }
  response.raw = Take(*head_size);
  response.head = ParseHead(response.raw);
  if (!absl::SimpleAtoi(response.head.StartLinePart(1), &response.status)) {
    response.end = ResponseEnd::kMalformed;
    return response;
  }
  WireBodyReader body = WireBodyReader::ForResponse(
      response.head, response.status, request_method);
  response.framing = body.framing();
  for (;;) {
    const size_t size = body.Feed(unread_, response.body);
    response.raw += Take(size);
    if (body.done() || body.malformed()) break;
    if (ReadMore("the rest of a response")) continue;
    if (end_ == SocketResult::kEndOfStream) body.FeedEnd();
    break;
  }
  response.trailers = body.trailers();
  response.chunk_sizes = body.chunk_sizes();
  response.end = body.done()        ? ResponseEnd::kComplete
                 : body.malformed() ? ResponseEnd::kMalformed
                                    : EndBecauseOf(end_, true);
  return response;
}

RawResponse RawClient::ReadFinalResponse(absl::string_view request_method) {
  for (;;) {
    RawResponse response = ReadResponse(request_method);
    // 101 is final: HTTP ends with it.
    const bool interim = response.complete() && response.status / 100 == 1 &&
                         response.status != 101;
    if (!interim) return response;
  }
}

RawResponse RawClient::Exchange(absl::string_view request,
                                absl::string_view request_method) {
  // A peer may answer and reset before it has taken everything.
  Send(request);
  return ReadFinalResponse(request_method);
}

uint16_t RawClient::local_port() const {
  Endpoint local;
  local.size = sizeof(local.storage);
  PCHECK(getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&local.storage),
                     &local.size) == 0);
  return local.port();
}

}  // namespace rproxy::test
