// What a `server` section of the configuration comes to: everything that its
// workers share, computed once and never changed.
//
// Threading: immutable after Build; shared by all workers.

#ifndef RPROXY_DAEMON_SERVER_PLAN_H_
#define RPROXY_DAEMON_SERVER_PLAN_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rproxy/core/backend/connection_pool.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/proxy/access_log.h"
#include "rproxy/core/proxy/forward.h"
#include "rproxy/core/proxy/log_format.h"
#include "rproxy/core/routing/router.h"
#include "rproxy/core/server/connection_limiter.h"
#include "rproxy/core/server/http_server.h"
#include "rproxy/daemon/config/config.h"

namespace rproxy {

// A log that is to be written.
struct LogPlan {
  std::string output;  // A path.
  LogFormat format;
  Severity level =
      Severity::kError;  // Error logs: what matters less is left out.
};

struct ServerPlan {
  // The sets that rules name, in the order in which workers add them to their
  // pools: ForwardRule::set is an index into this.
  struct Set {
    std::vector<ConnectionPool::BackendId> members;
    LoadBalancingMethod method;
  };

  SocketAddress address;
  ListenOptions listen;
  size_t threads = 1;
  absl::Duration shutdown_time_max;
  HttpPolicy policy;
  PoolState::Options pool;
  std::vector<ConnectionPool::Backend> backends;
  std::vector<Set> sets;
  std::vector<ForwardRule> rules;
  std::optional<Router> router;
  std::vector<ErrorPage> error_pages;
  // Null: there is no limit. The limiter is what the workers share, and locks
  // inside.
  std::unique_ptr<ConnectionLimiter> connection_limiter;
  std::optional<LogPlan> request_log;
  std::optional<LogPlan> error_log;

  // The part of the server's options that is the same for each worker. The plan
  // outlives the servers.
  HttpServerOptions MakeServerOptions() const;

 private:
  friend absl::StatusOr<std::shared_ptr<const ServerPlan>> BuildServerPlan(
      const config::ServerConfig& config);
  config::ServerConfig config_;
};

// Fails on what only the routing library can judge, such as a pattern.
absl::StatusOr<std::shared_ptr<const ServerPlan>> BuildServerPlan(
    const config::ServerConfig& config);

}  // namespace rproxy

#endif  // RPROXY_DAEMON_SERVER_PLAN_H_
