// A socket whose calls wait, with a bound and a way to interrupt them.
//
// What FakeBackend and RawClient do their I/O with: poll(2) and nothing of the
// event loop under test.
//
// Threading: one thread, but for the wake descriptor, which anyone may make
// readable.

#ifndef RPROXY_TESTING_BLOCKING_SOCKET_H_
#define RPROXY_TESTING_BLOCKING_SOCKET_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rproxy/core/base/unique_fd.h"

namespace rproxy::test {

// A place to listen at or connect to.
struct Endpoint {
  sockaddr_storage storage = {};
  socklen_t size = 0;

  // 127.0.0.1. Port 0 lets the system choose when listening.
  static Endpoint LoopbackV4(uint16_t port);
  // ::1.
  static Endpoint LoopbackV6(uint16_t port);
  static Endpoint UnixPath(absl::string_view path);

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  int family() const { return storage.ss_family; }
  uint16_t port() const;  // 0 for Unix sockets.
};

enum class SocketResult : uint8_t {
  kOk,
  kEndOfStream,  // The peer has sent its last byte.
  kReset,        // The connection is gone; the peer's last bytes may be lost.
  kInterrupted,  // The wake descriptor became readable.
  kTimeout,      // Nothing moved within the bound.
  kClosed,       // We closed it.
};

absl::string_view ToString(SocketResult result);
std::ostream& operator<<(std::ostream& out, SocketResult result);

class BlockingSocket {
 public:
  // `fd` is a stream socket. `wake_fd`, if not negative, interrupts waiting;
  // it must outlive the socket.
  explicit BlockingSocket(UniqueFd fd, int wake_fd = -1);

  // Waits for bytes and appends 1 to `max` of them to `out`.
  SocketResult Read(size_t max, std::string& out, absl::Duration wait_max);

  // Writes all of `bytes`, waiting `wait_max` at most for each bit of progress.
  // Adds what the kernel took to `written`.
  SocketResult Write(absl::string_view bytes, absl::Duration wait_max,
                     size_t& written);

  // Waits until `fd` is readable; does not touch the connection.
  SocketResult WaitReadable(int fd, absl::Duration wait_max);

  // Ends our side: the peer reads an end of stream.
  void HalfClose();
  // If bytes that arrived are unread, the kernel makes this a reset.
  void Close();
  // Sends RST and drops what is unsent.
  void Reset();

  bool open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  int wake_fd_;
};

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_BLOCKING_SOCKET_H_
