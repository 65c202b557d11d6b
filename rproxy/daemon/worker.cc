#include "rproxy/daemon/worker.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rproxy/core/backend/connection_pool.h"
#include "rproxy/core/proxy/access_log.h"
#include "rproxy/core/proxy/proxy_handler.h"
#include "rproxy/core/server/http_server.h"

namespace rproxy {

// Later members use earlier ones.
struct Worker::Parts {
  Parts(EventLoop& loop, std::shared_ptr<const ServerPlan> the_plan,
        const PoolState::Options& pool_options, const WorkerSinks& sinks)
      : plan(std::move(the_plan)),
        pool(std::make_unique<ConnectionPool>(loop, pool_options)),
        handler(*plan->router, plan->rules, *pool) {
    HttpServerOptions options = plan->MakeServerOptions();
    AccessLog::Options logs;
    if (plan->request_log) {
      logs.request_sink = sinks.request;
      logs.request_format = &plan->request_log->format;
    }
    if (plan->error_log) {
      logs.error_sink = sinks.error;
      logs.error_format = &plan->error_log->format;
      logs.error_level = plan->error_log->level;
    }
    if (logs.request_sink != nullptr || logs.error_sink != nullptr) {
      access_log.emplace(loop, logs);
      options.observer = &*access_log;
    }
    server = std::make_unique<HttpServer>(loop, handler, std::move(options));
  }

  const std::shared_ptr<const ServerPlan> plan;
  std::unique_ptr<ConnectionPool> pool;
  ProxyHandler handler;
  std::optional<AccessLog> access_log;
  std::unique_ptr<HttpServer> server;
};

Worker::Worker(std::unique_ptr<LoopThread> thread)
    : thread_(std::move(thread)) {}

absl::StatusOr<std::unique_ptr<Worker>> Worker::Create(
    std::shared_ptr<const ServerPlan> plan, size_t index,
    UniqueFd listening_socket, const WorkerSinks& sinks) {
  absl::StatusOr<std::unique_ptr<LoopThread>> thread =
      LoopThread::Create(absl::StrCat("worker-", index));
  if (!thread.ok()) return thread.status();
  std::unique_ptr<Worker> worker(new Worker(*std::move(thread)));
  absl::Status status;
  worker->thread_->RunAndWait([&] {
    EventLoop& loop = worker->thread_->loop();
    PoolState::Options pool_options = plan->pool;
    // Workers that chose alike would all run to the same backend.
    pool_options.seed += index;
    worker->parts_ =
        std::make_unique<Parts>(loop, std::move(plan), pool_options, sinks);
    Parts& parts = *worker->parts_;
    for (const ConnectionPool::Backend& backend : parts.plan->backends) {
      parts.pool->AddBackend(backend);
    }
    for (const ServerPlan::Set& set : parts.plan->sets) {
      parts.pool->AddSet(set.members, set.method);
    }
    parts.pool->Start();
    status = parts.server->Listen(std::move(listening_socket));
  });
  if (!status.ok()) return status;
  return worker;
}

Worker::~Worker() {
  thread_->RunAndWait([this] {
    if (parts_ == nullptr) return;
    // The sessions' exchanges hold streams and tickets of the pool until the
    // end of this turn.
    parts_->server = nullptr;
    thread_->loop().DeleteLater(std::move(parts_));
  });
}

void Worker::Drain(absl::AnyInvocable<void()> on_drained) {
  thread_->loop().Post([this, on_drained = std::move(on_drained)]() mutable {
    parts_->server->Drain(std::move(on_drained));
  });
}

}  // namespace rproxy
