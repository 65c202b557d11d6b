// The state of one worker's backend connections and of who waits for them:
// events in, actions out, no I/O, no clock.
//
//            connected                    assigned to an exchange
//   DOWN ------------------> IDLE ----------------------------------> ACTIVE
//    ^  ^                     |  ^                                     |  |
//    |  |  closed by backend  |  |  both messages complete, reusable   |  |
//    |  +---------------------+  +-------------------------------------+  |
//    |        error, timeout, early response, client gone, not reusable   |
//    +--------------------------------------------------------------------+
//   DOWN waits (back-off with jitter), then connects again.
//
// Invariants, which the property and fuzz tests hold:
//  1. A connection on which a request or a response is unfinished is not IDLE.
//  2. A waiter leaves exactly once: served, expired, refused or withdrawn.
//  3. No waiter of a set waits while a connection of that set is IDLE.
//  4. At most `pending_max` wait; waiters of a set are served in order of
//     arrival, and a connection that several sets share goes to the oldest.
//  5. Each connection has at most one connect under way.
//
// Times never go back; one that does counts as the latest before it. They may
// be coarse: nothing is due before its time, all may be handled later.
//
// Threading: belongs to one loop; a plain object.

#ifndef RPROXY_CORE_BACKEND_POOL_STATE_H_
#define RPROXY_CORE_BACKEND_POOL_STATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/seeded_random.h"
#include "rproxy/core/backend/waiter_queue.h"

namespace rproxy {

enum class ConnectionState : uint8_t { kDown, kIdle, kActive };

class PoolState {
 public:
  // Dense indices, in the order of adding.
  using BackendId = uint32_t;
  using SetId = uint32_t;
  using ConnectionId = uint32_t;
  using WaiterId = uint64_t;

  struct Options {
    // Requests that may wait at once, over all sets. 0: none may.
    size_t pending_max = 1024;
    // How long one may wait. InfiniteDuration: as long as its client stays.
    absl::Duration pending_time_max = absl::Seconds(10);
    uint64_t seed = 0;
  };

  struct BackendOptions {
    size_t connections = 1;  // At least 1.
    // Wait before the first reconnect, doubled for each failure in a row up to
    // the second figure, with a random part of up to half of it taken away.
    absl::Duration retry_min = absl::Milliseconds(50);
    absl::Duration retry_max = absl::Seconds(10);
  };

  explicit PoolState(const Options& options);
  ~PoolState();
  PoolState(const PoolState&) = delete;
  PoolState& operator=(const PoolState&) = delete;

  // Setting up: all backends and sets come before the first event.
  BackendId AddBackend(const BackendOptions& options);
  // `members` are distinct and not empty. One member per backend, in the order
  // that the balancer will see.
  SetId AddSet(std::vector<BackendId> members,
               std::unique_ptr<LoadBalancer> balancer);
  // Asks for every connection (kConnect actions).
  void Start(absl::Time now);
  // No reconnects from now on; waiters and exchanges go on as far as they can.
  void Drain();

  // What the caller must do, in order. Carrying one out may cause events that
  // add further ones behind.
  struct Action {
    enum class Kind : uint8_t {
      kConnect,  // Dial `connection`; answer with OnConnected/OnConnectFailed.
      kClose,    // Close `connection`; it is DOWN already. No answer.
      kServe,    // `connection` is ACTIVE for `waiter`.
      kExpire,   // `waiter` has waited too long.
      kRefuse,   // Every backend of `waiter`'s set is unavailable.
    };
    Kind kind;
    ConnectionId connection = 0;
    WaiterId waiter = 0;
    void* context = nullptr;  // As given to Acquire.
  };
  // Takes the oldest action; false if there is none.
  bool NextAction(Action& action);

  struct Grant {
    enum class Kind : uint8_t {
      kAssigned,     // `connection` is ACTIVE for this request.
      kWaiting,      // An action will name `waiter`.
      kOverloaded,   // pending_max requests wait already.
      kUnavailable,  // Every backend of the set is unavailable.
    };
    Kind kind;
    ConnectionId connection = 0;
    WaiterId waiter = 0;
  };
  Grant Acquire(SetId set, absl::Time now, void* context);
  // `waiter` has lost interest: no action will name it, even one that is under
  // way already. Waiters that an action has named, and unknown ones, are
  // ignored.
  void Withdraw(WaiterId waiter);

  // What happened to a connection. Each names a connection that is in a state
  // in which it can happen.
  void OnConnected(ConnectionId connection, absl::Time now);
  void OnConnectFailed(ConnectionId connection, absl::Time now);
  // ACTIVE: the last byte of the request is on its way.
  void OnRequestComplete(ConnectionId connection, absl::Time now);
  // ACTIVE: the final response's head has come. For balancing only.
  void OnResponseHead(ConnectionId connection, absl::Time now);
  // ACTIVE: the last byte of the response has come. If the request is still
  // unfinished, or `reusable` is false, the connection is closed (kClose).
  void OnResponseComplete(ConnectionId connection, bool reusable,
                          absl::Time now);
  // ACTIVE: the exchange ends without both messages complete (kClose). Only
  // the backend's doing counts as its failure; the client's is followed by a
  // reconnect at once, or clients could keep connections in back-off.
  enum class AbortedBy : uint8_t { kBackend, kClient };
  void OnAborted(ConnectionId connection, absl::Time now,
                 AbortedBy cause = AbortedBy::kBackend);
  // IDLE or ACTIVE: the socket is gone already; no kClose follows.
  void OnClosed(ConnectionId connection, absl::Time now);

  // Due reconnects and expired waiters become actions.
  void OnTime(absl::Time now);
  // When OnTime has something to do next; InfiniteFuture if never.
  absl::Time NextDeadline() const;

  ConnectionState state(ConnectionId connection) const;
  BackendId backend_of(ConnectionId connection) const;
  // Unavailable: no connection is IDLE or ACTIVE, and the last attempt to
  // connect failed or, after Drain, none is under way.
  bool available(BackendId backend) const;

  struct Counts {
    uint32_t down = 0;
    uint32_t idle = 0;
    uint32_t active = 0;
  };
  Counts counts(BackendId backend) const;
  size_t pending() const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Connection {
    BackendId backend = 0;
    ConnectionState state = ConnectionState::kDown;
    bool connecting = false;
    // Since it connected: some response has come completely.
    bool proven = false;
    // Of the exchange on it.
    bool request_complete = false;
    bool response_head_seen = false;
    // Failures in a row, over reconnects, until a response is complete.
    uint32_t failures = 0;
    // Neighbours in the backend's list while IDLE.
    ConnectionId idle_above = kNone;
    ConnectionId idle_below = kNone;
    // Of the exchange on it.
    SetId set = 0;
    uint32_t member = 0;
    absl::Time assigned_at;
    // Whom it serves, until that kServe has been taken.
    WaiterId untold_waiter = WaiterQueue::kNone;
  };

  struct Membership {
    SetId set;
    uint32_t member;
  };

  struct Backend {
    BackendOptions options;
    ConnectionId first_connection = 0;
    Counts counts;
    uint32_t connecting = 0;
    bool last_connect_failed = false;
    bool available = true;
    // The IDLE connection that was used last: it goes out first, because the
    // backend is least likely to have closed it.
    ConnectionId idle_top = kNone;
    std::vector<Membership> memberships;
  };

  struct Set {
    std::vector<BackendId> members;
    std::unique_ptr<LoadBalancer> balancer;
    size_t available_members = 0;
  };

  struct Retry {
    absl::Time due;
    ConnectionId connection;
  };

  void Observe(absl::Time now);
  void Emit(const Action& action);
  // False for an action whose waiter has withdrawn, or lost the connection
  // again, since it was emitted.
  bool IsCurrent(const Action& action) const;

  // `id`, on which the caller knows an exchange to be.
  Connection& InExchange(ConnectionId id);
  // Changes state, counts and idle list; nothing follows from it.
  void SetState(ConnectionId id, ConnectionState state);
  void BecomeIdle(ConnectionId id);
  void Assign(ConnectionId id, const Membership& to);
  // Lets `waiter` go with the connection, which is assigned to its set.
  void ServeWaiter(WaiterId waiter, ConnectionId id);
  // Lets the set's balancer choose among its idle connections and assigns the
  // choice; kNone if none is idle.
  ConnectionId AssignIdle(SetId set);
  // Ends what the ACTIVE connection does for its exchange or waiter.
  void Release(ConnectionId id, AbortedBy cause);

  void Connect(ConnectionId id);
  // What follows for a connection that has just become DOWN.
  void ReconnectNow(ConnectionId id);
  void ReconnectLater(ConnectionId id);
  void UpdateAvailability(BackendId id);
  void RefuseWaiters(SetId set);

  const Options options_;
  absl::Time now_ = absl::InfinitePast();  // The latest that was given.
  bool started_ = false;
  bool draining_ = false;
  SeededRandom random_;
  WaiterQueue waiters_;
  std::vector<Connection> connections_;
  std::vector<Backend> backends_;
  std::vector<Set> sets_;
  std::vector<Retry> retries_;  // A heap: the earliest is at the front.
  // Actions from next_action_ on are still to be taken.
  std::vector<Action> actions_;
  size_t next_action_ = 0;
  std::vector<LoadBalancer::Candidate> candidates_;  // Scratch.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_POOL_STATE_H_
