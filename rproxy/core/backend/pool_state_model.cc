#include "rproxy/core/backend/pool_state_model.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/pool_state.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {

using Kind = PoolState::Action::Kind;
using GrantKind = PoolState::Grant::Kind;

// Answers as the model has foretold, if it is asked and told what the model
// has foretold.
class PoolStateModel::CheckingBalancer final : public LoadBalancer {
 public:
  CheckingBalancer(PoolStateModel& model, SetId set)
      : model_(model), set_(set) {}

  size_t Pick(absl::Span<const Candidate> candidates, absl::Time) override {
    CHECK(!model_.questions_.empty());
    const Question question = std::move(model_.questions_.front());
    model_.questions_.pop_front();
    CHECK_EQ(question.set, set_);
    CHECK_EQ(question.candidates.size(), candidates.size());
    for (size_t i = 0; i < candidates.size(); ++i) {
      CHECK_EQ(question.candidates[i].member, candidates[i].member);
      CHECK_EQ(question.candidates[i].idle, candidates[i].idle);
      CHECK_EQ(question.candidates[i].active, candidates[i].active);
      CHECK_GE(candidates[i].idle, 1u);
    }
    return question.answer;
  }

  void OnResponse(uint32_t member, absl::Duration time, absl::Time) override {
    Check(member, time);
  }

  void OnFailure(uint32_t member, absl::Time) override {
    Check(member, absl::InfiniteDuration());
  }

 private:
  void Check(uint32_t member, absl::Duration time) {
    CHECK(!model_.notices_.empty());
    const Notice notice = model_.notices_.front();
    model_.notices_.pop_front();
    CHECK_EQ(notice.set, set_);
    CHECK_EQ(notice.member, member);
    CHECK(notice.time == time);
  }

  PoolStateModel& model_;
  const SetId set_;
};

PoolStateModel::PoolStateModel(Choose choose) : choose_(std::move(choose)) {
  constexpr size_t kPendingMax[] = {0, 1, 2, 3, 5, 8};
  const absl::Duration kPendingTimes[] = {
      absl::Seconds(1), absl::ZeroDuration(), absl::Milliseconds(100),
      absl::InfiniteDuration()};
  options_.pending_max = kPendingMax[choose_(6)];
  options_.pending_time_max = kPendingTimes[choose_(4)];
  options_.seed = choose_(256);
  pool_ = std::make_unique<PoolState>(options_);

  const uint32_t backends = 1 + choose_(4);
  for (BackendId id = 0; id < backends; ++id) {
    Backend& backend = backends_.emplace_back();
    backend.options = {.connections = 1 + choose_(3),
                       .retry_min = absl::Milliseconds(choose_(3) * 50),
                       .retry_max = absl::Milliseconds(400)};
    CHECK_EQ(pool_->AddBackend(backend.options), id);
    for (size_t i = 0; i < backend.options.connections; ++i) {
      connections_.push_back({.backend = id});
    }
  }
  const uint32_t sets = 1 + choose_(4);
  for (SetId id = 0; id < sets; ++id) {
    const uint32_t mask = 1 + choose_((1u << backends) - 1);
    std::vector<BackendId> members;
    for (BackendId backend = 0; backend < backends; ++backend) {
      if ((mask >> backend) & 1) members.push_back(backend);
    }
    if (choose_(2) == 1) std::reverse(members.begin(), members.end());
    CHECK_EQ(
        pool_->AddSet(members, std::make_unique<CheckingBalancer>(*this, id)),
        id);
    sets_.push_back(std::move(members));
  }
  pool_->Start(now_);
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    Expect({.kind = Kind::kConnect, .connection = id});
  }
  Compare();
}

void PoolStateModel::Step() {
  switch (choose_(16)) {
    case 0:
    case 1:
    case 2:
      Acquire();
      break;
    case 3:
      Withdraw();
      break;
    case 4:
    case 5:
      Dialled(/*success=*/true);
      break;
    case 6:
      Dialled(/*success=*/false);
      break;
    case 7:
      RequestComplete();
      break;
    case 8:
      ResponseHead();
      break;
    case 9:
    case 10:
      ResponseComplete();
      break;
    case 11:
      Aborted();
      break;
    case 12:
      Closed();
      break;
    case 13:
      Time();
      break;
    case 14:
      Take(1 + choose_(4));
      break;
    case 15:
      // Draining ends most of what can happen, so it must be rare.
      if (choose_(256) == 255) {
        Drain();
      } else {
        Take(SIZE_MAX);
      }
      break;
  }
  Compare();
}

void PoolStateModel::Finish() {
  Take(SIZE_MAX);
  while (!waiters_.empty()) {
    pool_->Withdraw(waiters_.back().id);
    gone_.insert(waiters_.back().id);
    waiters_.pop_back();
  }
  Action action;
  CHECK(!pool_->NextAction(action));
  CHECK_EQ(gone_.size(), ever_.size());  // Nobody was lost.
  Compare();
}

void PoolStateModel::Expect(const Action& action) {
  expected_.push_back(action);
}

void PoolStateModel::BecomeIdle(ConnectionId id) {
  Connection& connection = connections_[id];
  const BackendId backend = connection.backend;
  connection.phase = Phase::kIdle;
  connection.untold = 0;
  backends_[backend].idle.push_back(id);
  for (size_t i = 0; i < waiters_.size(); ++i) {
    const Waiter waiter = waiters_[i];
    if (!InSet(backend, waiter.set)) continue;
    questions_.push_back(
        {waiter.set,
         {{MemberOf(backend, waiter.set),
           static_cast<uint32_t>(Count(backend, Phase::kIdle)),
           static_cast<uint32_t>(Count(backend, Phase::kActive))}},
         0});
    waiters_.erase(waiters_.begin() + static_cast<ptrdiff_t>(i));
    Activate(id, waiter.set);
    Serve(waiter, id);
    return;
  }
}

void PoolStateModel::Activate(ConnectionId id, SetId set) {
  Connection& connection = connections_[id];
  CHECK(connection.phase == Phase::kIdle);
  std::vector<ConnectionId>& idle = backends_[connection.backend].idle;
  idle.erase(std::find(idle.begin(), idle.end(), id));
  connection.phase = Phase::kActive;
  connection.set = set;
  connection.assigned_at = now_;
  connection.request_complete = false;
  connection.response_complete = false;
  connection.head_seen = false;
}

void PoolStateModel::Serve(Waiter waiter, ConnectionId id) {
  connections_[id].untold = waiter.id;
  leaving_.push_back(waiter);
  Expect({Kind::kServe, id, waiter.id, waiter.context});
}

bool PoolStateModel::PickIdle(SetId set, ConnectionId& picked) {
  Question question = {.set = set, .candidates = {}, .answer = 0};
  for (uint32_t member = 0; member < sets_[set].size(); ++member) {
    const BackendId backend = sets_[set][member];
    const size_t idle = Count(backend, Phase::kIdle);
    if (idle == 0) continue;
    question.candidates.push_back(
        {member, static_cast<uint32_t>(idle),
         static_cast<uint32_t>(Count(backend, Phase::kActive))});
  }
  if (question.candidates.empty()) return false;
  question.answer = choose_(static_cast<uint32_t>(question.candidates.size()));
  const uint32_t member = question.candidates[question.answer].member;
  picked = backends_[sets_[set][member]].idle.back();
  questions_.push_back(std::move(question));
  Activate(picked, set);
  return true;
}

void PoolStateModel::LoseWaiter(ConnectionId id, bool backends_fault) {
  Connection& connection = connections_[id];
  if (connection.untold == 0) {
    if (backends_fault && !connection.head_seen) {
      notices_.push_back({connection.set,
                          MemberOf(connection.backend, connection.set),
                          absl::InfiniteDuration()});
    }
    return;
  }
  ++tally_.put_back;
  const WaiterId lost = connection.untold;
  connection.untold = 0;
  std::erase_if(expected_,
                [&](const Action& action) { return action.waiter == lost; });
  const auto at =
      std::find_if(leaving_.begin(), leaving_.end(),
                   [&](const Waiter& waiter) { return waiter.id == lost; });
  const Waiter waiter = *at;
  leaving_.erase(at);
  ConnectionId other;
  if (PickIdle(waiter.set, other)) {
    Serve(waiter, other);
    return;
  }
  waiters_.push_back(waiter);
  std::sort(
      waiters_.begin(), waiters_.end(),
      [](const Waiter& a, const Waiter& b) { return a.arrival < b.arrival; });
}

void PoolStateModel::GoDown(ConnectionId id, bool at_once) {
  Connection& connection = connections_[id];
  Backend& backend = backends_[connection.backend];
  std::erase(backend.idle, id);
  if (draining_) {
    connection.phase = Phase::kEnded;
  } else if (at_once) {
    connection.phase = Phase::kDialRequested;
    Expect({.kind = Kind::kConnect, .connection = id});
  } else {
    connection.phase = Phase::kBackOff;
    ++connection.failures;
    absl::Duration delay = backend.options.retry_min;
    for (int i = 1; i < connection.failures && i < 10; ++i) delay *= 2;
    delay = std::min(delay, backend.options.retry_max);
    connection.due_min = now_ + delay / 2;
    connection.due_max = now_ + delay;
  }
  UpdateAvailability(connection.backend);
}

void PoolStateModel::UpdateAvailability(BackendId id) {
  Backend& backend = backends_[id];
  const bool up = Count(id, Phase::kIdle) + Count(id, Phase::kActive) > 0;
  const bool dialling =
      Count(id, Phase::kDialling) + Count(id, Phase::kDialRequested) > 0;
  backend.available =
      up || (!backend.last_dial_failed && (dialling || !draining_));
  for (SetId set = 0; set < sets_.size(); ++set) {
    if (!InSet(id, set)) continue;
    if (std::any_of(sets_[set].begin(), sets_[set].end(),
                    [&](BackendId b) { return backends_[b].available; })) {
      continue;
    }
    for (const Waiter& waiter : waiters_) {
      if (waiter.set != set) continue;
      leaving_.push_back(waiter);
      Expect({Kind::kRefuse, 0, waiter.id, waiter.context});
    }
    std::erase_if(waiters_,
                  [&](const Waiter& waiter) { return waiter.set == set; });
  }
}

void PoolStateModel::Acquire() {
  const SetId set = choose_(static_cast<uint32_t>(sets_.size()));
  const uint64_t arrival = ++arrivals_;
  void* const context = reinterpret_cast<void*>(arrival * 16);
  ConnectionId picked = 0;
  const bool assigned = PickIdle(set, picked);
  const Grant grant = pool_->Acquire(set, now_, context);
  if (assigned) {
    ++tally_.assigned;
    CHECK(grant.kind == GrantKind::kAssigned);
    CHECK_EQ(grant.connection, picked);
    connections_[grant.connection].unfinished = true;
  } else if (std::none_of(
                 sets_[set].begin(), sets_[set].end(),
                 [&](BackendId b) { return backends_[b].available; })) {
    ++tally_.unavailable;
    CHECK(grant.kind == GrantKind::kUnavailable);
  } else if (waiters_.size() + Untold().size() >= options_.pending_max) {
    ++tally_.overloaded;
    CHECK(grant.kind == GrantKind::kOverloaded);
  } else {
    CHECK(grant.kind == GrantKind::kWaiting);
    CHECK(std::find(ever_.begin(), ever_.end(), grant.waiter) == ever_.end());
    CHECK_NE(grant.waiter, 0u);
    ever_.push_back(grant.waiter);
    waiters_.push_back({grant.waiter, set, now_ + options_.pending_time_max,
                        context, arrival});
  }
}

void PoolStateModel::Withdraw() {
  if (ever_.empty()) return;
  // Rather a late one; an early one is gone already.
  const size_t back =
      choose_(static_cast<uint32_t>(std::min(ever_.size(), size_t{12})));
  const WaiterId id = ever_[ever_.size() - 1 - back];
  const auto is_it = [&](const Waiter& waiter) { return waiter.id == id; };
  if (std::erase_if(waiters_, is_it) + std::erase_if(leaving_, is_it) > 0) {
    ++tally_.withdrawn;
    CHECK(gone_.insert(id).second);
    std::erase_if(expected_,
                  [&](const Action& action) { return action.waiter == id; });
    for (ConnectionId c = 0; c < connections_.size(); ++c) {
      if (connections_[c].untold == id) BecomeIdle(c);
    }
  }
  pool_->Withdraw(id);
}

void PoolStateModel::Dialled(bool success) {
  ConnectionId id;
  if (!ChooseConnection(
          [](const Connection& c) { return c.phase == Phase::kDialling; },
          id)) {
    return;
  }
  Connection& connection = connections_[id];
  backends_[connection.backend].last_dial_failed = !success;
  if (success) {
    connection.answered = false;
    BecomeIdle(id);
    UpdateAvailability(connection.backend);
    pool_->OnConnected(id, now_);
  } else {
    GoDown(id, /*at_once=*/false);
    pool_->OnConnectFailed(id, now_);
  }
}

void PoolStateModel::RequestComplete() {
  ConnectionId id;
  if (!ChooseConnection(
          [](const Connection& c) {
            return c.phase == Phase::kActive && c.untold == 0;
          },
          id)) {
    return;
  }
  connections_[id].request_complete = true;
  pool_->OnRequestComplete(id, now_);
}

void PoolStateModel::ResponseHead() {
  ConnectionId id;
  if (!ChooseConnection(
          [](const Connection& c) {
            return c.phase == Phase::kActive && c.untold == 0 && !c.head_seen;
          },
          id)) {
    return;
  }
  Connection& connection = connections_[id];
  connection.head_seen = true;
  notices_.push_back({connection.set,
                      MemberOf(connection.backend, connection.set),
                      now_ - connection.assigned_at});
  pool_->OnResponseHead(id, now_);
}

void PoolStateModel::ResponseComplete() {
  ConnectionId id;
  if (!ChooseConnection(
          [](const Connection& c) {
            return c.phase == Phase::kActive && c.untold == 0;
          },
          id)) {
    return;
  }
  Connection& connection = connections_[id];
  if (!connection.head_seen) {
    notices_.push_back({connection.set,
                        MemberOf(connection.backend, connection.set),
                        now_ - connection.assigned_at});
  }
  const bool reusable = choose_(4) != 0;
  connection.head_seen = true;
  connection.response_complete = true;
  connection.answered = true;
  connection.failures = 0;
  if (connection.request_complete && reusable) {
    connection.unfinished = false;
    BecomeIdle(id);
  } else {
    Expect({.kind = Kind::kClose, .connection = id});
    GoDown(id, /*at_once=*/true);
  }
  pool_->OnResponseComplete(id, reusable, now_);
}

void PoolStateModel::Aborted() {
  ConnectionId id;
  if (!ChooseConnection(
          [](const Connection& c) { return c.phase == Phase::kActive; }, id)) {
    return;
  }
  const bool backend = choose_(2) == 0;
  LoseWaiter(id, backend);
  Expect({.kind = Kind::kClose, .connection = id});
  GoDown(id, /*at_once=*/connections_[id].answered || !backend);
  pool_->OnAborted(
      id, now_,
      backend ? PoolState::AbortedBy::kBackend : PoolState::AbortedBy::kClient);
}

void PoolStateModel::Closed() {
  ConnectionId id;
  if (!ChooseConnection(
          [](const Connection& c) {
            return c.phase == Phase::kActive || c.phase == Phase::kIdle;
          },
          id)) {
    return;
  }
  if (connections_[id].phase == Phase::kActive) LoseWaiter(id, true);
  GoDown(id, /*at_once=*/connections_[id].answered);
  pool_->OnClosed(id, now_);
}

void PoolStateModel::Time() {
  // Which reconnects are due shows only in the actions; so what was there
  // before goes first, and what comes is taken at once.
  Take(SIZE_MAX);
  const absl::Time next = pool_->NextDeadline();
  if (choose_(2) == 0 && next != absl::InfiniteFuture()) {
    now_ = std::max(now_, next);
  } else {
    now_ += absl::Milliseconds(choose_(200));
  }
  for (const Waiter& waiter : waiters_) {
    if (waiter.deadline > now_) continue;
    leaving_.push_back(waiter);
    Expect({Kind::kExpire, 0, waiter.id, waiter.context});
  }
  std::erase_if(waiters_,
                [&](const Waiter& waiter) { return waiter.deadline <= now_; });
  pool_->OnTime(now_);
  Take(SIZE_MAX);
  for (const Connection& connection : connections_) {
    CHECK(connection.phase != Phase::kBackOff || connection.due_max > now_);
  }
}

void PoolStateModel::Drain() {
  draining_ = true;
  for (Connection& connection : connections_) {
    if (connection.phase == Phase::kBackOff) connection.phase = Phase::kEnded;
  }
  for (BackendId id = 0; id < backends_.size(); ++id) UpdateAvailability(id);
  pool_->Drain();
}

void PoolStateModel::Take(size_t most) {
  for (size_t i = 0; i < most; ++i) {
    Action action;
    if (!pool_->NextAction(action)) {
      CHECK(expected_.empty());
      CHECK(leaving_.empty());
      return;
    }
    if (action.kind == Kind::kConnect) {
      Connection& connection = connections_[action.connection];
      const bool retry = connection.phase == Phase::kBackOff;
      // Invariant 5: otherwise a connect would be under way already.
      CHECK(retry || connection.phase == Phase::kDialRequested);
      connection.phase = Phase::kDialling;
      connection.unfinished = false;
      if (retry) {
        ++tally_.reconnected;
        CHECK(connection.due_min <= now_);
        continue;
      }
    }
    CHECK(!expected_.empty());
    const Action expected = expected_.front();
    expected_.pop_front();
    CHECK(action.kind == expected.kind);
    CHECK_EQ(action.connection, expected.connection);
    CHECK_EQ(action.waiter, expected.waiter);
    CHECK_EQ(action.context, expected.context);
    switch (action.kind) {
      case Kind::kConnect:
      case Kind::kClose:
        continue;
      case Kind::kServe:
        ++tally_.served;
        CHECK_EQ(connections_[action.connection].untold, action.waiter);
        connections_[action.connection].untold = 0;
        connections_[action.connection].unfinished = true;
        break;
      case Kind::kExpire:
        ++tally_.expired;
        break;
      case Kind::kRefuse:
        ++tally_.refused;
        break;
    }
    // Invariant 2.
    CHECK(gone_.insert(action.waiter).second);
    CHECK_EQ(std::erase_if(leaving_,
                           [&](const Waiter& waiter) {
                             return waiter.id == action.waiter;
                           }),
             1u);
  }
}

void PoolStateModel::Compare() const {
  CHECK(questions_.empty());
  CHECK(notices_.empty());
  absl::Time due_min = absl::InfiniteFuture();
  absl::Time due_max = absl::InfiniteFuture();
  for (const Waiter& waiter : waiters_) {
    due_min = std::min(due_min, waiter.deadline);
    due_max = std::min(due_max, waiter.deadline);
  }
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    const Connection& connection = connections_[id];
    CHECK_EQ(pool_->backend_of(id), connection.backend);
    const ConnectionState state = pool_->state(id);
    const bool idle = connection.phase == Phase::kIdle;
    const bool active = connection.phase == Phase::kActive;
    CHECK(state == (idle     ? ConnectionState::kIdle
                    : active ? ConnectionState::kActive
                             : ConnectionState::kDown));
    if (connection.phase == Phase::kBackOff) {
      due_min = std::min(due_min, connection.due_min);
      due_max = std::min(due_max, connection.due_max);
    }
    if (state != ConnectionState::kIdle) continue;
    // Invariant 1.
    CHECK(!connection.unfinished);
    // Invariant 3.
    for (const Waiter& waiter : waiters_) {
      CHECK(!InSet(connection.backend, waiter.set));
    }
  }
  CHECK(pool_->NextDeadline() >= due_min);
  CHECK(pool_->NextDeadline() <= due_max);
  // Invariant 4; the order of service is part of the expected actions.
  CHECK_LE(pool_->pending(), options_.pending_max);
  CHECK_EQ(pool_->pending(), waiters_.size());
  for (BackendId id = 0; id < backends_.size(); ++id) {
    const PoolState::Counts counts = pool_->counts(id);
    CHECK_EQ(counts.idle, Count(id, Phase::kIdle));
    CHECK_EQ(counts.active, Count(id, Phase::kActive));
    CHECK_EQ(counts.down + counts.idle + counts.active,
             backends_[id].options.connections);
    CHECK_EQ(pool_->available(id), backends_[id].available);
  }
}

bool PoolStateModel::ChooseConnection(
    const std::function<bool(const Connection&)>& fits, ConnectionId& chosen) {
  std::vector<ConnectionId> fitting;
  for (ConnectionId id = 0; id < connections_.size(); ++id) {
    if (fits(connections_[id])) fitting.push_back(id);
  }
  if (fitting.empty()) return false;
  chosen = fitting[choose_(static_cast<uint32_t>(fitting.size()))];
  return true;
}

bool PoolStateModel::InSet(BackendId backend, SetId set) const {
  return std::find(sets_[set].begin(), sets_[set].end(), backend) !=
         sets_[set].end();
}

uint32_t PoolStateModel::MemberOf(BackendId backend, SetId set) const {
  return static_cast<uint32_t>(
      std::find(sets_[set].begin(), sets_[set].end(), backend) -
      sets_[set].begin());
}

size_t PoolStateModel::Count(BackendId backend, Phase phase) const {
  return static_cast<size_t>(std::count_if(
      connections_.begin(), connections_.end(), [&](const Connection& c) {
        return c.backend == backend && c.phase == phase;
      }));
}

std::vector<PoolState::WaiterId> PoolStateModel::Untold() const {
  std::vector<WaiterId> untold;
  for (const Connection& connection : connections_) {
    if (connection.untold != 0) untold.push_back(connection.untold);
  }
  return untold;
}

}  // namespace rproxy
