#include "rproxy/core/routing/host_matcher.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/fixed_array.h"
#include "absl/strings/ascii.h"

namespace rproxy {

std::string_view HostOf(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos) {
    // More colons without brackets are an IPv6 address without a port. A
    // pattern's port may be `*`.
    const std::string_view host = authority.substr(0, colon);
    const std::string_view port = authority.substr(colon + 1);
    const bool one_host =
        host.ends_with(']') || host.find(':') == std::string_view::npos;
    if (one_host &&
        port.find_first_not_of("0123456789*") == std::string_view::npos) {
      authority = host;
    }
  }
  if (authority.size() > 1 && authority.ends_with('.')) {
    authority.remove_suffix(1);
  }
  return authority;
}

std::optional<uint32_t> HostMatcher::Add(std::string_view pattern,
                                         uint32_t value) {
  const std::string host = absl::AsciiStrToLower(HostOf(pattern));
  if (host == "*") {
    if (catch_all_.has_value()) return catch_all_;
    catch_all_ = value;
    return std::nullopt;
  }
  if (!Glob::HasWildcard(host)) {
    const auto [place, added] = exact_.try_emplace(host, value);
    if (!added) return place->second;
    return std::nullopt;
  }
  const Entry entry = {globs_added_, value};
  if (host.starts_with("*.") && host.rfind('*') == 0) {
    const auto [place, added] = domains_.try_emplace(host.substr(1), entry);
    if (!added) return place->second.value;
    domain_bytes_max_ = std::max(domain_bytes_max_, host.size() - 1);
  } else {
    const auto [place, added] = glob_values_.try_emplace(host, value);
    if (!added) return place->second;
    globs_.emplace_back(Glob(host), entry);
  }
  ++globs_added_;
  return std::nullopt;
}

std::optional<uint32_t> HostMatcher::Find(std::string_view authority) const {
  authority = HostOf(authority);
  if (authority.empty()) return catch_all_;
  // Names longer than any DNS name cost an allocation.
  absl::FixedArray<char, 256> lower(authority.size());
  std::transform(authority.begin(), authority.end(), lower.begin(),
                 absl::ascii_tolower);
  const std::string_view host(lower.data(), lower.size());
  if (const auto found = exact_.find(host); found != exact_.end()) {
    return found->second;
  }
  const Entry* domain = FindDomain(host);
  for (const auto& [glob, entry] : globs_) {
    if (domain != nullptr && domain->place < entry.place) break;
    if (glob.Matches(host)) return entry.value;
  }
  if (domain != nullptr) return domain->value;
  return catch_all_;
}

const HostMatcher::Entry* HostMatcher::FindDomain(std::string_view host) const {
  const Entry* first = nullptr;
  if (domains_.empty()) return first;
  // Longer ends of the host cannot be found. To hash them all would take time
  // with the square of a hostile host's length.
  size_t dot = host.size() - std::min(host.size(), domain_bytes_max_);
  while ((dot = host.find('.', dot)) != std::string_view::npos) {
    const auto found = domains_.find(host.substr(dot));
    if (found != domains_.end() &&
        (first == nullptr || found->second.place < first->place)) {
      first = &found->second;
    }
    ++dot;
  }
  return first;
}

}  // namespace rproxy
