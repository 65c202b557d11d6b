// The running proxy: every server of a configuration, from its listening
// sockets to its end.
//
// Threading: created, run and destroyed on one thread, which handles signals;
// the workers have theirs.

#ifndef RPROXY_DAEMON_DAEMON_H_
#define RPROXY_DAEMON_DAEMON_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rproxy/core/base/log_writer.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/signal_watcher.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/net/address.h"
#include "rproxy/daemon/config/config.h"
#include "rproxy/daemon/server_plan.h"
#include "rproxy/daemon/worker.h"

namespace rproxy {

class Daemon {
 public:
  // Opens every listening socket, then starts every worker: either all of them
  // serve, or the status says which socket could not be opened and why.
  static absl::StatusOr<std::unique_ptr<Daemon>> Create(
      const config::Config& config);

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  // Serves until SIGTERM or SIGINT, or until Stop; then finishes what runs, up
  // to the longest `shutdown-timeout`. A second signal ends it at once. A
  // signal that came since Create counts.
  void Run();

  // As the first signal does. From any thread.
  void Stop();

  // Where each server listens.
  const std::vector<SocketAddress>& addresses() const { return addresses_; }

 private:
  explicit Daemon(std::unique_ptr<EventLoop> loop);
  absl::StatusOr<WorkerSinks> OpenLogs(const ServerPlan& plan);
  absl::StatusOr<LogSink*> OpenLog(const std::optional<LogPlan>& log);
  void BeginShutdown();
  void OnWorkerDrained();

  std::unique_ptr<EventLoop> loop_;
  SignalWatcher terminate_;
  SignalWatcher interrupt_;
  SignalWatcher reopen_;
  std::vector<SocketAddress> addresses_;
  std::unique_ptr<LogWriter> log_writer_;  // Null: nothing is logged.
  std::vector<std::unique_ptr<Worker>> workers_;
  absl::Duration shutdown_time_max_ = absl::ZeroDuration();
  Timer shutdown_timer_;
  bool stopping_ = false;
  size_t undrained_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_DAEMON_DAEMON_H_
