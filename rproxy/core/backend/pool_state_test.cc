#include "rproxy/core/backend/pool_state.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/backend/load_balancer.h"

namespace rproxy {
namespace {

using Kind = PoolState::Action::Kind;
using GrantKind = PoolState::Grant::Kind;
using ConnectionId = PoolState::ConnectionId;

// A pool that a test drives by hand. Backends and sets are added first; the
// clock stands still unless it is advanced.
class PoolStateTest : public ::testing::Test {
 protected:
  PoolState& Pool() {
    if (pool_ == nullptr) pool_ = std::make_unique<PoolState>(options_);
    return *pool_;
  }

  PoolState::SetId AddSet(std::vector<PoolState::BackendId> members) {
    const size_t size = members.size();
    return Pool().AddSet(
        std::move(members),
        CreateLoadBalancer(LoadBalancingMethod::kNone, size, 1));
  }

  // One backend with so many connections, in one set.
  void OneBackend(size_t connections) {
    Pool().AddBackend({.connections = connections});
    AddSet({0});
  }

  // Starts the pool, and carries out every connect with success.
  void StartConnected() {
    Pool().Start(now_);
    for (const PoolState::Action& action : Actions()) {
      ASSERT_EQ(action.kind, Kind::kConnect);
      Pool().OnConnected(action.connection, now_);
    }
  }

  std::vector<PoolState::Action> Actions() {
    std::vector<PoolState::Action> actions;
    PoolState::Action action;
    while (Pool().NextAction(action)) actions.push_back(action);
    return actions;
  }

  std::vector<Kind> Kinds() {
    std::vector<Kind> kinds;
    for (const PoolState::Action& action : Actions()) {
      kinds.push_back(action.kind);
    }
    return kinds;
  }

  PoolState::Grant Acquire(PoolState::SetId set = 0, void* context = nullptr) {
    return Pool().Acquire(set, now_, context);
  }

  void CompleteExchange(ConnectionId connection) {
    Pool().OnRequestComplete(connection, now_);
    Pool().OnResponseHead(connection, now_);
    Pool().OnResponseComplete(connection, true, now_);
  }

  void Advance(absl::Duration by) { now_ += by; }
  void AdvanceTo(absl::Time time) { now_ = time; }

  PoolState::Options options_;
  absl::Time now_ = absl::UnixEpoch();
  std::unique_ptr<PoolState> pool_;
};

TEST_F(PoolStateTest, StartAsksForEveryConnection) {
  Pool().AddBackend({.connections = 2});
  Pool().AddBackend({.connections = 1});
  AddSet({0, 1});
  Pool().Start(now_);

  const std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 3u);
  for (ConnectionId id = 0; id < 3; ++id) {
    EXPECT_EQ(actions[id].kind, Kind::kConnect);
    EXPECT_EQ(actions[id].connection, id);
  }
  EXPECT_EQ(Pool().backend_of(1), 0u);
  EXPECT_EQ(Pool().backend_of(2), 1u);
  EXPECT_EQ(Pool().counts(0).down, 2u);
}

TEST_F(PoolStateTest, AnIdleConnectionIsAssignedAtOnceAndComesBack) {
  OneBackend(1);
  StartConnected();
  EXPECT_EQ(Pool().counts(0).idle, 1u);

  const PoolState::Grant grant = Acquire();
  EXPECT_EQ(grant.kind, GrantKind::kAssigned);
  EXPECT_EQ(Pool().state(grant.connection), ConnectionState::kActive);
  CompleteExchange(grant.connection);
  EXPECT_EQ(Pool().state(grant.connection), ConnectionState::kIdle);
  EXPECT_TRUE(Actions().empty());
}

TEST_F(PoolStateTest, AWaiterIsServedWithItsContextWhenAConnectionIsFree) {
  OneBackend(1);
  StartConnected();
  const PoolState::Grant first = Acquire();
  int context;
  const PoolState::Grant second = Acquire(0, &context);
  ASSERT_EQ(second.kind, GrantKind::kWaiting);
  EXPECT_EQ(Pool().pending(), 1u);

  CompleteExchange(first.connection);
  const std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].kind, Kind::kServe);
  EXPECT_EQ(actions[0].waiter, second.waiter);
  EXPECT_EQ(actions[0].connection, first.connection);
  EXPECT_EQ(actions[0].context, &context);
  EXPECT_EQ(Pool().pending(), 0u);
  EXPECT_EQ(Pool().state(first.connection), ConnectionState::kActive);
}

TEST_F(PoolStateTest, RequestsWaitWhileTheFirstConnectIsUnderWay) {
  OneBackend(1);
  Pool().Start(now_);
  EXPECT_EQ(Acquire().kind, GrantKind::kWaiting);
  EXPECT_EQ(Kinds(), std::vector{Kind::kConnect});
  Pool().OnConnected(0, now_);
  EXPECT_EQ(Kinds(), std::vector{Kind::kServe});
}

TEST_F(PoolStateTest, AWaiterLeavesExactlyAtItsDeadline) {
  options_.pending_time_max = absl::Seconds(3);
  OneBackend(1);
  StartConnected();
  Acquire();
  const PoolState::Grant late = Acquire();
  EXPECT_EQ(Pool().NextDeadline(), now_ + absl::Seconds(3));

  Advance(absl::Seconds(3) - absl::Nanoseconds(1));
  Pool().OnTime(now_);
  EXPECT_TRUE(Actions().empty());
  Advance(absl::Nanoseconds(1));
  Pool().OnTime(now_);
  const std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].kind, Kind::kExpire);
  EXPECT_EQ(actions[0].waiter, late.waiter);
  EXPECT_EQ(Pool().NextDeadline(), absl::InfiniteFuture());
}

TEST_F(PoolStateTest, AWaiterWithoutALimitNeverExpires) {
  options_.pending_time_max = absl::InfiniteDuration();
  OneBackend(1);
  StartConnected();
  Acquire();
  Acquire();
  EXPECT_EQ(Pool().NextDeadline(), absl::InfiniteFuture());
  Pool().OnTime(absl::InfiniteFuture());
  EXPECT_TRUE(Actions().empty());
  EXPECT_EQ(Pool().pending(), 1u);
}

TEST_F(PoolStateTest, NoMoreWaitThanMay) {
  options_.pending_max = 2;
  OneBackend(1);
  StartConnected();
  Acquire();
  const PoolState::Grant first = Acquire();
  Acquire();
  EXPECT_EQ(Acquire().kind, GrantKind::kOverloaded);
  Pool().Withdraw(first.waiter);
  EXPECT_EQ(Acquire().kind, GrantKind::kWaiting);
  EXPECT_EQ(Acquire().kind, GrantKind::kOverloaded);
}

TEST_F(PoolStateTest, NobodyWaitsIfNoneMay) {
  options_.pending_max = 0;
  OneBackend(1);
  StartConnected();
  EXPECT_EQ(Acquire().kind, GrantKind::kAssigned);
  EXPECT_EQ(Acquire().kind, GrantKind::kOverloaded);
}

TEST_F(PoolStateTest, ASharedConnectionGoesToTheOldestWaiterOfAnySet) {
  Pool().AddBackend({});
  AddSet({0});
  AddSet({0});
  StartConnected();
  const PoolState::Grant active = Acquire(0);
  const PoolState::Grant one = Acquire(1);
  const PoolState::Grant two = Acquire(0);
  const PoolState::Grant three = Acquire(1);

  for (const PoolState::Grant& expected : {one, two, three}) {
    CompleteExchange(active.connection);
    const std::vector<PoolState::Action> actions = Actions();
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(actions[0].waiter, expected.waiter);
  }
}

TEST_F(PoolStateTest, ConnectionsServeOnlyWaitersOfTheirSets) {
  Pool().AddBackend({});
  Pool().AddBackend({});
  AddSet({0});
  AddSet({1});
  StartConnected();
  const PoolState::Grant zero = Acquire(0);
  const PoolState::Grant one = Acquire(1);
  EXPECT_EQ(Acquire(0).kind, GrantKind::kWaiting);
  CompleteExchange(one.connection);
  EXPECT_TRUE(Actions().empty());
  CompleteExchange(zero.connection);
  EXPECT_EQ(Kinds(), std::vector{Kind::kServe});
}

TEST_F(PoolStateTest, TheConnectionUsedLastGoesOutFirst) {
  OneBackend(3);
  StartConnected();
  const PoolState::Grant a = Acquire();
  const PoolState::Grant b = Acquire();
  CompleteExchange(b.connection);
  CompleteExchange(a.connection);
  EXPECT_EQ(Acquire().connection, a.connection);
  EXPECT_EQ(Acquire().connection, b.connection);
}

// --- Withdrawal ---

TEST_F(PoolStateTest, AWithdrawnWaiterIsSkipped) {
  OneBackend(1);
  StartConnected();
  Acquire();
  const PoolState::Grant gone = Acquire();
  const PoolState::Grant next = Acquire();
  Pool().Withdraw(gone.waiter);
  CompleteExchange(0);
  const std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].waiter, next.waiter);
}

TEST_F(PoolStateTest, WithdrawingAfterServiceOrTwiceDoesNothing) {
  OneBackend(1);
  StartConnected();
  Acquire();
  const PoolState::Grant waiter = Acquire();
  CompleteExchange(0);
  EXPECT_EQ(Kinds(), std::vector{Kind::kServe});
  Pool().Withdraw(waiter.waiter);
  EXPECT_EQ(Pool().state(0), ConnectionState::kActive);

  // The slot's next waiter is not mistaken for the first one.
  const PoolState::Grant other = Acquire();
  Pool().Withdraw(waiter.waiter);
  EXPECT_EQ(Pool().pending(), 1u);
  Pool().Withdraw(other.waiter);
  Pool().Withdraw(other.waiter);
  Pool().Withdraw(0);
  Pool().Withdraw(UINT64_MAX);
  EXPECT_EQ(Pool().pending(), 0u);
}

TEST_F(PoolStateTest, AWaiterThatWithdrawsBeforeItIsToldLeavesItsConnection) {
  OneBackend(1);
  StartConnected();
  Acquire();
  const PoolState::Grant gone = Acquire();
  const PoolState::Grant next = Acquire();
  CompleteExchange(0);  // kServe for `gone` is under way.
  Pool().Withdraw(gone.waiter);

  std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].waiter, next.waiter);
  CompleteExchange(0);
  EXPECT_EQ(Pool().state(0), ConnectionState::kIdle);
}

TEST_F(PoolStateTest, AWaiterWhoseConnectionClosesBeforeItIsToldKeepsItsPlace) {
  options_.pending_max = 2;
  OneBackend(1);
  StartConnected();
  Acquire();
  const PoolState::Grant first = Acquire();
  const PoolState::Grant second = Acquire();
  CompleteExchange(0);  // kServe for `first` is under way.
  EXPECT_EQ(Acquire().kind, GrantKind::kOverloaded);
  Pool().OnClosed(0, now_);
  EXPECT_EQ(Kinds(), std::vector{Kind::kConnect});
  EXPECT_EQ(Pool().pending(), 2u);

  for (const PoolState::Grant& expected : {first, second}) {
    Pool().state(0) == ConnectionState::kDown ? Pool().OnConnected(0, now_)
                                              : CompleteExchange(0);
    const std::vector<PoolState::Action> actions = Actions();
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(actions[0].waiter, expected.waiter);
  }
}

TEST_F(PoolStateTest, AWaiterThatLosesItsConnectionTakesAnotherIdleOne) {
  OneBackend(2);
  StartConnected();
  const PoolState::Grant a = Acquire();
  const PoolState::Grant b = Acquire();
  const PoolState::Grant waiter = Acquire();
  CompleteExchange(a.connection);  // kServe under way.
  CompleteExchange(b.connection);  // Idle.
  Pool().OnClosed(a.connection, now_);
  const std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0].kind, Kind::kServe);
  EXPECT_EQ(actions[0].connection, b.connection);
  EXPECT_EQ(actions[0].waiter, waiter.waiter);
  EXPECT_EQ(actions[1].kind, Kind::kConnect);
}

// --- Reconnecting ---

TEST_F(PoolStateTest, FailedConnectsBackOffUpToTheCeiling) {
  Pool().AddBackend({.connections = 1,
                     .retry_min = absl::Milliseconds(100),
                     .retry_max = absl::Milliseconds(350)});
  AddSet({0});
  Pool().Start(now_);
  for (const int most : {100, 200, 350, 350}) {
    EXPECT_EQ(Kinds(), std::vector{Kind::kConnect});
    Pool().OnConnectFailed(0, now_);
    const absl::Duration delay = Pool().NextDeadline() - now_;
    EXPECT_LE(delay, absl::Milliseconds(most));
    EXPECT_GE(delay, absl::Milliseconds(most) / 2);
    Pool().OnTime(now_);
    EXPECT_TRUE(Actions().empty());
    AdvanceTo(Pool().NextDeadline());
    Pool().OnTime(now_);
  }
}

TEST_F(PoolStateTest, AConnectionThatAnsweredReconnectsAtOnce) {
  OneBackend(1);
  StartConnected();
  Acquire();
  CompleteExchange(0);
  Pool().OnClosed(0, now_);
  EXPECT_EQ(Kinds(), std::vector{Kind::kConnect});
  // Its first failure counts as a first failure.
  Pool().OnConnectFailed(0, now_);
  EXPECT_LE(Pool().NextDeadline() - now_, absl::Milliseconds(50));
}

TEST_F(PoolStateTest, AResponseThatEndsTheConnectionCountsAsAnAnswer) {
  OneBackend(1);
  StartConnected();
  Acquire();
  Pool().OnRequestComplete(0, now_);
  Pool().OnResponseComplete(0, false, now_);
  EXPECT_EQ(Kinds(), (std::vector{Kind::kClose, Kind::kConnect}));
  EXPECT_EQ(Pool().state(0), ConnectionState::kDown);
}

TEST_F(PoolStateTest, ConnectingAloneDoesNotEndTheBackOff) {
  // A backend that accepts and closes at once is not hammered.
  OneBackend(1);
  StartConnected();
  absl::Duration delay;
  for (int i = 0; i < 12; ++i) {
    Pool().OnClosed(0, now_);
    EXPECT_TRUE(Actions().empty());
    delay = Pool().NextDeadline() - now_;
    AdvanceTo(Pool().NextDeadline());
    Pool().OnTime(now_);
    EXPECT_EQ(Kinds(), std::vector{Kind::kConnect});
    Pool().OnConnected(0, now_);
  }
  EXPECT_GE(delay, absl::Seconds(5));

  Acquire();
  CompleteExchange(0);
  Pool().OnClosed(0, now_);
  EXPECT_EQ(Kinds(), std::vector{Kind::kConnect});
}

TEST_F(PoolStateTest, AnAnswerOnAnEarlierConnectionDoesNotCount) {
  OneBackend(1);
  StartConnected();
  Acquire();
  CompleteExchange(0);
  Pool().OnClosed(0, now_);
  EXPECT_EQ(Kinds(), std::vector{Kind::kConnect});
  Pool().OnConnected(0, now_);
  Pool().OnClosed(0, now_);
  EXPECT_TRUE(Actions().empty());
  EXPECT_GT(Pool().NextDeadline(), now_);
}

TEST_F(PoolStateTest, ACompleteExchangeForgetsEarlierFailures) {
  OneBackend(1);
  Pool().Start(now_);
  Actions();
  for (int i = 0; i < 6; ++i) {
    Pool().OnConnectFailed(0, now_);
    AdvanceTo(Pool().NextDeadline());
    Pool().OnTime(now_);
    Actions();
  }
  Pool().OnConnected(0, now_);
  Acquire();
  CompleteExchange(0);
  Pool().OnClosed(0, now_);
  Actions();
  Pool().OnConnectFailed(0, now_);
  EXPECT_LE(Pool().NextDeadline() - now_, absl::Milliseconds(50));
}

TEST_F(PoolStateTest, TimeThatGoesBackCountsAsTheLatest) {
  options_.pending_time_max = absl::Seconds(1);
  OneBackend(1);
  StartConnected();
  Acquire();
  Acquire();
  const absl::Time start = now_;
  AdvanceTo(start - absl::Hours(1));
  Acquire();
  EXPECT_EQ(Pool().NextDeadline(), start + absl::Seconds(1));
  Pool().OnTime(start + absl::Seconds(1));
  EXPECT_EQ(Kinds(), (std::vector{Kind::kExpire, Kind::kExpire}));
}

TEST_F(PoolStateTest, OnlyTheBackendsAbortIsFollowedByBackOff) {
  OneBackend(1);
  StartConnected();
  Acquire();
  Pool().OnAborted(0, now_, PoolState::AbortedBy::kClient);
  EXPECT_EQ(Kinds(), (std::vector{Kind::kClose, Kind::kConnect}));
  Pool().OnConnected(0, now_);
  Acquire();
  Pool().OnAborted(0, now_);
  EXPECT_EQ(Kinds(), std::vector{Kind::kClose});
  EXPECT_LE(Pool().NextDeadline() - now_, absl::Milliseconds(50));
}

// --- Availability ---

TEST_F(PoolStateTest, WaitersAreRefusedWhenTheLastBackendFails) {
  Pool().AddBackend({});
  Pool().AddBackend({});
  AddSet({0, 1});
  Pool().Start(now_);
  const PoolState::Grant a = Acquire();
  const PoolState::Grant b = Acquire();
  Actions();
  Pool().OnConnectFailed(0, now_);
  EXPECT_FALSE(Pool().available(0));
  EXPECT_TRUE(Actions().empty());
  EXPECT_EQ(Acquire().kind, GrantKind::kWaiting);

  Pool().OnConnectFailed(1, now_);
  const std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 3u);
  EXPECT_EQ(actions[0].kind, Kind::kRefuse);
  EXPECT_EQ(actions[0].waiter, a.waiter);
  EXPECT_EQ(actions[1].waiter, b.waiter);
  EXPECT_EQ(Acquire().kind, GrantKind::kUnavailable);

  // A new attempt alone changes nothing; a connection does.
  Advance(absl::Seconds(1));
  Pool().OnTime(now_);
  EXPECT_EQ(Kinds(), (std::vector{Kind::kConnect, Kind::kConnect}));
  EXPECT_EQ(Acquire().kind, GrantKind::kUnavailable);
  Pool().OnConnected(1, now_);
  EXPECT_TRUE(Pool().available(1));
  EXPECT_EQ(Acquire().kind, GrantKind::kAssigned);
  EXPECT_EQ(Acquire().kind, GrantKind::kWaiting);
}

TEST_F(PoolStateTest, AFailedConnectDoesNotMatterWhileAnotherConnectionIsUp) {
  OneBackend(2);
  Pool().Start(now_);
  Actions();
  Pool().OnConnected(0, now_);
  Pool().OnConnectFailed(1, now_);
  EXPECT_TRUE(Pool().available(0));
  Acquire();
  EXPECT_EQ(Acquire().kind, GrantKind::kWaiting);
  Pool().OnClosed(0, now_);
  EXPECT_FALSE(Pool().available(0));
  EXPECT_EQ(Kinds(), std::vector{Kind::kRefuse});
}

// --- Draining ---

TEST_F(PoolStateTest, DrainingConnectionsAreNotReplaced) {
  OneBackend(2);
  StartConnected();
  Acquire();
  Acquire();
  const PoolState::Grant waiter = Acquire();
  const PoolState::Grant last = Acquire();
  Pool().Drain();
  EXPECT_TRUE(Actions().empty());
  CompleteExchange(0);
  Pool().OnClosed(1, now_);
  std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].kind, Kind::kServe);
  EXPECT_EQ(actions[0].waiter, waiter.waiter);

  // Nothing is left that could serve the last one.
  Pool().OnAborted(0, now_);
  actions = Actions();
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0].kind, Kind::kClose);
  EXPECT_EQ(actions[1].kind, Kind::kRefuse);
  EXPECT_EQ(actions[1].waiter, last.waiter);
  EXPECT_EQ(Acquire().kind, GrantKind::kUnavailable);
  EXPECT_EQ(Pool().NextDeadline(), absl::InfiniteFuture());
}

TEST_F(PoolStateTest, DrainCancelsReconnectsAndRefusesWhoDependedOnThem) {
  OneBackend(1);
  StartConnected();
  Pool().OnClosed(0, now_);
  EXPECT_EQ(Acquire().kind, GrantKind::kWaiting);
  EXPECT_TRUE(Actions().empty());
  Pool().Drain();
  EXPECT_EQ(Kinds(), std::vector{Kind::kRefuse});
  Advance(absl::Hours(1));
  Pool().OnTime(now_);
  EXPECT_TRUE(Actions().empty());
}

TEST_F(PoolStateTest, AConnectUnderWayWhenDrainingStillServes) {
  OneBackend(1);
  Pool().Start(now_);
  Acquire();
  Actions();
  Pool().Drain();
  EXPECT_TRUE(Actions().empty());
  Pool().OnConnected(0, now_);
  EXPECT_EQ(Kinds(), std::vector{Kind::kServe});
}

// --- The predecessor's defects ---

// A second request that arrived before the first response made the connection
// IDLE with that response outstanding; the next client was given it.
TEST_F(PoolStateTest, RegressionResponseOutstandingIsNeverReused) {
  OneBackend(1);
  StartConnected();
  Acquire();
  Pool().OnRequestComplete(0, now_);
  const PoolState::Grant next = Acquire();
  Pool().OnAborted(0, now_, PoolState::AbortedBy::kClient);
  EXPECT_EQ(Pool().state(0), ConnectionState::kDown);
  EXPECT_EQ(Kinds(), (std::vector{Kind::kClose, Kind::kConnect}));
  Pool().OnConnected(0, now_);
  const std::vector<PoolState::Action> actions = Actions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].waiter, next.waiter);
}

// An answer before the end of the body left the connection in use: the next
// client's request became part of that body.
TEST_F(PoolStateTest, RegressionEarlyResponseClosesTheConnection) {
  OneBackend(1);
  StartConnected();
  Acquire();
  const PoolState::Grant next = Acquire();
  Pool().OnResponseHead(0, now_);
  Pool().OnResponseComplete(0, true, now_);
  EXPECT_EQ(Pool().state(0), ConnectionState::kDown);
  EXPECT_EQ(Kinds(), (std::vector{Kind::kClose, Kind::kConnect}));
  EXPECT_EQ(Pool().pending(), 1u);
  Pool().OnConnected(0, now_);
  EXPECT_EQ(Actions()[0].waiter, next.waiter);
}

// A request body that could not be parsed had the same effect.
TEST_F(PoolStateTest, RegressionBrokenRequestBodyClosesTheConnection) {
  OneBackend(1);
  StartConnected();
  Acquire();
  Pool().OnResponseHead(0, now_);
  Pool().OnAborted(0, now_, PoolState::AbortedBy::kClient);
  EXPECT_EQ(Pool().state(0), ConnectionState::kDown);
  EXPECT_EQ(Actions()[0].kind, Kind::kClose);
}

// Requests refused after they had been given a connection left it ACTIVE for
// ever; as many of them as there were connections stopped the service.
TEST_F(PoolStateTest, RegressionRefusedRequestsDoNotUseUpConnections) {
  OneBackend(3);
  StartConnected();
  for (int i = 0; i < 10; ++i) {
    const PoolState::Grant grant = Acquire();
    ASSERT_EQ(grant.kind, GrantKind::kAssigned);
    Pool().OnAborted(grant.connection, now_, PoolState::AbortedBy::kClient);
    for (const PoolState::Action& action : Actions()) {
      if (action.kind == Kind::kConnect) {
        Pool().OnConnected(action.connection, now_);
      }
    }
  }
  EXPECT_EQ(Pool().counts(0).idle, 3u);
  EXPECT_EQ(Pool().counts(0).active, 0u);
}

// Answers without a body (HEAD, 304) left their connection ACTIVE. Here a
// response may be complete together with its head.
TEST_F(PoolStateTest, RegressionResponsesWithoutBodyFreeTheConnection) {
  OneBackend(1);
  StartConnected();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(Acquire().kind, GrantKind::kAssigned);
    Pool().OnRequestComplete(0, now_);
    Pool().OnResponseComplete(0, true, now_);
    EXPECT_EQ(Pool().state(0), ConnectionState::kIdle);
  }
}

}  // namespace
}  // namespace rproxy
