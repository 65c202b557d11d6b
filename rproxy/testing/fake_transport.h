// Two ends of a stream in memory: what a pair of sockets does, and what it
// seldom does.
//
//   auto [near, far] = FakeTransport::MakePair(loop);
//   Connection connection(loop, std::move(near), events);
//   far->Send("HTTP/1.1 200 OK\r\n");
//
// The test either puts both ends under observers, or plays the peer itself by
// Send, ReceiveAll, CloseWrite and by destroying the far end.
//
// Threading: both ends belong to one loop.

#ifndef RPROXY_TESTING_FAKE_TRANSPORT_H_
#define RPROXY_TESTING_FAKE_TRANSPORT_H_

#include <sys/uio.h>

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/net/transport.h"

namespace rproxy::test {

class FakeTransport final : public Transport {
 public:
  using Pair =
      std::pair<std::unique_ptr<FakeTransport>, std::unique_ptr<FakeTransport>>;

  // Two ends of one stream that holds at most `capacity` unread bytes each way.
  static Pair MakePair(EventLoop& loop, size_t capacity = 64 * 1024);

  ~FakeTransport() override;

  // Transport:
  absl::Status Start(Observer& observer) override;
  IoResult Read(absl::Span<char> into) override;
  IoResult Write(absl::Span<const iovec> pieces) override;
  void CloseWrite() override;
  void Abort() override { aborted_ = true; }
  int TakeError() override { return std::exchange(error_, 0); }

  // One call moves at most this many bytes, though more would be possible. 0
  // makes it block until another limit is set.
  void SetReadBytesMax(size_t bytes);
  void SetWriteBytesMax(size_t bytes);

  // What the peer's reset does to this end: it reads what it has got and then
  // `error`, which is told once; it writes nothing more.
  void Break(int error);

  // Writes all of `bytes`, for which there must be room.
  void Send(absl::string_view bytes);
  // Reads whatever is there.
  std::string ReceiveAll();

  // The peer has sent its end, or is gone. Bytes may still be unread.
  bool peer_ended() const { return ended_; }
  bool broken() const { return broken_; }
  // Calls since the beginning, to count what sockets would do.
  int reads() const { return reads_; }
  int writes() const { return writes_; }

 private:
  FakeTransport(EventLoop& loop, size_t capacity);
  // Bytes that a write may move now. There must be a peer.
  size_t WritableBytes() const;
  // Something became possible at this end.
  void ReadyLater();
  void OnTimer();

  const size_t capacity_;
  FakeTransport* peer_ = nullptr;
  Observer* observer_ = nullptr;
  Timer timer_;
  std::string unread_;
  size_t read_bytes_max_ = std::numeric_limits<size_t>::max();
  size_t write_bytes_max_ = std::numeric_limits<size_t>::max();
  int reads_ = 0;
  int writes_ = 0;
  int error_ = 0;  // Not told yet.
  bool broken_ = false;
  bool ended_ = false;  // By the peer.
  bool write_closed_ = false;
  bool write_blocked_ = false;
  bool aborted_ = false;
};

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_FAKE_TRANSPORT_H_
