// One thread's share of a server: its loop, its listener and sessions, its
// connections to every backend. Workers share nothing but the plan.
//
// Threading: created, drained and destroyed by one owner thread.

#ifndef RPROXY_DAEMON_WORKER_H_
#define RPROXY_DAEMON_WORKER_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rproxy/core/base/log_writer.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/loop_thread.h"
#include "rproxy/daemon/server_plan.h"

namespace rproxy {

// Where a worker's logs go; they outlive it. Null: nowhere.
struct WorkerSinks {
  LogSink* request = nullptr;
  LogSink* error = nullptr;
};

class Worker {
 public:
  // Starts the thread, dials the backends and serves `listening_socket`.
  // `index` tells the server's workers apart.
  static absl::StatusOr<std::unique_ptr<Worker>> Create(
      std::shared_ptr<const ServerPlan> plan, size_t index,
      UniqueFd listening_socket, const WorkerSinks& sinks = {});

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // Ends what still runs.
  ~Worker();

  // Stops accepting and lets requests finish. `on_drained` runs on the
  // worker's thread when no session is left.
  void Drain(absl::AnyInvocable<void()> on_drained);

 private:
  struct Parts;

  explicit Worker(std::unique_ptr<LoopThread> thread);

  std::unique_ptr<LoopThread> thread_;
  std::unique_ptr<Parts> parts_;  // Touched on the thread only.
};

}  // namespace rproxy

#endif  // RPROXY_DAEMON_WORKER_H_
