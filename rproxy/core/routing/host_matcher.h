// Finds what belongs to the host that a request names.
//
// Patterns are names, or globs such as `*.example.com`. Exact names come first,
// then globs in the order of adding, then the catch-all `*`. Letter case, a
// port and one dot at the end do not count, neither in patterns nor in hosts.
//
// Threading: any thread, once all patterns are added.

#ifndef RPROXY_CORE_ROUTING_HOST_MATCHER_H_
#define RPROXY_CORE_ROUTING_HOST_MATCHER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "rproxy/core/routing/glob.h"

namespace rproxy {

// `authority` without port (`[::1]:80` -> `[::1]`) and without a dot at the
// end. Does not check the host.
std::string_view HostOf(std::string_view authority);

class HostMatcher {
 public:
  // Lets `pattern` stand for `value`. If it stands for a value already,
  // returns that one and changes nothing.
  std::optional<uint32_t> Add(std::string_view pattern, uint32_t value);

  // `authority` is a Host field or a request target's authority; empty if
  // there is none, which only the catch-all matches.
  std::optional<uint32_t> Find(std::string_view authority) const;

 private:
  struct Entry {
    size_t place;  // Among all globs.
    uint32_t value;
  };

  // The first entry whose domain `host` is below; null if there is none.
  const Entry* FindDomain(std::string_view host) const;

  // All patterns are in lower case.
  absl::flat_hash_map<std::string, uint32_t> exact_;
  // Globs like `*.example.com`, without the star. There may be thousands, and
  // a lookup for each part of the host finds them.
  absl::flat_hash_map<std::string, Entry> domains_;
  size_t domain_bytes_max_ = 0;
  // All others, which are tried one after the other.
  std::vector<std::pair<Glob, Entry>> globs_;
  absl::flat_hash_map<std::string, uint32_t> glob_values_;
  size_t globs_added_ = 0;
  std::optional<uint32_t> catch_all_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_ROUTING_HOST_MATCHER_H_
