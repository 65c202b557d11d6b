// Finds the first of a list of rules that a path matches.
//
// Rules are tried in the order of adding, exact ones and globs mixed. Paths are
// compared byte by byte as they are: neither decoded nor normalised, with
// letter case, and without the query.
//
// Threading: any thread, once all rules are added.

#ifndef RPROXY_CORE_ROUTING_PATH_MATCHER_H_
#define RPROXY_CORE_ROUTING_PATH_MATCHER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "rproxy/core/routing/glob.h"

namespace rproxy {

class PathMatcher {
 public:
  void AddExact(std::string_view path, uint32_t value);
  void AddGlob(std::string_view pattern, uint32_t value);

  std::optional<uint32_t> Find(std::string_view path) const;

 private:
  struct ExactRule {
    size_t place;  // Among all rules.
    uint32_t value;
  };
  struct GlobRule {
    Glob glob;
    size_t place;
    uint32_t value;
  };

  size_t size_ = 0;
  absl::flat_hash_map<std::string, ExactRule> exact_;  // The first of each.
  std::vector<GlobRule> globs_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_ROUTING_PATH_MATCHER_H_
