// A worker's connections to all of its backends, and the requests that wait
// for one: PoolState run over real sockets.
//
//   ConnectionPool pool(loop, options);
//   auto backend = pool.AddBackend({...});
//   auto set = pool.AddSet({backend}, LoadBalancingMethod::kRtt);
//   pool.Start();
//   ...
//   AcquireResult result = pool.Acquire(set, waiter);
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_BACKEND_CONNECTION_POOL_H_
#define RPROXY_CORE_BACKEND_CONNECTION_POOL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "rproxy/core/backend/backend_connection.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/pool_state.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/timer.h"

namespace rproxy {

class ConnectionPool;

// One exchange on a backend connection. Destroying it before both messages are
// complete closes the connection; afterwards it does nothing, like every call
// on an exchange that is over.
class BackendStream {
 public:
  BackendStream() = default;
  BackendStream(BackendStream&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)),
        serial_(other.serial_) {}
  BackendStream& operator=(BackendStream&& other) noexcept;
  ~BackendStream() { Reset(); }

  // What follows goes to `events`. Call first, once, right after receiving the
  // stream.
  void Begin(BackendStreamEvents& events) {
    connection_->Begin(serial_, events);
  }

  // `head` holds its framing fields already, matching `framing`: kNone,
  // kContentLength or kChunked.
  void SendHead(const RequestHead& head, const BodyFraming& framing) {
    connection_->SendHead(serial_, head, framing);
  }
  // A 101 is welcome; see BackendConnection.
  void AllowTunnel() { connection_->AllowTunnel(serial_); }
  void SendBody(Slice bytes) {
    connection_->SendBody(serial_, std::move(bytes));
  }
  void FinishRequest(const HeaderMap& trailers) {
    connection_->FinishRequest(serial_, trailers);
  }
  void Flush() { connection_->Flush(serial_); }
  // While paused no response events come. Resuming calls them in a later turn.
  void PauseResponse() { connection_->PauseResponse(serial_); }
  void ResumeResponse() { connection_->ResumeResponse(serial_); }
  // Stop sending until OnBackendDrained.
  bool full() const { return connection_->Full(serial_); }
  // An earlier exchange used the connection: the backend may have closed it in
  // the meantime.
  bool reused() const { return connection_->exchanges() > 1; }

  // For logs. The address lives as long as the pool.
  const SocketAddress& backend_address() const {
    return connection_->address();
  }
  uint16_t local_port() const { return connection_->local_port(); }

  // Asks the socket whether the backend has hung up, at the price of a system
  // call. If so, the connection is closed and the stream over. Before Begin.
  bool CheckOpen() { return connection_->CheckOpen(serial_); }
  // When OnFailure was called, no byte of the request had left; no byte of a
  // response had come.
  bool sent_nothing() const { return connection_->sent_nothing(); }
  bool received_nothing() const { return connection_->received_nothing(); }

  bool valid() const { return connection_ != nullptr; }
  void Reset();

 private:
  friend class ConnectionPool;
  explicit BackendStream(BackendConnection& connection)
      : connection_(&connection), serial_(connection.Assign()) {}

  BackendConnection* connection_ = nullptr;
  uint64_t serial_ = 0;
};

enum class PoolRefusal : uint8_t {
  kOverloaded,   // Too many wait already.
  kExpired,      // Waited too long.
  kUnavailable,  // No backend of the set can be reached.
};

// Who waits. Exactly one of the two is called, once, unless the ticket dies
// before.
class PoolWaiter {
 public:
  virtual void OnStream(BackendStream stream) = 0;
  virtual void OnRefused(PoolRefusal refusal) = 0;

 protected:
  ~PoolWaiter() = default;
};

// A place in the queue. Destroying it gives it up.
class PoolTicket {
 public:
  PoolTicket() = default;
  PoolTicket(PoolTicket&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), waiter_(other.waiter_) {}
  PoolTicket& operator=(PoolTicket&& other) noexcept;
  ~PoolTicket() { Reset(); }
  void Reset();

 private:
  friend class ConnectionPool;
  PoolTicket(ConnectionPool& pool, PoolState::WaiterId waiter)
      : pool_(&pool), waiter_(waiter) {}

  ConnectionPool* pool_ = nullptr;
  PoolState::WaiterId waiter_ = 0;
};

class ConnectionPool final : private BackendConnection::Owner {
 public:
  using BackendId = PoolState::BackendId;
  using SetId = PoolState::SetId;

  struct Backend {
    std::string name;  // For logs.
    PoolState::BackendOptions pool;
    BackendConnectionOptions connection;
  };

  // `loop` outlives the pool. The pool outlives its streams and tickets.
  ConnectionPool(EventLoop& loop, const PoolState::Options& options);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool();

  // Setting up, before Start.
  BackendId AddBackend(Backend backend);
  SetId AddSet(std::vector<BackendId> members, LoadBalancingMethod method);
  // Dials every connection.
  void Start();

  struct AcquireResult {
    PoolState::Grant::Kind kind;
    BackendStream stream;  // kAssigned.
    PoolTicket ticket;     // kWaiting: keep it as long as the answer matters.
  };
  // `waiter` is kept only for kWaiting, and called from the loop.
  AcquireResult Acquire(SetId set, PoolWaiter& waiter);

  const std::string& name(BackendId backend) const;
  PoolState::Counts counts(BackendId backend) const {
    return state_.counts(backend);
  }
  size_t pending() const { return state_.pending(); }

 private:
  friend class PoolTicket;

  // BackendConnection::Owner.
  void OnDialled(uint32_t id) override;
  void OnDialFailed(uint32_t id, const absl::Status& status) override;
  void OnRequestComplete(uint32_t id) override;
  void OnResponseHeadSeen(uint32_t id) override;
  void OnResponseComplete(uint32_t id, bool reusable) override;
  void OnStreamAbandoned(uint32_t id) override;
  void OnConnectionClosed(uint32_t id) override;

  void Withdraw(PoolState::WaiterId waiter);
  void RunActions();

  EventLoop& loop_;
  const uint64_t seed_;
  PoolState state_;
  Timer timer_;
  bool running_actions_ = false;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::vector<bool> reported_down_;  // By backend.
  std::vector<std::unique_ptr<BackendConnection>> connections_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_CONNECTION_POOL_H_
