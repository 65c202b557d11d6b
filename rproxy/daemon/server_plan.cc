#include "rproxy/daemon/server_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {
namespace {

absl::StatusOr<SocketAddress> ToSocketAddress(const config::Address& address,
                                              uint16_t port) {
  switch (address.family) {
    case config::AddressFamily::kIpv4:
      return SocketAddress::Parse(absl::StrCat("ipv4:", address.host), port);
    case config::AddressFamily::kIpv6:
      return SocketAddress::Parse(absl::StrCat("ipv6:", address.host), port);
    case config::AddressFamily::kUnix:
      return SocketAddress::Parse(absl::StrCat("unix:", address.host), port);
  }
  return absl::InternalError("an address of no family");
}

LoadBalancingMethod ToMethod(config::LbMethod method) {
  switch (method) {
    case config::LbMethod::kRtt:
      return LoadBalancingMethod::kRtt;
    case config::LbMethod::kRoundRobin:
      return LoadBalancingMethod::kRoundRobin;
    case config::LbMethod::kRandom:
      return LoadBalancingMethod::kRandom;
    case config::LbMethod::kMostIdle:
      return LoadBalancingMethod::kMostIdle;
    case config::LbMethod::kNone:
      return LoadBalancingMethod::kNone;
  }
  return LoadBalancingMethod::kRtt;
}

Severity ToSeverity(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::kEmerg:
    case config::LogLevel::kAlert:
    case config::LogLevel::kCrit:
      return Severity::kNone;
    case config::LogLevel::kError:
      return Severity::kError;
    case config::LogLevel::kWarn:
      return Severity::kWarning;
    case config::LogLevel::kNotice:
    case config::LogLevel::kInfo:
    case config::LogLevel::kDebug:
      return Severity::kNotice;
  }
  return Severity::kError;
}

RuleConfig ToRouterRule(const config::RuleConfig& rule, uint32_t index) {
  return {.match = rule.match.kind == config::UriMatchKind::kExact
                       ? RuleConfig::Match::kExact
                       : RuleConfig::Match::kGlob,
          .pattern = rule.match.pattern,
          .index = index};
}

HttpPolicy ToPolicy(const config::ServerConfig& config) {
  HttpPolicy policy;
  // The request line holds a method and a version beside the target.
  policy.start_line_bytes_max = config.max_uri_length + 64;
  policy.header_bytes_max = config.max_header_size;
  policy.header_count_max = config.max_header_count;
  return policy;
}

absl::StatusOr<ConnectionPool::Backend> ToBackend(
    const config::ServerConfig& server, const config::BackendConfig& config) {
  absl::StatusOr<SocketAddress> address =
      ToSocketAddress(config.addr, config.port);
  if (!address.ok()) return address.status();
  ConnectionPool::Backend backend;
  backend.name = absl::StrCat(config.name, " (", address->ToString(), ")");
  backend.pool = {.connections = config.connections,
                  .retry_min = config.retry,
                  .retry_max = config.retry_max};
  backend.connection.address = *std::move(address);
  backend.connection.dial = {.timeout = config.connect_timeout,
                             .no_delay = server.disable_backend_nagle};
  backend.connection.read_idle_max = config.read_timeout;
  backend.connection.write_idle_max = config.write_timeout;
  backend.connection.output_high_bytes = config.high_watermark;
  return backend;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ServerPlan>> BuildServerPlan(
    const config::ServerConfig& config) {
  auto plan = std::make_shared<ServerPlan>();
  plan->config_ = config;
  absl::StatusOr<SocketAddress> address =
      ToSocketAddress(config.addr, config.port);
  if (!address.ok()) return address.status();
  plan->address = *std::move(address);
  plan->listen = {.backlog = config.backlog,
                  .reuse_port = true,
                  .no_delay = config.disable_server_nagle};
  plan->threads = config.threads;
  plan->shutdown_time_max = config.shutdown_timeout;
  plan->pool = {.pending_max = config.max_pending,
                .pending_time_max = config.pending_timeout,
                .seed = 0};

  absl::flat_hash_map<std::string, ConnectionPool::BackendId> ids;
  for (const config::BackendConfig& backend : config.backends) {
    ids.emplace(backend.name, ids.size());
    absl::StatusOr<ConnectionPool::Backend> converted =
        ToBackend(config, backend);
    if (!converted.ok()) return converted.status();
    plan->backends.push_back(*std::move(converted));
  }

  std::vector<VhostConfig> vhosts;
  for (const config::VhostConfig& vhost : config.vhosts) {
    vhosts.push_back({.title = vhost.name, .aliases = vhost.aliases});
    for (const config::RuleConfig& rule : vhost.rules) {
      vhosts.back().rules.push_back(ToRouterRule(rule, plan->rules.size()));
      ServerPlan::Set set = {.members = {}, .method = ToMethod(rule.lb_method)};
      for (const std::string& name : rule.backends) {
        set.members.push_back(ids.at(name));
      }
      plan->rules.push_back(
          {.name = rule.name,
           .set = static_cast<ConnectionPool::SetId>(plan->sets.size()),
           .x_forwarded_for = rule.headers && rule.headers->x_forwarded_for,
           .x_request_id = rule.headers && rule.headers->x_request_id,
           .strip_response_headers = vhost.strip_headers,
           .any_upgrade = rule.passthrough,
           .allow_trace = rule.allow_trace,
           .via = config.via});
      plan->sets.push_back(std::move(set));
    }
  }
  absl::StatusOr<Router> router = Router::Create(vhosts);
  if (!router.ok()) return router.status();
  plan->router = *std::move(router);

  for (const config::ErrorPageConfig& page : config.error_pages) {
    plan->error_pages.push_back({.status = page.status,
                                 .content_type = page.content_type,
                                 .body = page.body});
  }
  if (config.max_connections != SIZE_MAX ||
      config.max_connections_per_client != SIZE_MAX) {
    plan->connection_limiter = std::make_unique<ConnectionLimiter>(
        config.max_connections, config.max_connections_per_client);
  }
  for (const auto& [log, into] :
       {std::pair(&config.logging.request, &plan->request_log),
        std::pair(&config.logging.error, &plan->error_log)}) {
    if (!log->enabled) continue;
    absl::StatusOr<LogFormat> format = LogFormat::Parse(log->format);
    if (!format.ok()) return format.status();
    *into = {.output = log->output,
             .format = *std::move(format),
             .level = ToSeverity(log->level)};
  }
  // As the predecessor had it: a request's line is an alert.
  if (config.logging.request.level == config::LogLevel::kEmerg) {
    plan->request_log.reset();
  }
  return plan;
}

HttpServerOptions ServerPlan::MakeServerOptions() const {
  HttpServerOptions options;
  options.policy = ToPolicy(config_);
  options.head_time_max = config_.header_timeout;
  options.body_idle_max = config_.read_timeout;
  options.write_idle_max = config_.write_timeout;
  options.keep_alive_max = config_.keep_alive_timeout;
  options.output_high_bytes = config_.high_watermark;
  options.no_delay = config_.disable_client_nagle;
  options.body_bytes_max = config_.max_body_size;
  options.body_rate_min = config_.min_body_rate;
  options.requests_max = config_.max_requests_per_connection;
  options.tunnel_idle_max = config_.tunnel_timeout;
  options.server_name = config_.server_header;
  options.error_pages = error_pages;
  options.connection_limiter = connection_limiter.get();
  return options;
}

}  // namespace rproxy
