#include "rproxy/core/routing/path_matcher.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include "rproxy/core/routing/glob.h"

namespace rproxy {

void PathMatcher::AddExact(std::string_view path, uint32_t value) {
  exact_.try_emplace(path, ExactRule{size_, value});
  ++size_;
}

void PathMatcher::AddGlob(std::string_view pattern, uint32_t value) {
  globs_.push_back({Glob(pattern), size_, value});
  ++size_;
}

std::optional<uint32_t> PathMatcher::Find(std::string_view path) const {
  const auto exact = exact_.find(path);
  const size_t end = exact == exact_.end() ? size_ : exact->second.place;
  for (const GlobRule& rule : globs_) {
    if (rule.place > end) break;
    if (rule.glob.Matches(path)) return rule.value;
  }
  if (exact == exact_.end()) return std::nullopt;
  return exact->second.value;
}

}  // namespace rproxy
