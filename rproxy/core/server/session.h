// One client connection: requests in, responses out, one exchange at a time.
//
//   idle -> head -> exchange -> idle ...                  (keep-alive)
//                      \-> closing: the output drains, then the end
//                      \-> lingering: our end is sent, what the client still
//                          sends is dropped for a while, so that a reset does
//                          not destroy the response on its way
//
// A Session frames what handlers send and decides whether the connection
// persists. It is internal to the server: applications see it as Exchange.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_SERVER_SESSION_H_
#define RPROXY_CORE_SERVER_SESSION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rproxy/core/base/owned_list.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/http/parser.h"
#include "rproxy/core/net/connection.h"
#include "rproxy/core/server/handler.h"
#include "rproxy/core/server/http_server.h"

namespace rproxy {

class Session final : public OwnedListNode<Session>,
                      private Exchange,
                      private Connection::Events,
                      private RequestParser::Visitor {
 public:
  // `server` owns the session.
  Session(HttpServer& server, std::unique_ptr<Transport> transport,
          const SocketAddress& client_address,
          const SocketAddress& local_address, ConnectionLimiter::Permit permit);
  ~Session();

  absl::Status Start();
  // Starts only to say that there are too many connections.
  void StartRefused();
  bool refused() const { return refused_; }

  // Closes as soon as no exchange is in the way.
  void Drain();

 private:
  enum class Stage : uint8_t { kOpen, kClosing, kLingering, kClosed };

  // Exchange.
  RequestHead& request() override { return request_; }
  const BodyFraming& request_framing() const override {
    return request_framing_;
  }
  bool request_complete() const override { return request_complete_; }
  const SocketAddress& client_address() const override {
    return client_address_;
  }
  const SocketAddress& local_address() const override { return local_address_; }
  const PeerIdentity* peer_identity() const override;
  EventLoop& loop() override { return server_.loop_; }
  RequestId id() const override { return id_; }
  ExchangeNotes& notes() override { return notes_; }
  void SendInterim(const ResponseHead& head) override;
  void SendHead(ResponseHead head, const BodyFraming& framing) override;
  void SendBody(Slice bytes) override;
  void Finish(const HeaderMap& trailers) override;
  void Reply(int status, absl::string_view content_type, absl::string_view body,
             const HeaderMap& extra) override;
  void ReplyError(int status, Cause cause, const HeaderMap& extra) override;
  void Flush() override;
  void Abort() override;
  void CloseAfterResponse() override { keep_alive_ = false; }
  void PauseRequestBody() override;
  void ResumeRequestBody() override;
  bool output_full() const override;
  bool response_started() const override { return response_started_; }

  // Connection::Events.
  void OnInput() override;
  void OnInputEnd() override;
  void OnOutputDrained() override;
  void OnError(int error) override;

  // RequestParser::Visitor.
  void OnHead(RequestHead head, const BodyFraming& framing) override;
  void OnBody(absl::string_view bytes) override;
  void OnTrailers(const HeaderMap& trailers) override;
  void OnMessageEnd() override;

  void ProcessInput();
  void ForwardTunnelInput();
  // What refuses the request from its head alone; kNone if nothing does.
  Cause CauseAgainst(const RequestHead& head, const BodyFraming& framing) const;
  void StartRateWindow();
  bool tunnel() const {
    return exchanging_ && response_framing_.kind == BodyFraming::Kind::kTunnel;
  }
  // Answers a request that could not be understood or has timed out.
  void Refuse(int status, Cause cause, ParseError error = ParseError::kNone);
  void BeginExchange(absl::Time since);
  // Tells the observer, once an exchange. `otherwise` is the cause if the
  // response is not whole and nobody has said why.
  void ReportEnd(Cause otherwise);
  void DropResponder();
  void EndExchange();
  void BeginTunnel(HeaderMap& headers);
  void EndTunnelInput();
  void CloseWhenFlushed();
  void Linger();
  void Close();
  void OnTimer();
  void Rearm();
  absl::Time Deadline() const;

  // What only an observer needs.
  struct Observed {
    RequestHead request;
    bool has_request = false;
    ResponseHead response;
    bool has_response = false;
  };

  HttpServer& server_;
  const ConnectionLimiter::Permit permit_;
  const SocketAddress client_address_;
  const SocketAddress local_address_;
  Connection connection_;
  RequestParser parser_;
  Timer timer_;
  // When the present wait began: for a request, a body byte, a write.
  absl::Time waiting_since_;
  absl::Time write_progress_at_;
  uint64_t written_then_ = 0;

  Stage stage_ = Stage::kOpen;
  bool refused_ = false;
  bool in_process_ = false;
  bool waits_for_output_ = false;  // Before it takes up the next request.
  uint64_t requests_ = 0;

  // The exchange, while exchanging_.
  bool exchanging_ = false;
  bool request_complete_ = false;
  bool request_paused_ = false;
  HttpVersion client_version_ = HttpVersion::kHttp11;
  bool to_head_ = false;
  bool expects_continue_ = false;
  bool response_started_ = false;
  bool response_complete_ = false;
  bool keep_alive_ = true;
  bool full_reported_ = false;
  uint64_t drained_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  uint64_t response_bytes_ = 0;
  // Body bytes since the present stretch of the minimum rate began.
  uint64_t rate_bytes_ = 0;
  absl::Time rate_window_since_;
  BodyFraming request_framing_;
  BodyFraming response_framing_;  // As written; length counts down.
  RequestHead request_;
  HeaderMap request_trailers_;
  bool unreported_ = false;
  RequestId id_;
  absl::Time exchanging_since_;
  ExchangeNotes notes_;
  std::unique_ptr<Observed> observed_;  // While there is an observer to tell.
  std::unique_ptr<Responder> responder_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_SESSION_H_
