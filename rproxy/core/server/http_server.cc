#include "rproxy/core/server/http_server.h"

#include <utility>

#include "rproxy/core/base/logging.h"
#include "rproxy/core/net/raw_transport.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/server/http_date.h"
#include "rproxy/core/server/session.h"

namespace rproxy {
namespace {

// Each lasts for the lingering time at most, see session.cc.
constexpr size_t kRefusedSessionsMax = 64;

}  // namespace

HttpServer::HttpServer(EventLoop& loop, Handler& handler,
                       HttpServerOptions options)
    : loop_(loop),
      handler_(handler),
      options_(std::move(options)),
      date_(std::make_unique<HttpDate>(loop.clock())) {}

HttpServer::~HttpServer() = default;

absl::Status HttpServer::Listen(UniqueFd listening_socket) {
  auto listener = std::make_unique<Listener>(
      loop_, std::move(listening_socket),
      [this](UniqueFd fd, const SocketAddress& client) {
        Accept(std::move(fd), client);
      });
  absl::Status status = listener->Start();
  if (status.ok()) listeners_.push_back(std::move(listener));
  return status;
}

void HttpServer::Accept(UniqueFd fd, const SocketAddress& client_address) {
  if (options_.no_delay && client_address.family() != AF_UNIX) {
    SetNoDelay(fd.get(), true);
  }
  ConnectionLimiter::Permit permit;
  if (options_.connection_limiter != nullptr) {
    permit = options_.connection_limiter->Acquire(client_address);
    if (!permit.valid()) {
      Refuse(std::move(fd), client_address);
      return;
    }
  }
  const SocketAddress local_address = LocalAddress(fd.get());
  Begin(Wrap(std::move(fd)), client_address, local_address, std::move(permit));
}

std::unique_ptr<Transport> HttpServer::Wrap(UniqueFd fd) {
  if (options_.wrap_transport) {
    return options_.wrap_transport(loop_, std::move(fd));
  }
  return std::make_unique<RawTransport>(loop_, std::move(fd));
}

void HttpServer::Serve(std::unique_ptr<Transport> transport,
                       const SocketAddress& client_address,
                       const SocketAddress& local_address) {
  Begin(std::move(transport), client_address, local_address,
        ConnectionLimiter::Permit());
}

void HttpServer::Begin(std::unique_ptr<Transport> transport,
                       const SocketAddress& client_address,
                       const SocketAddress& local_address,
                       ConnectionLimiter::Permit permit) {
  Session& session = sessions_.Add(
      std::make_unique<Session>(*this, std::move(transport), client_address,
                                local_address, std::move(permit)));
  if (!session.Start().ok()) Remove(session);
}

void HttpServer::Refuse(UniqueFd fd, const SocketAddress& client_address) {
  if (refused_sessions_ >= kRefusedSessionsMax) return;
  const SocketAddress local_address = LocalAddress(fd.get());
  Session& session = sessions_.Add(
      std::make_unique<Session>(*this, Wrap(std::move(fd)), client_address,
                                local_address, ConnectionLimiter::Permit()));
  ++refused_sessions_;
  session.StartRefused();
}

void HttpServer::Remove(Session& session) {
  if (session.refused()) --refused_sessions_;
  loop_.DeleteLater(sessions_.Remove(session));
  if (draining_ && sessions_.empty() && on_empty_) {
    loop_.Post(std::exchange(on_empty_, nullptr));
  }
}

void HttpServer::Drain(absl::AnyInvocable<void()> on_empty) {
  draining_ = true;
  listeners_.clear();
  on_empty_ = std::move(on_empty);
  sessions_.ForEach([](Session& session) { session.Drain(); });
  if (sessions_.empty() && on_empty_) {
    loop_.Post(std::exchange(on_empty_, nullptr));
  }
}

}  // namespace rproxy
