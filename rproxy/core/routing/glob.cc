#include "rproxy/core/routing/glob.h"

#include <string.h>

#include <string>
#include <string_view>

namespace rproxy {

Glob::Glob(std::string_view pattern) : has_wildcard_(HasWildcard(pattern)) {
  size_t star = pattern.find('*');
  first_ = pattern.substr(0, star);
  while (star != std::string_view::npos) {
    pattern.remove_prefix(star + 1);
    star = pattern.find('*');
    if (star == std::string_view::npos) {
      last_ = pattern;
    } else if (star > 0) {
      middle_.emplace_back(pattern.substr(0, star));
    }
  }
}

bool Glob::Matches(std::string_view text) const {
  if (!has_wildcard_) return text == first_;
  if (text.size() < first_.size() + last_.size()) return false;
  if (!text.starts_with(first_) || !text.ends_with(last_)) return false;
  text.remove_prefix(first_.size());
  text.remove_suffix(last_.size());
  // The earliest place of a piece leaves most room for those behind it, so
  // nothing is ever tried twice.
  for (const std::string& piece : middle_) {
    // Not string_view::find: memmem is linear in the worst case, too.
    const void* found =
        memmem(text.data(), text.size(), piece.data(), piece.size());
    if (found == nullptr) return false;
    const size_t place =
        static_cast<size_t>(static_cast<const char*>(found) - text.data());
    text.remove_prefix(place + piece.size());
  }
  return true;
}

}  // namespace rproxy
