// One connection to a backend, dialled again and again over the life of a
// pool, with at most one exchange on it at a time.
//
// It does the I/O and the parsing; what state the connection is in, when it is
// dialled and who gets it next is PoolState's decision, which the Owner (the
// pool) carries here.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_BACKEND_BACKEND_CONNECTION_H_
#define RPROXY_CORE_BACKEND_BACKEND_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rproxy/core/buffer/slice.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/message.h"
#include "rproxy/core/http/parser.h"
#include "rproxy/core/net/connection.h"
#include "rproxy/core/net/dialer.h"

namespace rproxy {

// Why an exchange ended without a whole response.
enum class BackendFailure : uint8_t {
  kClosed,        // The backend closed or reset the connection.
  kBadResponse,   // What it sent is not HTTP.
  kReadTimeout,   // It sent nothing for too long.
  kWriteTimeout,  // It took nothing for too long.
};

// A stable word for logs, like "backend_closed".
absl::string_view ToString(BackendFailure failure);

// Told what a backend answers. After OnResponseEnd or OnFailure nothing more
// is called for this exchange.
class BackendStreamEvents {
 public:
  virtual void OnInterimResponse(ResponseHead head) = 0;
  virtual void OnResponseHead(ResponseHead head,
                              const BodyFraming& framing) = 0;
  virtual void OnResponseBody(Slice bytes) = 0;
  virtual void OnResponseEnd(const HeaderMap& trailers) = 0;
  // What arrived together has been delivered: a good time to flush.
  virtual void OnResponseBatchEnd() = 0;
  // Fewer than half of `output_high_bytes` wait to be sent.
  virtual void OnBackendDrained() = 0;
  virtual void OnFailure(BackendFailure failure) = 0;

 protected:
  ~BackendStreamEvents() = default;
};

struct BackendConnectionOptions {
  SocketAddress address;
  DialOptions dial;
  HttpPolicy policy;
  // Without a byte of the response, once the request has been sent.
  absl::Duration read_idle_max = absl::Seconds(60);
  // Without the backend taking a byte of what waits for it.
  absl::Duration write_idle_max = absl::Seconds(60);
  // More than this waiting to be sent makes the stream `full`.
  size_t output_high_bytes = 256 * 1024;
};

class BackendConnection final : private Connection::Events,
                                private ResponseParser::Visitor {
 public:
  class Owner {
   public:
    virtual void OnDialled(uint32_t id) = 0;
    virtual void OnDialFailed(uint32_t id, const absl::Status& status) = 0;
    virtual void OnRequestComplete(uint32_t id) = 0;
    virtual void OnResponseHeadSeen(uint32_t id) = 0;
    // Both are called after the stream has been told.
    virtual void OnResponseComplete(uint32_t id, bool reusable) = 0;
    virtual void OnStreamAbandoned(uint32_t id) = 0;
    // Called before the stream, if there is one, is told.
    virtual void OnConnectionClosed(uint32_t id) = 0;

   protected:
    ~Owner() = default;
  };

  // All references outlive the connection.
  BackendConnection(EventLoop& loop, const BackendConnectionOptions& options,
                    uint32_t id, Owner& owner);
  ~BackendConnection();

  void Dial();
  // Closes silently. For connections without a stream.
  void Close();

  // --- For the stream that the connection is assigned to ---

  // Begins an exchange and returns its serial number, with which the stream
  // names itself below; calls with an older number are ignored.
  uint64_t Assign();
  // Who is told. Before anything is sent.
  void Begin(uint64_t serial, BackendStreamEvents& events);
  void SendHead(uint64_t serial, const RequestHead& head,
                const BodyFraming& framing);
  // The backend may answer 101 and turn the connection into a tunnel: then
  // OnResponseHead has that framing, body calls and events carry plain bytes,
  // FinishRequest ends our side, and OnResponseEnd the backend's.
  void AllowTunnel(uint64_t serial);
  void SendBody(uint64_t serial, Slice bytes);
  void FinishRequest(uint64_t serial, const HeaderMap& trailers);
  void Flush(uint64_t serial);
  void PauseResponse(uint64_t serial);
  void ResumeResponse(uint64_t serial);
  bool Full(uint64_t serial) const;
  void Abandon(uint64_t serial);

  // See BackendStream.
  bool CheckOpen(uint64_t serial);
  bool sent_nothing() const { return sent_nothing_; }
  bool received_nothing() const { return received_nothing_; }

  const SocketAddress& address() const { return options_.address; }
  // Of the connection that was dialled last.
  uint16_t local_port() const { return local_port_; }

  // Exchanges begun since the connection was dialled.
  uint64_t exchanges() const { return exchanges_; }
  bool running(uint64_t serial) const { return assigned_ && serial == serial_; }

 private:
  // Connection::Events.
  void OnInput() override;
  void OnInputEnd() override;
  void OnOutputDrained() override;
  void OnError(int error) override;

  // ResponseParser::Visitor.
  void OnHead(ResponseHead head, const BodyFraming& framing) override;
  void OnBody(absl::string_view bytes) override;
  void OnTrailers(const HeaderMap& trailers) override;
  void OnMessageEnd() override {}

  void OnDialResult(absl::StatusOr<std::unique_ptr<Transport>> transport);
  void Complete();
  void Fail(BackendFailure failure);
  // Detaches the stream and returns whom to tell.
  BackendStreamEvents* EndStream();
  void ForwardTunnelInput();
  void CheckRequestSent();
  void Rearm();
  absl::Time Deadline() const;
  void OnTimer();

  EventLoop& loop_;
  const BackendConnectionOptions& options_;
  const uint32_t id_;
  Owner& owner_;
  Timer timer_;
  std::unique_ptr<class Dial> dial_;
  std::unique_ptr<Connection> connection_;
  std::optional<ResponseParser> parser_;
  uint16_t local_port_ = 0;

  // The exchange, while assigned_.
  bool assigned_ = false;
  BackendStreamEvents* events_ = nullptr;
  uint64_t serial_ = 0;
  uint64_t exchanges_ = 0;
  BodyFraming request_framing_;
  bool request_finished_ = false;  // By the stream.
  bool request_sent_ = false;      // Finished, and nothing left in output.
  bool response_paused_ = false;
  bool tunnel_allowed_ = false;
  bool tunnel_ = false;
  bool persistent_ = false;  // The response lets the connection live on.
  HeaderMap trailers_;
  absl::Time read_progress_at_;
  absl::Time write_progress_at_;
  uint64_t written_then_ = 0;
  uint64_t written_before_ = 0;  // When the exchange began.
  uint64_t read_before_ = 0;
  bool sent_nothing_ = false;  // When it failed.
  bool received_nothing_ = false;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_BACKEND_CONNECTION_H_
