#include "rproxy/core/routing/router.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace rproxy {

namespace {

absl::Status AddHost(const std::vector<VhostConfig>& vhosts, uint32_t vhost,
                     const std::string& host, HostMatcher& hosts) {
  const std::string& title = vhosts[vhost].title;
  if (HostOf(host).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("vhost \"", title, "\": empty host name"));
  }
  const std::optional<uint32_t> owner = hosts.Add(host, vhost);
  if (owner.has_value() && *owner != vhost) {
    return absl::InvalidArgumentError(absl::StrCat(
        "vhost \"", title, "\": host \"", host, "\" belongs to vhost \"",
        vhosts[*owner].title, "\" already (ports do not count)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Router> Router::Create(const std::vector<VhostConfig>& vhosts) {
  Router router;
  router.paths_.resize(vhosts.size());
  for (uint32_t vhost = 0; vhost < vhosts.size(); ++vhost) {
    const VhostConfig& config = vhosts[vhost];
    absl::Status status = AddHost(vhosts, vhost, config.title, router.hosts_);
    for (const std::string& alias : config.aliases) {
      if (!status.ok()) break;
      status = AddHost(vhosts, vhost, alias, router.hosts_);
    }
    if (!status.ok()) return status;

    PathMatcher& paths = router.paths_[vhost];
    for (const RuleConfig& rule : config.rules) {
      if (rule.pattern.empty()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "vhost \"", config.title, "\": rule with an empty pattern"));
      }
      const uint32_t place = static_cast<uint32_t>(router.routes_.size());
      router.routes_.push_back({vhost, rule.index});
      switch (rule.match) {
        case RuleConfig::Match::kExact:
          paths.AddExact(rule.pattern, place);
          break;
        case RuleConfig::Match::kGlob:
          paths.AddGlob(rule.pattern, place);
          break;
      }
    }
  }
  return router;
}

RouteResult Router::Find(std::string_view authority,
                         std::string_view path) const {
  const std::optional<uint32_t> vhost = hosts_.Find(authority);
  if (!vhost.has_value()) return {RouteResult::Outcome::kNoVhost};
  const std::optional<uint32_t> route = paths_[*vhost].Find(path);
  if (!route.has_value()) return {RouteResult::Outcome::kNoRule};
  return {RouteResult::Outcome::kFound, &routes_[*route]};
}

}  // namespace rproxy
