#include "rproxy/testing/fake_transport.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/net/transport.h"

namespace rproxy::test {

FakeTransport::Pair FakeTransport::MakePair(EventLoop& loop, size_t capacity) {
  CHECK_GT(capacity, 0u);
  auto a = absl::WrapUnique(new FakeTransport(loop, capacity));
  auto b = absl::WrapUnique(new FakeTransport(loop, capacity));
  a->peer_ = b.get();
  b->peer_ = a.get();
  return {std::move(a), std::move(b)};
}

FakeTransport::FakeTransport(EventLoop& loop, size_t capacity)
    : capacity_(capacity), timer_(loop, [this] { OnTimer(); }) {}

FakeTransport::~FakeTransport() {
  if (peer_ == nullptr) return;
  peer_->peer_ = nullptr;
  if (aborted_) {
    peer_->Break(ECONNRESET);
  } else {
    peer_->ended_ = true;
    peer_->ReadyLater();
  }
}

absl::Status FakeTransport::Start(Observer& observer) {
  CHECK(observer_ == nullptr) << "started twice";
  observer_ = &observer;
  ReadyLater();
  return absl::OkStatus();
}

IoResult FakeTransport::Read(absl::Span<char> into) {
  ++reads_;
  CHECK(!into.empty());
  const size_t n = std::min({into.size(), unread_.size(), read_bytes_max_});
  if (unread_.empty()) {
    // As with sockets, an error is told once, and then looks like an end.
    if (error_ != 0) {
      return {.status = IoResult::Status::kError, .error = TakeError()};
    }
    if (ended_ || broken_) return {.status = IoResult::Status::kEnd};
    return {.status = IoResult::Status::kWouldBlock, .drained = true};
  }
  if (n == 0) return {.status = IoResult::Status::kWouldBlock, .drained = true};
  std::memcpy(into.data(), unread_.data(), n);
  unread_.erase(0, n);
  if (peer_ != nullptr && peer_->write_blocked_) {
    peer_->write_blocked_ = false;
    peer_->ReadyLater();
  }
  return {.drained = unread_.empty(), .bytes = n};
}

IoResult FakeTransport::Write(absl::Span<const iovec> pieces) {
  ++writes_;
  CHECK(!pieces.empty());
  CHECK(!write_closed_) << "written to after CloseWrite";
  if (broken_ || peer_ == nullptr) {
    const int error = TakeError();
    return {.status = IoResult::Status::kError,
            .error = error != 0 ? error : EPIPE};
  }
  size_t room = WritableBytes();
  size_t offered = 0;
  size_t moved = 0;
  for (const iovec& piece : pieces) {
    CHECK_GT(piece.iov_len, 0u);
    const size_t n = std::min(room, piece.iov_len);
    peer_->unread_.append(static_cast<const char*>(piece.iov_base), n);
    room -= n;
    moved += n;
    offered += piece.iov_len;
  }
  const bool full = moved < offered && WritableBytes() == 0;
  if (full) write_blocked_ = true;
  if (moved == 0) {
    return {.status = IoResult::Status::kWouldBlock, .drained = true};
  }
  peer_->ReadyLater();
  return {.drained = full, .bytes = moved};
}

void FakeTransport::CloseWrite() {
  write_closed_ = true;
  if (peer_ == nullptr) return;
  peer_->ended_ = true;
  peer_->ReadyLater();
}

void FakeTransport::SetReadBytesMax(size_t bytes) {
  read_bytes_max_ = bytes;
  ReadyLater();
}

void FakeTransport::SetWriteBytesMax(size_t bytes) {
  write_bytes_max_ = bytes;
  ReadyLater();
}

void FakeTransport::Break(int error) {
  broken_ = true;
  error_ = error;
  ReadyLater();
}

void FakeTransport::Send(absl::string_view bytes) {
  if (bytes.empty()) return;
  const iovec piece = {.iov_base = const_cast<char*>(bytes.data()),
                       .iov_len = bytes.size()};
  const IoResult result = Write(absl::MakeConstSpan(&piece, 1));
  CHECK(result.status == IoResult::Status::kOk);
  CHECK_EQ(result.bytes, bytes.size()) << "no room";
}

std::string FakeTransport::ReceiveAll() {
  std::string all;
  std::array<char, 4096> part;
  for (;;) {
    const IoResult result = Read(absl::MakeSpan(part));
    if (result.status != IoResult::Status::kOk) return all;
    all.append(part.data(), result.bytes);
  }
}

size_t FakeTransport::WritableBytes() const {
  return std::min(peer_->capacity_ - peer_->unread_.size(), write_bytes_max_);
}

void FakeTransport::ReadyLater() {
  if (observer_ != nullptr) timer_.Schedule(absl::ZeroDuration());
}

// Like epoll's edges: one change, and all that is possible is told.
void FakeTransport::OnTimer() {
  observer_->OnReady({
      .readable =
          (!unread_.empty() && read_bytes_max_ > 0) || ended_ || broken_,
      .writable = broken_ || peer_ == nullptr || WritableBytes() > 0,
      .closed = ended_ || broken_,
  });
}

}  // namespace rproxy::test
