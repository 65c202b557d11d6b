// Which rule handles a request: by its host to a vhost, by its path to one of
// that vhost's rules.
//
// Hosts are matched as HostMatcher says, whatever the order of exact names and
// globs; a vhost titled `*` takes the requests that no other takes. Rules are
// tried in order, first match wins; a vhost whose rules do not match is final.
//
//   absl::StatusOr<Router> router = Router::Create(
//       {{.title = "*.example.com", .aliases = {"example.com"}, .rules = {
//           {RuleConfig::Match::kExact, "/", 0},
//           {RuleConfig::Match::kGlob, "/api/*", 1}}}});
//   const RouteResult result = router->Find("www.example.com:8080", "/api/v1");
//   if (result.outcome == RouteResult::Outcome::kFound) Use(*result.route);
//
// Threading: immutable; any thread.

#ifndef RPROXY_CORE_ROUTING_ROUTER_H_
#define RPROXY_CORE_ROUTING_ROUTER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rproxy/core/routing/host_matcher.h"
#include "rproxy/core/routing/path_matcher.h"

namespace rproxy {

struct RuleConfig {
  enum class Match : uint8_t {
    kExact,  // `uri-match`: the path is the pattern.
    kGlob,   // `uri-gmatch`: `*` in the pattern stands for any bytes.
  };
  Match match = Match::kExact;
  std::string pattern;
  uint32_t index = 0;  // The caller's; handed back in Route.
};

struct VhostConfig {
  std::string title;  // A name, a glob, or `*`.
  std::vector<std::string> aliases;
  std::vector<RuleConfig> rules;
};

struct Route {
  uint32_t vhost = 0;  // Place in Create's `vhosts`.
  uint32_t rule = 0;   // RuleConfig::index.
};

struct RouteResult {
  enum class Outcome : uint8_t { kFound, kNoVhost, kNoRule };
  Outcome outcome;
  const Route* route = nullptr;  // The router's; null unless kFound.
};

class Router {
 public:
  // Fails if a pattern is empty, or if two vhosts claim the same host.
  static absl::StatusOr<Router> Create(const std::vector<VhostConfig>& vhosts);

  // `authority` is a Host field's value, with or without port, or empty.
  // `path` is the raw path without the query.
  RouteResult Find(std::string_view authority, std::string_view path) const;

 private:
  Router() = default;

  HostMatcher hosts_;               // To places in paths_.
  std::vector<PathMatcher> paths_;  // One a vhost; to places in routes_.
  std::vector<Route> routes_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_ROUTING_ROUTER_H_
