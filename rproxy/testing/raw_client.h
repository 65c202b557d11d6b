// A client that sends exactly the bytes it is told to and says exactly what
// came back, and how the connection ended.
//
// Every call waits at most kWaitMax for progress; then it reports a test
// failure instead of hanging. That a peer ends the connection is never a
// failure by itself.
//
// Threading: one thread.

#ifndef RPROXY_TESTING_RAW_CLIENT_H_
#define RPROXY_TESTING_RAW_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rproxy/testing/blocking_socket.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {

// How a response stopped.
enum class ResponseEnd : uint8_t {
  kComplete,   // As its framing says, the connection's end included.
  kNothing,    // The connection ended before its first byte.
  kTruncated,  // The connection ended within it.
  kReset,      // The same, by a reset.
  kMalformed,
  kTimeout,
};

std::ostream& operator<<(std::ostream& out, ResponseEnd end);

struct RawResponse {
  WireHead head;
  int status = 0;
  std::string body;  // Without chunk framing.
  std::vector<WireField> trailers;
  WireFraming framing = WireFraming::kNone;
  std::vector<uint64_t> chunk_sizes;
  std::string raw;  // All of it, as it came.
  ResponseEnd end = ResponseEnd::kNothing;

  bool complete() const { return end == ResponseEnd::kComplete; }
};

struct RawClientOptions {
  // Socket buffer sizes, set before connecting; 0 leaves the system's.
  int receive_buffer_bytes = 0;
  int send_buffer_bytes = 0;
};

class RawClient {
 public:
  // Connects. Not being able to is a test failure.
  explicit RawClient(const Endpoint& endpoint,
                     const RawClientOptions& options = {});
  // Nothing if the connection is refused.
  static std::optional<RawClient> TryConnect(
      const Endpoint& endpoint, const RawClientOptions& options = {});

  // --- Sending. False if the peer has reset the connection.

  bool Send(absl::string_view bytes);
  // One system call a piece. The peer may still see pieces joined.
  bool SendInPieces(absl::string_view bytes, size_t piece);
  // Sends until no more fits for `patience`, or all is sent; returns how much.
  // A machine that is slow may make the result smaller, never larger: use it
  // for upper bounds on what the peer takes.
  size_t SendUntilBlocked(absl::string_view bytes,
                          absl::Duration patience = absl::Milliseconds(200));

  // --- Receiving. Bytes go out in order, whichever call takes them.

  // Through the first `mark`; less if the connection ends before.
  std::string ReadUntil(absl::string_view mark);
  // Less if the connection ends before.
  std::string ReadExactly(size_t size);
  // All that comes until the peer ends its side.
  std::string ReadToEnd();
  // Likewise, without keeping it; returns how much.
  uint64_t DiscardToEnd();
  // The next response, an interim one (1xx) included.
  RawResponse ReadResponse(absl::string_view request_method = "GET");
  // The next response that is not interim.
  RawResponse ReadFinalResponse(absl::string_view request_method = "GET");
  // Send and ReadFinalResponse of a whole request.
  RawResponse Exchange(absl::string_view request,
                       absl::string_view request_method = "GET");

  // How the peer's side stands after the last read: kOk, kEndOfStream, kReset
  // or kTimeout.
  SocketResult end() const { return end_; }
  // Something has come already: bytes, or an end. Does not wait.
  bool readable();
  // True if the peer ends the connection, in whatever way, without a further
  // byte.
  bool ReadsEndOnly();

  // --- Ending

  void HalfClose() { socket_.HalfClose(); }
  void Close() { socket_.Close(); }
  void Reset() { socket_.Reset(); }

  // The port that the peer sees; 0 for Unix sockets.
  uint16_t local_port() const;

 private:
  explicit RawClient(UniqueFd fd);

  // Receives into unread_. False once nothing more comes.
  bool ReadMore(absl::string_view what);
  bool JudgeSend(SocketResult result);
  std::string Take(size_t size);

  BlockingSocket socket_;
  std::string unread_;
  SocketResult end_ = SocketResult::kOk;
};

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_RAW_CLIENT_H_
