#include "rproxy/core/backend/connection_pool.h"

#include "rproxy/core/base/logging.h"

namespace rproxy {

// --- BackendStream and PoolTicket ----------------------------------------

BackendStream& BackendStream::operator=(BackendStream&& other) noexcept {
  if (this != &other) {
    Reset();
    connection_ = std::exchange(other.connection_, nullptr);
    serial_ = other.serial_;
  }
  return *this;
}

void BackendStream::Reset() {
  BackendConnection* connection = std::exchange(connection_, nullptr);
  if (connection != nullptr) connection->Abandon(serial_);
}

PoolTicket& PoolTicket::operator=(PoolTicket&& other) noexcept {
  if (this != &other) {
    Reset();
    pool_ = std::exchange(other.pool_, nullptr);
    waiter_ = other.waiter_;
  }
  return *this;
}

void PoolTicket::Reset() {
  ConnectionPool* pool = std::exchange(pool_, nullptr);
  if (pool != nullptr) pool->Withdraw(waiter_);
}

// --- ConnectionPool ------------------------------------------------------

ConnectionPool::ConnectionPool(EventLoop& loop,
                               const PoolState::Options& options)
    : loop_(loop), seed_(options.seed), state_(options), timer_(loop, [this] {
        state_.OnTime(loop_.Now());
        RunActions();
      }) {}

ConnectionPool::~ConnectionPool() = default;

ConnectionPool::BackendId ConnectionPool::AddBackend(Backend backend) {
  const BackendId id = state_.AddBackend(backend.pool);
  CHECK_EQ(id, backends_.size());
  backends_.push_back(std::make_unique<Backend>(std::move(backend)));
  reported_down_.push_back(false);
  for (size_t i = 0; i < backends_.back()->pool.connections; ++i) {
    connections_.push_back(std::make_unique<BackendConnection>(
        loop_, backends_.back()->connection, connections_.size(),
        static_cast<BackendConnection::Owner&>(*this)));
  }
  return id;
}

ConnectionPool::SetId ConnectionPool::AddSet(std::vector<BackendId> members,
                                             LoadBalancingMethod method) {
  const size_t size = members.size();
  return state_.AddSet(std::move(members),
                       CreateLoadBalancer(method, size, seed_));
}

void ConnectionPool::Start() {
  state_.Start(loop_.Now());
  RunActions();
}

const std::string& ConnectionPool::name(BackendId backend) const {
  return backends_[backend]->name;
}

ConnectionPool::AcquireResult ConnectionPool::Acquire(SetId set,
                                                      PoolWaiter& waiter) {
  const PoolState::Grant grant = state_.Acquire(set, loop_.Now(), &waiter);
  AcquireResult result{grant.kind, {}, {}};
  switch (grant.kind) {
    case PoolState::Grant::Kind::kAssigned:
      result.stream = BackendStream(*connections_[grant.connection]);
      break;
    case PoolState::Grant::Kind::kWaiting:
      result.ticket = PoolTicket(*this, grant.waiter);
      RunActions();
      break;
    case PoolState::Grant::Kind::kOverloaded:
    case PoolState::Grant::Kind::kUnavailable:
      break;
  }
  return result;
}

void ConnectionPool::Withdraw(PoolState::WaiterId waiter) {
  state_.Withdraw(waiter);
}

void ConnectionPool::OnDialled(uint32_t id) {
  const BackendId backend = state_.backend_of(id);
  if (reported_down_[backend]) {
    reported_down_[backend] = false;
    LOG(INFO) << "backend " << name(backend) << " is up";
  }
  state_.OnConnected(id, loop_.Now());
  RunActions();
}

void ConnectionPool::OnDialFailed(uint32_t id, const absl::Status& status) {
  const BackendId backend = state_.backend_of(id);
  state_.OnConnectFailed(id, loop_.Now());
  if (!state_.available(backend) && !reported_down_[backend]) {
    reported_down_[backend] = true;
    LOG(WARNING) << "backend " << name(backend)
                 << " is down: " << status.message();
  }
  RunActions();
}

void ConnectionPool::OnRequestComplete(uint32_t id) {
  state_.OnRequestComplete(id, loop_.Now());
}

void ConnectionPool::OnResponseHeadSeen(uint32_t id) {
  state_.OnResponseHead(id, loop_.Now());
}

void ConnectionPool::OnResponseComplete(uint32_t id, bool reusable) {
  state_.OnResponseComplete(id, reusable, loop_.Now());
  RunActions();
}

void ConnectionPool::OnStreamAbandoned(uint32_t id) {
  state_.OnAborted(id, loop_.Now(), PoolState::AbortedBy::kClient);
  RunActions();
}

void ConnectionPool::OnConnectionClosed(uint32_t id) {
  state_.OnClosed(id, loop_.Now());
  RunActions();
}

void ConnectionPool::RunActions() {
  if (running_actions_) return;  // The loop below will see them.
  running_actions_ = true;
  PoolState::Action action;
  while (state_.NextAction(action)) {
    PoolWaiter* waiter = static_cast<PoolWaiter*>(action.context);
    switch (action.kind) {
      case PoolState::Action::Kind::kConnect:
        connections_[action.connection]->Dial();
        break;
      case PoolState::Action::Kind::kClose:
        connections_[action.connection]->Close();
        break;
      case PoolState::Action::Kind::kServe:
        waiter->OnStream(BackendStream(*connections_[action.connection]));
        break;
      case PoolState::Action::Kind::kExpire:
        waiter->OnRefused(PoolRefusal::kExpired);
        break;
      case PoolState::Action::Kind::kRefuse:
        waiter->OnRefused(PoolRefusal::kUnavailable);
        break;
    }
  }
  running_actions_ = false;
  timer_.ScheduleAt(state_.NextDeadline());
}

}  // namespace rproxy
