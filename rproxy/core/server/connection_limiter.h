// How many connections clients may have, in all and from one address.
//
// An IPv6 client counts by the first half of its address, because it can choose
// the rest; clients of Unix sockets count in all only.
//
// Threading: any thread; a lock inside, taken once when a connection is
// accepted and once when it ends (docs/decisions/0002-connection-limits.md).

#ifndef RPROXY_CORE_SERVER_CONNECTION_LIMITER_H_
#define RPROXY_CORE_SERVER_CONNECTION_LIMITER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "rproxy/core/net/address.h"

namespace rproxy {

class ConnectionLimiter {
 private:
  using Client = std::array<uint8_t, 16>;

 public:
  // One connection's place. Destroying it gives the place back.
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)),
          client_(other.client_) {}
    Permit& operator=(Permit&& other) noexcept;
    ~Permit() { Reset(); }

    bool valid() const { return limiter_ != nullptr; }

   private:
    friend class ConnectionLimiter;
    Permit(ConnectionLimiter& limiter, const Client& client)
        : limiter_(&limiter), client_(client) {}
    void Reset();

    ConnectionLimiter* limiter_ = nullptr;
    Client client_ = {};
  };

  // SIZE_MAX: without limit.
  ConnectionLimiter(size_t connections_max, size_t client_connections_max);
  ConnectionLimiter(const ConnectionLimiter&) = delete;
  ConnectionLimiter& operator=(const ConnectionLimiter&) = delete;
  // After the last permit.
  ~ConnectionLimiter();

  // Not valid if there are too many.
  Permit Acquire(const SocketAddress& client);

  size_t connections() const;

 private:
  // All zeros for clients that are not told apart.
  static Client ClientOf(const SocketAddress& address);
  bool Counts(const Client& client) const;
  void Release(const Client& client);

  const size_t connections_max_;
  const size_t client_connections_max_;
  mutable absl::Mutex mutex_;
  size_t connections_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<Client, size_t> clients_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_CONNECTION_LIMITER_H_
