#include "rproxy/core/server/connection_limiter.h"

#include <netinet/in.h>
#include <string.h>

#include <cstdint>

#include "rproxy/core/base/logging.h"

namespace rproxy {

ConnectionLimiter::Permit& ConnectionLimiter::Permit::operator=(
    Permit&& other) noexcept {
  Reset();
  limiter_ = std::exchange(other.limiter_, nullptr);
  client_ = other.client_;
  return *this;
}

void ConnectionLimiter::Permit::Reset() {
  if (limiter_ != nullptr) std::exchange(limiter_, nullptr)->Release(client_);
}

ConnectionLimiter::ConnectionLimiter(size_t connections_max,
                                     size_t client_connections_max)
    : connections_max_(connections_max),
      client_connections_max_(client_connections_max) {}

ConnectionLimiter::~ConnectionLimiter() { DCHECK_EQ(0u, connections()); }

ConnectionLimiter::Permit ConnectionLimiter::Acquire(
    const SocketAddress& address) {
  const Client client = ClientOf(address);
  absl::MutexLock lock(&mutex_);
  if (connections_ >= connections_max_) return Permit();
  if (Counts(client)) {
    size_t& count = clients_[client];
    if (count >= client_connections_max_) return Permit();
    ++count;
  }
  ++connections_;
  return Permit(*this, client);
}

void ConnectionLimiter::Release(const Client& client) {
  absl::MutexLock lock(&mutex_);
  --connections_;
  if (!Counts(client)) return;
  const auto place = clients_.find(client);
  DCHECK(place != clients_.end());
  if (--place->second == 0) clients_.erase(place);
}

size_t ConnectionLimiter::connections() const {
  absl::MutexLock lock(&mutex_);
  return connections_;
}

bool ConnectionLimiter::Counts(const Client& client) const {
  return client_connections_max_ != SIZE_MAX && client != Client{};
}

ConnectionLimiter::Client ConnectionLimiter::ClientOf(
    const SocketAddress& address) {
  Client client = {};
  if (address.family() == AF_INET) {
    const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(address.get());
    // As IPv6 writes IPv4, so that a dual-stack listener sees one client.
    client[10] = client[11] = 0xff;
    memcpy(&client[12], &ipv4->sin_addr, 4);
  } else if (address.family() == AF_INET6) {
    const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address.get());
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr);
    memcpy(client.data(), &ipv6->sin6_addr, mapped ? 16 : 8);
    // Differs from nobody, also for ::1.
    if (!mapped) client[15] = 1;
  }
  return client;
}

}  // namespace rproxy
