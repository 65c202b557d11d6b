// A naive model of PoolState, and a driver that runs both side by side.
//
// The model keeps plain lists and searches them. It foretells every action,
// every question to a balancer and every notice to one, except when exactly a
// reconnect is due, for which it knows the earliest and the latest time. Any
// difference, and any broken invariant of pool_state.h, ends the program.
//
// Threading: belongs to one thread.

#ifndef RPROXY_CORE_BACKEND_POOL_STATE_MODEL_H_
#define RPROXY_CORE_BACKEND_POOL_STATE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/pool_state.h"

namespace rproxy {

class PoolStateModel {
 public:
  // `choose(n)` returns 0 to n - 1; it decides about everything.
  using Choose = std::function<uint32_t(uint32_t)>;

  // Sets up a pool at random, and starts it.
  explicit PoolStateModel(Choose choose);

  // One event, or the taking of actions; then everything is compared.
  void Step();

  // Lets everybody still waiting go and compares what is left.
  void Finish();

  // How often which thing happened, so that a test can tell whether its
  // choices reached it.
  struct Tally {
    size_t assigned = 0;
    size_t served = 0;
    size_t expired = 0;
    size_t refused = 0;
    size_t withdrawn = 0;
    size_t overloaded = 0;
    size_t unavailable = 0;
    size_t put_back = 0;
    size_t reconnected = 0;
  };
  const Tally& tally() const { return tally_; }

 private:
  using Action = PoolState::Action;
  using Grant = PoolState::Grant;
  using BackendId = PoolState::BackendId;
  using ConnectionId = PoolState::ConnectionId;
  using SetId = PoolState::SetId;
  using WaiterId = PoolState::WaiterId;

  enum class Phase {
    kBackOff,
    kDialRequested,  // kConnect has not been taken.
    kDialling,
    kIdle,
    kActive,
    kEnded,  // Never dialled again: draining.
  };
  struct Connection {
    BackendId backend;
    Phase phase = Phase::kDialRequested;
    bool answered = false;  // Some response since it connected.
    int failures = 0;
    absl::Time due_min, due_max;  // While kBackOff.
    // While kActive.
    SetId set = 0;
    absl::Time assigned_at;
    bool request_complete = false;
    bool response_complete = false;
    bool head_seen = false;
    // Something was sent or received on this socket that has not come to its
    // end. Kept by what the pool said, not by what the model foretold.
    bool unfinished = false;
    WaiterId untold = 0;  // Whom it serves, while kServe has not been taken.
  };
  struct Waiter {
    WaiterId id;
    SetId set;
    absl::Time deadline;
    void* context;
    uint64_t arrival;
  };
  struct Backend {
    PoolState::BackendOptions options;
    bool last_dial_failed = false;
    bool available = true;
    std::vector<ConnectionId> idle;  // Last used at the end.
  };
  struct Question {
    SetId set;
    std::vector<LoadBalancer::Candidate> candidates;
    size_t answer;
  };
  struct Notice {
    SetId set;
    uint32_t member;
    absl::Duration time;  // InfiniteDuration: a failure.
  };
  class CheckingBalancer;

  // What happens to the model.
  void Expect(const Action& action);
  void BecomeIdle(ConnectionId id);
  void Activate(ConnectionId id, SetId set);
  void Serve(Waiter waiter, ConnectionId id);
  bool PickIdle(SetId set, ConnectionId& picked);
  void LoseWaiter(ConnectionId id, bool backends_fault);
  void GoDown(ConnectionId id, bool at_once);
  void UpdateAvailability(BackendId id);

  // Operations.
  void Acquire();
  void Withdraw();
  void Dialled(bool success);
  void RequestComplete();
  void ResponseHead();
  void ResponseComplete();
  void Aborted();
  void Closed();
  void Time();
  void Drain();
  // Takes up to so many actions.
  void Take(size_t most);

  void Compare() const;
  // A connection for which `fits`; false if there is none.
  bool ChooseConnection(const std::function<bool(const Connection&)>& fits,
                        ConnectionId& chosen);
  bool InSet(BackendId backend, SetId set) const;
  uint32_t MemberOf(BackendId backend, SetId set) const;
  size_t Count(BackendId backend, Phase phase) const;
  // kServe actions that have not been taken.
  std::vector<WaiterId> Untold() const;

  Choose choose_;
  PoolState::Options options_;
  std::unique_ptr<PoolState> pool_;
  absl::Time now_ = absl::UnixEpoch();
  bool draining_ = false;
  std::vector<Backend> backends_;
  std::vector<std::vector<BackendId>> sets_;
  std::vector<Connection> connections_;
  std::vector<Waiter> waiters_;     // By arrival.
  std::vector<Waiter> leaving_;     // Their action has not been taken.
  std::set<WaiterId> gone_;         // Left, each exactly once.
  std::vector<WaiterId> ever_;      // All of them.
  std::deque<Action> expected_;     // Without reconnects.
  std::deque<Question> questions_;  // That balancers will be asked.
  std::deque<Notice> notices_;      // That balancers will be given.
  uint64_t arrivals_ = 0;
  Tally tally_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_POOL_STATE_MODEL_H_
