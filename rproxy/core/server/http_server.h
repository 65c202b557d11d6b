// An HTTP/1 server on one event loop.
//
//   HttpServer server(loop, handler, options);
//   server.Listen(std::move(listening_socket));
//
// It owns its sessions. For several threads, make one server a loop and let
// their sockets share an address (ListenOptions::reuse_port).
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_SERVER_HTTP_SERVER_H_
#define RPROXY_CORE_SERVER_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/base/owned_list.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/net/listener.h"
#include "rproxy/core/net/transport.h"
#include "rproxy/core/server/connection_limiter.h"
#include "rproxy/core/server/exchange_observer.h"
#include "rproxy/core/server/handler.h"
#include "rproxy/core/server/request_id.h"

namespace rproxy {

class Session;
class HttpDate;

// What ReplyError answers a status with.
struct ErrorPage {
  int status = 0;
  std::string content_type;
  std::string body;
};

struct HttpServerOptions {
  HttpPolicy policy;

  // From the first byte of a request (or the connection's start) to the end of
  // its head. Exceeded: 408.
  absl::Duration head_time_max = absl::Seconds(60);
  // Without a byte of the request body, while we want one. Exceeded: 408 if no
  // response has begun, else the connection ends.
  absl::Duration body_idle_max = absl::Seconds(60);
  // Fewer request body bytes a second than this, over ten seconds in which we
  // want them, are answered 408. 0: no minimum.
  uint64_t body_rate_min = 0;
  // A longer request body is answered 413: at once if its length is known,
  // else when it has become too long.
  uint64_t body_bytes_max = UINT64_MAX;
  // Requests on one connection; the last one's response says close.
  uint64_t requests_max = UINT64_MAX;
  // Without the client taking a byte of what waits for it.
  absl::Duration write_idle_max = absl::Seconds(60);
  // Without a byte in either direction after an upgrade.
  absl::Duration tunnel_idle_max = absl::Hours(1);
  // Between two requests.
  absl::Duration keep_alive_max = absl::Seconds(75);

  // A response stops being produced while more than this waits to be written,
  // and goes on at half of it.
  size_t output_high_bytes = 256 * 1024;
  // How much of a request body is read and dropped after its response is
  // complete, to keep the connection. More than this closes it.
  size_t drain_bytes_max = 64 * 1024;
  // Bytes that are taken from a client ahead of the request that is being
  // answered (pipelining).
  size_t pipelined_bytes_max = 64 * 1024;

  // Value of the Server field where a response has none; empty: no field.
  std::string server_name = "rproxy";

  // Statuses that are not here are answered with a line of text. The pages
  // outlive the server.
  absl::Span<const ErrorPage> error_pages;

  // Is told of the end of each exchange. Outlives the server.
  ExchangeObserver* observer = nullptr;

  // Whom accepted connections need a permit from; several servers may share
  // it. It outlives them. The others are answered 503.
  ConnectionLimiter* connection_limiter = nullptr;

  // Applies to accepted sockets.
  bool no_delay = true;

  // Makes the transport of an accepted socket; plain bytes when null.
  absl::AnyInvocable<std::unique_ptr<Transport>(EventLoop&, UniqueFd)>
      wrap_transport;
};

class HttpServer {
 public:
  // `loop` and `handler` outlive the server.
  HttpServer(EventLoop& loop, Handler& handler, HttpServerOptions options);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  // Ends every session at once.
  ~HttpServer();

  // Accepts on `listening_socket` from now on.
  absl::Status Listen(UniqueFd listening_socket);
  const std::vector<std::unique_ptr<Listener>>& listeners() const {
    return listeners_;
  }

  // Serves a connection that was opened elsewhere.
  void Serve(std::unique_ptr<Transport> transport,
             const SocketAddress& client_address,
             const SocketAddress& local_address);

  // Stops accepting, closes sessions between requests, and lets the others
  // finish the request that they have. `on_empty` runs once no session is left,
  // in a later turn.
  void Drain(absl::AnyInvocable<void()> on_empty);

  size_t sessions() const { return sessions_.size(); }
  uint64_t requests() const { return requests_; }

 private:
  friend class Session;

  void Accept(UniqueFd fd, const SocketAddress& client_address);
  std::unique_ptr<Transport> Wrap(UniqueFd fd);
  void Begin(std::unique_ptr<Transport> transport,
             const SocketAddress& client_address,
             const SocketAddress& local_address,
             ConnectionLimiter::Permit permit);
  // Answers 503 on a connection that has no permit. Clients that do not take
  // the answer must not be what fills the memory then, so only some get it.
  void Refuse(UniqueFd fd, const SocketAddress& client_address);
  void Remove(Session& session);

  EventLoop& loop_;
  Handler& handler_;
  HttpServerOptions options_;
  std::unique_ptr<HttpDate> date_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  RequestIds ids_;
  OwnedList<Session> sessions_;
  size_t refused_sessions_ = 0;  // Of them, those without a permit.
  bool draining_ = false;
  absl::AnyInvocable<void()> on_empty_;
  uint64_t requests_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_HTTP_SERVER_H_
