#include "rproxy/core/http/request_target.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "rproxy/core/http/characters.h"

namespace rproxy {
namespace {

constexpr uint32_t kPortMax = 65535;

bool IsPort(absl::string_view text) {
  if (text.size() > 5) return false;
  uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<uint32_t>(c - '0');
  }
  return port <= kPortMax;
}

// RFC 3986 section 3.2.2. IPv4 addresses are registered names in form.
bool IsRegisteredName(absl::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsIn(kRegNameCharacter, text[i])) continue;
    const bool escape = text[i] == '%' && text.size() - i > 2 &&
                        IsIn(kHexDigit, text[i + 1]) &&
                        IsIn(kHexDigit, text[i + 2]);
    if (!escape) return false;
    i += 2;
  }
  return !text.empty();
}

// `text` is without its brackets. Zone identifiers and addresses of future
// versions are refused: nothing sends them in a request.
bool IsIpv6Address(absl::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof(terminated) || !AllIn(kTargetCharacter, text)) {
    return false;
  }
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  in6_addr address;
  return inet_pton(AF_INET6, terminated, &address) == 1;
}

// Sets path and query from what follows the authority.
void SplitPath(absl::string_view text, RequestTarget& target) {
  const size_t question = text.find('?');
  target.path = text.substr(0, question);
  if (question != absl::string_view::npos) {
    target.has_query = true;
    target.query = text.substr(question + 1);
  }
}

std::optional<RequestTarget> ParseAbsolute(absl::string_view text) {
  RequestTarget target;
  target.form = RequestTarget::Form::kAbsolute;
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  target.scheme = text.substr(0, colon);
  if (!absl::EqualsIgnoreCase(target.scheme, "http") &&
      !absl::EqualsIgnoreCase(target.scheme, "https")) {
    return std::nullopt;
  }
  absl::string_view rest = text.substr(colon + 1);
  if (!absl::StartsWith(rest, "//")) return std::nullopt;
  rest.remove_prefix(2);
  const size_t authority_size = rest.find_first_of("/?");
  target.authority = rest.substr(0, authority_size);
  if (!ParseAuthority(target.authority).has_value()) return std::nullopt;
  if (authority_size != absl::string_view::npos) {
    SplitPath(rest.substr(authority_size), target);
  }
  return target;
}

}  // namespace

std::optional<RequestTarget> ParseRequestTarget(absl::string_view method,
                                                absl::string_view target) {
  if (target.empty() || !AllIn(kTargetCharacter, target)) return std::nullopt;
  RequestTarget result;
  if (method == "CONNECT") {
    const std::optional<Authority> authority = ParseAuthority(target);
    // RFC 9112 section 3.2.3: a client must send the port.
    if (!authority.has_value() || authority->port.empty()) return std::nullopt;
    result.form = RequestTarget::Form::kAuthority;
    result.authority = target;
    return result;
  }
  if (target.front() == '/') {
    SplitPath(target, result);
    return result;
  }
  if (target == "*") {
    if (method != "OPTIONS") return std::nullopt;
    result.form = RequestTarget::Form::kAsterisk;
    return result;
  }
  return ParseAbsolute(target);
}

std::optional<Authority> ParseAuthority(absl::string_view text) {
  Authority authority;
  size_t host_size;
  if (!text.empty() && text.front() == '[') {
    const size_t bracket = text.find(']');
    if (bracket == absl::string_view::npos) return std::nullopt;
    if (!IsIpv6Address(text.substr(1, bracket - 1))) return std::nullopt;
    host_size = bracket + 1;
  } else {
    host_size = std::min(text.find(':'), text.size());
    if (!IsRegisteredName(text.substr(0, host_size))) return std::nullopt;
  }
  authority.host = text.substr(0, host_size);
  absl::string_view rest = text.substr(host_size);
  if (!rest.empty()) {
    if (rest.front() != ':') return std::nullopt;
    authority.port = rest.substr(1);
    if (!IsPort(authority.port)) return std::nullopt;
  }
  return authority;
}

}  // namespace rproxy
