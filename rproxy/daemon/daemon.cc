#include "rproxy/daemon/daemon.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/daemon/descriptor_limit.h"
#include "rproxy/daemon/server_plan.h"

namespace rproxy {
namespace {

struct Opening {
  std::shared_ptr<const ServerPlan> plan;
  std::vector<UniqueFd> sockets;  // One a worker.
};

absl::StatusOr<Opening> Open(const config::ServerConfig& config) {
  Opening opening;
  absl::StatusOr<std::shared_ptr<const ServerPlan>> plan =
      BuildServerPlan(config);
  if (!plan.ok()) return plan.status();
  opening.plan = *std::move(plan);
  SocketAddress address = opening.plan->address;
  for (size_t i = 0; i < opening.plan->threads; ++i) {
    if (i > 0 && address.family() == AF_UNIX) {
      // A Unix path has one queue; its workers take from it in turn.
      const int copy = ::dup(opening.sockets.front().get());
      if (copy < 0) return SocketError(errno, "cannot share a Unix socket");
      opening.sockets.emplace_back(copy);
      continue;
    }
    if (i == 0 && address.port() != 0) {
      // Sockets that share a port would share it with another rproxy, too, and
      // two of them would serve in turn without anyone having asked for it.
      ListenOptions alone = opening.plan->listen;
      alone.reuse_port = false;
      const absl::StatusOr<UniqueFd> probe = Listen(address, alone);
      if (!probe.ok()) return probe.status();
    }
    absl::StatusOr<UniqueFd> socket = Listen(address, opening.plan->listen);
    if (!socket.ok()) return socket.status();
    // With port 0 the first socket chooses the port of all.
    address = LocalAddress(socket->get());
    opening.sockets.push_back(*std::move(socket));
  }
  return opening;
}

}  // namespace

Daemon::Daemon(std::unique_ptr<EventLoop> loop)
    : loop_(std::move(loop)),
      terminate_(*loop_, SIGTERM, [this] { BeginShutdown(); }),
      interrupt_(*loop_, SIGINT, [this] { BeginShutdown(); }),
      reopen_(*loop_, SIGUSR1,
              [this] {
                LOG(INFO) << "opening the logs anew";
                if (log_writer_ != nullptr) log_writer_->Reopen();
              }),
      shutdown_timer_(*loop_, [this] {
        LOG(WARNING) << "shutdown-timeout is over; ending what still runs";
        loop_->Stop();
      }) {}

Daemon::~Daemon() = default;

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Create(
    const config::Config& config) {
  // Writing to a log or a socket whose reader has gone is an error, not an end.
  ::signal(SIGPIPE, SIG_IGN);
  if (absl::Status status = SetDescriptorLimit(config.max_nofile);
      !status.ok()) {
    return status;
  }
  absl::StatusOr<std::unique_ptr<EventLoop>> loop = EventLoop::Create();
  if (!loop.ok()) return loop.status();
  std::unique_ptr<Daemon> daemon(new Daemon(*std::move(loop)));

  std::vector<Opening> openings;
  for (const config::ServerConfig& server : config.servers) {
    absl::StatusOr<Opening> opening = Open(server);
    if (!opening.ok()) return opening.status();
    openings.push_back(*std::move(opening));
  }
  for (Opening& opening : openings) {
    daemon->addresses_.push_back(LocalAddress(opening.sockets.front().get()));
    daemon->shutdown_time_max_ =
        std::max(daemon->shutdown_time_max_, opening.plan->shutdown_time_max);
    const absl::StatusOr<WorkerSinks> sinks = daemon->OpenLogs(*opening.plan);
    if (!sinks.ok()) return sinks.status();
    for (UniqueFd& socket : opening.sockets) {
      absl::StatusOr<std::unique_ptr<Worker>> worker = Worker::Create(
          opening.plan, daemon->workers_.size(), std::move(socket), *sinks);
      if (!worker.ok()) return worker.status();
      daemon->workers_.push_back(*std::move(worker));
    }
    LOG(INFO) << "serving http on " << daemon->addresses_.back().ToString()
              << " with " << opening.plan->threads << " workers";
  }
  return daemon;
}

absl::StatusOr<WorkerSinks> Daemon::OpenLogs(const ServerPlan& plan) {
  absl::StatusOr<LogSink*> request = OpenLog(plan.request_log);
  if (!request.ok()) return request.status();
  absl::StatusOr<LogSink*> error = OpenLog(plan.error_log);
  if (!error.ok()) return error.status();
  return WorkerSinks{.request = *request, .error = *error};
}

absl::StatusOr<LogSink*> Daemon::OpenLog(const std::optional<LogPlan>& log) {
  if (!log) return nullptr;
  if (log_writer_ == nullptr) {
    absl::StatusOr<std::unique_ptr<LogWriter>> writer = LogWriter::Create({});
    if (!writer.ok()) return writer.status();
    log_writer_ = *std::move(writer);
  }
  return log_writer_->Open(log->output);
}

void Daemon::Run() { loop_->Run(); }

void Daemon::Stop() {
  loop_->Post([this] {
    if (!stopping_) BeginShutdown();
  });
}

void Daemon::BeginShutdown() {
  if (stopping_) {
    LOG(WARNING) << "stopping at once";
    loop_->Stop();
    return;
  }
  stopping_ = true;
  LOG(INFO) << "stopping: finishing the requests that run";
  undrained_ = workers_.size();
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->Drain([this] { loop_->Post([this] { OnWorkerDrained(); }); });
  }
  shutdown_timer_.Schedule(shutdown_time_max_);
}

void Daemon::OnWorkerDrained() {
  if (--undrained_ > 0) return;
  LOG(INFO) << "stopped";
  loop_->Stop();
}

}  // namespace rproxy
