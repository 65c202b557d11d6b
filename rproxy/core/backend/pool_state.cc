#include "rproxy/core/backend/pool_state.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/backoff.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/waiter_queue.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {

namespace {

// Puts the earliest retry at the front of the heap.
constexpr auto kLater = [](const auto& a, const auto& b) {
  return a.due > b.due;
};

}  // namespace

PoolState::PoolState(const Options& options)
    : options_(options), random_(options.seed), waiters_(options.pending_max) {}

PoolState::~PoolState() = default;

PoolState::BackendId PoolState::AddBackend(const BackendOptions& options) {
  CHECK(!started_);
  CHECK_GE(options.connections, 1u);
  const BackendId id = static_cast<BackendId>(backends_.size());
  Backend& backend = backends_.emplace_back();
  backend.options = options;
  backend.first_connection = static_cast<ConnectionId>(connections_.size());
  backend.counts.down = static_cast<uint32_t>(options.connections);
  connections_.resize(connections_.size() + options.connections,
                      {.backend = id});
  return id;
}

PoolState::SetId PoolState::AddSet(std::vector<BackendId> members,
                                   std::unique_ptr<LoadBalancer> balancer) {
  CHECK(!started_);
  CHECK(!members.empty());
  CHECK(balancer != nullptr);
  const SetId id = static_cast<SetId>(sets_.size());
  for (uint32_t member = 0; member < members.size(); ++member) {
    CHECK_LT(members[member], backends_.size());
    auto& memberships = backends_[members[member]].memberships;
    CHECK(memberships.empty() || memberships.back().set != id)
        << "backend " << members[member] << " is in one set twice";
    memberships.push_back({id, member});
  }
  candidates_.reserve(std::max(candidates_.capacity(), members.size()));
  const size_t size = members.size();
  sets_.push_back({std::move(members), std::move(balancer), size});
  waiters_.AddSet();
  return id;
}

void PoolState::Start(absl::Time now) {
  CHECK(!started_);
  started_ = true;
  Observe(now);
  retries_.reserve(connections_.size());
  if (draining_) return;
  for (ConnectionId id = 0; id < connections_.size(); ++id) Connect(id);
}

void PoolState::Drain() {
  draining_ = true;
  retries_.clear();
  for (BackendId id = 0; id < backends_.size(); ++id) UpdateAvailability(id);
}

bool PoolState::NextAction(Action& action) {
  while (next_action_ < actions_.size()) {
    action = actions_[next_action_++];
    if (!IsCurrent(action)) continue;
    if (action.waiter != WaiterQueue::kNone) {
      if (action.kind == Action::Kind::kServe) {
        connections_[action.connection].untold_waiter = WaiterQueue::kNone;
      }
      waiters_.Remove(action.waiter);
    }
    return true;
  }
  actions_.clear();
  next_action_ = 0;
  return false;
}

PoolState::Grant PoolState::Acquire(SetId set, absl::Time now, void* context) {
  Observe(now);
  const ConnectionId id = AssignIdle(set);
  if (id != kNone) return {Grant::Kind::kAssigned, id};
  if (sets_[set].available_members == 0) return {Grant::Kind::kUnavailable};
  if (waiters_.full()) return {Grant::Kind::kOverloaded};
  const WaiterId waiter =
      waiters_.Push(set, now_ + options_.pending_time_max, context);
  return {Grant::Kind::kWaiting, 0, waiter};
}

void PoolState::Withdraw(WaiterId waiter) {
  if (waiters_.IsWaiting(waiter)) {
    waiters_.Remove(waiter);
  } else if (waiters_.IsLeaving(waiter)) {
    const ConnectionId id = waiters_.connection(waiter);
    waiters_.Remove(waiter);
    if (id == WaiterQueue::kNoConnection) return;
    // Nothing has been sent: the next in line can have it.
    connections_[id].untold_waiter = WaiterQueue::kNone;
    BecomeIdle(id);
  }
}

void PoolState::OnConnected(ConnectionId id, absl::Time now) {
  Observe(now);
  Connection& connection = connections_[id];
  CHECK(connection.connecting);
  Backend& backend = backends_[connection.backend];
  connection.connecting = false;
  connection.proven = false;
  --backend.connecting;
  backend.last_connect_failed = false;
  BecomeIdle(id);
  UpdateAvailability(connection.backend);
}

void PoolState::OnConnectFailed(ConnectionId id, absl::Time now) {
  Observe(now);
  Connection& connection = connections_[id];
  CHECK(connection.connecting);
  Backend& backend = backends_[connection.backend];
  connection.connecting = false;
  --backend.connecting;
  backend.last_connect_failed = true;
  ReconnectLater(id);
  UpdateAvailability(connection.backend);
}

void PoolState::OnRequestComplete(ConnectionId id, absl::Time now) {
  Observe(now);
  InExchange(id).request_complete = true;
}

void PoolState::OnResponseHead(ConnectionId id, absl::Time now) {
  Observe(now);
  Connection& connection = InExchange(id);
  if (connection.response_head_seen) return;
  connection.response_head_seen = true;
  sets_[connection.set].balancer->OnResponse(
      connection.member, now_ - connection.assigned_at, now_);
}

void PoolState::OnResponseComplete(ConnectionId id, bool reusable,
                                   absl::Time now) {
  OnResponseHead(id, now);
  Connection& connection = connections_[id];
  connection.proven = true;
  connection.failures = 0;
  if (connection.request_complete && reusable) {
    BecomeIdle(id);
    return;
  }
  SetState(id, ConnectionState::kDown);
  Emit({.kind = Action::Kind::kClose, .connection = id});
  ReconnectNow(id);
  UpdateAvailability(connection.backend);
}

void PoolState::OnAborted(ConnectionId id, absl::Time now, AbortedBy cause) {
  Observe(now);
  CHECK(state(id) == ConnectionState::kActive);
  Connection& connection = connections_[id];
  Release(id, cause);
  SetState(id, ConnectionState::kDown);
  Emit({.kind = Action::Kind::kClose, .connection = id});
  if (connection.proven || cause == AbortedBy::kClient) {
    ReconnectNow(id);
  } else {
    ReconnectLater(id);
  }
  UpdateAvailability(connection.backend);
}

void PoolState::OnClosed(ConnectionId id, absl::Time now) {
  Observe(now);
  Connection& connection = connections_[id];
  CHECK(connection.state != ConnectionState::kDown);
  if (connection.state == ConnectionState::kActive) {
    Release(id, AbortedBy::kBackend);
  }
  SetState(id, ConnectionState::kDown);
  if (connection.proven) {
    ReconnectNow(id);
  } else {
    ReconnectLater(id);
  }
  UpdateAvailability(connection.backend);
}

void PoolState::OnTime(absl::Time now) {
  Observe(now);
  while (!retries_.empty() && retries_.front().due <= now_) {
    const ConnectionId id = retries_.front().connection;
    std::pop_heap(retries_.begin(), retries_.end(), kLater);
    retries_.pop_back();
    Connect(id);
  }
  for (;;) {
    const WaiterId waiter = waiters_.Oldest();
    if (waiter == WaiterQueue::kNone || waiters_.deadline(waiter) > now_ ||
        waiters_.deadline(waiter) == absl::InfiniteFuture()) {
      return;
    }
    waiters_.Leave(waiter, WaiterQueue::kNoConnection);
    Emit({.kind = Action::Kind::kExpire,
          .waiter = waiter,
          .context = waiters_.context(waiter)});
  }
}

absl::Time PoolState::NextDeadline() const {
  absl::Time next = absl::InfiniteFuture();
  if (!retries_.empty()) next = retries_.front().due;
  const WaiterId waiter = waiters_.Oldest();
  if (waiter != WaiterQueue::kNone) {
    next = std::min(next, waiters_.deadline(waiter));
  }
  return next;
}

ConnectionState PoolState::state(ConnectionId id) const {
  return connections_[id].state;
}

PoolState::BackendId PoolState::backend_of(ConnectionId id) const {
  return connections_[id].backend;
}

bool PoolState::available(BackendId id) const {
  return backends_[id].available;
}

PoolState::Counts PoolState::counts(BackendId id) const {
  return backends_[id].counts;
}

size_t PoolState::pending() const { return waiters_.waiting(); }

void PoolState::Observe(absl::Time now) { now_ = std::max(now_, now); }

void PoolState::Emit(const Action& action) {
  // A queue that is never quite empty must not grow with what was taken.
  if (actions_.size() == actions_.capacity() &&
      next_action_ > actions_.size() / 2) {
    actions_.erase(actions_.begin(),
                   actions_.begin() + static_cast<ptrdiff_t>(next_action_));
    next_action_ = 0;
  }
  actions_.push_back(action);
}

bool PoolState::IsCurrent(const Action& action) const {
  if (action.waiter == WaiterQueue::kNone) return true;
  if (!waiters_.IsLeaving(action.waiter)) return false;
  return action.kind != Action::Kind::kServe ||
         waiters_.connection(action.waiter) == action.connection;
}

PoolState::Connection& PoolState::InExchange(ConnectionId id) {
  Connection& connection = connections_[id];
  CHECK(connection.state == ConnectionState::kActive);
  CHECK(connection.untold_waiter == WaiterQueue::kNone);
  return connection;
}

void PoolState::SetState(ConnectionId id, ConnectionState state) {
  Connection& connection = connections_[id];
  Backend& backend = backends_[connection.backend];
  switch (connection.state) {
    case ConnectionState::kDown:
      --backend.counts.down;
      break;
    case ConnectionState::kIdle: {
      --backend.counts.idle;
      const ConnectionId above = connection.idle_above;
      const ConnectionId below = connection.idle_below;
      (above == kNone ? backend.idle_top : connections_[above].idle_below) =
          below;
      if (below != kNone) connections_[below].idle_above = above;
      break;
    }
    case ConnectionState::kActive:
      --backend.counts.active;
      break;
  }
  connection.state = state;
  switch (state) {
    case ConnectionState::kDown:
      ++backend.counts.down;
      break;
    case ConnectionState::kIdle:
      ++backend.counts.idle;
      connection.idle_above = kNone;
      connection.idle_below = backend.idle_top;
      if (backend.idle_top != kNone) {
        connections_[backend.idle_top].idle_above = id;
      }
      backend.idle_top = id;
      break;
    case ConnectionState::kActive:
      ++backend.counts.active;
      break;
  }
}

void PoolState::BecomeIdle(ConnectionId id) {
  SetState(id, ConnectionState::kIdle);
  if (waiters_.waiting() == 0) return;
  // The oldest waiter of any set that the backend belongs to.
  WaiterId oldest = WaiterQueue::kNone;
  Membership as = {};
  for (const Membership& membership :
       backends_[connections_[id].backend].memberships) {
    const WaiterId waiter = waiters_.Oldest(membership.set);
    if (waiter == WaiterQueue::kNone) continue;
    if (oldest == WaiterQueue::kNone ||
        waiters_.arrival(waiter) < waiters_.arrival(oldest)) {
      oldest = waiter;
      as = membership;
    }
  }
  if (oldest == WaiterQueue::kNone) return;
  // There is no choice, but the balancer learns of the request.
  const Counts& counts = backends_[connections_[id].backend].counts;
  const LoadBalancer::Candidate only = {as.member, counts.idle, counts.active};
  sets_[as.set].balancer->Pick(absl::MakeConstSpan(&only, 1), now_);
  Assign(id, as);
  ServeWaiter(oldest, id);
}

void PoolState::Assign(ConnectionId id, const Membership& to) {
  SetState(id, ConnectionState::kActive);
  Connection& connection = connections_[id];
  connection.request_complete = false;
  connection.response_head_seen = false;
  connection.set = to.set;
  connection.member = to.member;
  connection.assigned_at = now_;
}

PoolState::ConnectionId PoolState::AssignIdle(SetId id) {
  const Set& set = sets_[id];
  candidates_.clear();
  for (uint32_t member = 0; member < set.members.size(); ++member) {
    const Counts& counts = backends_[set.members[member]].counts;
    if (counts.idle > 0) {
      candidates_.push_back({member, counts.idle, counts.active});
    }
  }
  if (candidates_.empty()) return kNone;
  const size_t picked = set.balancer->Pick(candidates_, now_);
  CHECK_LT(picked, candidates_.size());
  const uint32_t member = candidates_[picked].member;
  const ConnectionId connection = backends_[set.members[member]].idle_top;
  Assign(connection, {id, member});
  return connection;
}

void PoolState::ServeWaiter(WaiterId waiter, ConnectionId id) {
  waiters_.Leave(waiter, id);
  connections_[id].untold_waiter = waiter;
  Emit({.kind = Action::Kind::kServe,
        .connection = id,
        .waiter = waiter,
        .context = waiters_.context(waiter)});
}

void PoolState::Release(ConnectionId id, AbortedBy cause) {
  Connection& connection = connections_[id];
  const WaiterId waiter = connection.untold_waiter;
  if (waiter == WaiterQueue::kNone) {
    if (cause == AbortedBy::kBackend && !connection.response_head_seen) {
      sets_[connection.set].balancer->OnFailure(connection.member, now_);
    }
    return;
  }
  // The waiter has never heard of the connection, so it loses nothing but
  // this chance.
  connection.untold_waiter = WaiterQueue::kNone;
  waiters_.PutBack(waiter);
  const ConnectionId other = AssignIdle(connection.set);
  if (other != kNone) ServeWaiter(waiter, other);
}

void PoolState::Connect(ConnectionId id) {
  Connection& connection = connections_[id];
  DCHECK(!connection.connecting);
  DCHECK(connection.state == ConnectionState::kDown);
  connection.connecting = true;
  ++backends_[connection.backend].connecting;
  Emit({.kind = Action::Kind::kConnect, .connection = id});
}

void PoolState::ReconnectNow(ConnectionId id) {
  if (!draining_) Connect(id);
}

void PoolState::ReconnectLater(ConnectionId id) {
  Connection& connection = connections_[id];
  if (connection.failures < UINT32_MAX) ++connection.failures;
  if (draining_) return;
  const BackendOptions& options = backends_[connection.backend].options;
  const absl::Duration delay =
      BackoffDelay({options.retry_min, options.retry_max}, connection.failures,
                   random_.Next());
  retries_.push_back({now_ + delay, id});
  std::push_heap(retries_.begin(), retries_.end(), kLater);
}

void PoolState::UpdateAvailability(BackendId id) {
  Backend& backend = backends_[id];
  const bool up = backend.counts.idle + backend.counts.active > 0;
  const bool hopeless =
      backend.last_connect_failed || (draining_ && backend.connecting == 0);
  const bool available = up || !hopeless;
  if (available == backend.available) return;
  backend.available = available;
  for (const Membership& membership : backend.memberships) {
    Set& set = sets_[membership.set];
    if (available) {
      ++set.available_members;
    } else if (--set.available_members == 0) {
      RefuseWaiters(membership.set);
    }
  }
}

void PoolState::RefuseWaiters(SetId set) {
  for (WaiterId waiter = waiters_.Oldest(set); waiter != WaiterQueue::kNone;
       waiter = waiters_.Oldest(set)) {
    waiters_.Leave(waiter, WaiterQueue::kNoConnection);
    Emit({.kind = Action::Kind::kRefuse,
          .waiter = waiter,
          .context = waiters_.context(waiter)});
  }
}

}  // namespace rproxy
