// The request target and the Host field, taken apart. RFC 9112 section 3.2.
//
// Threading: plain functions over plain values.

#ifndef RPROXY_CORE_HTTP_REQUEST_TARGET_H_
#define RPROXY_CORE_HTTP_REQUEST_TARGET_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace rproxy {

struct RequestTarget {
  enum class Form : uint8_t { kOrigin, kAbsolute, kAuthority, kAsterisk };

  Form form = Form::kOrigin;
  absl::string_view scheme;     // kAbsolute: "http" or "https", as spelled.
  absl::string_view authority;  // kAbsolute and kAuthority: host[:port].
  absl::string_view path;       // Starts with "/" in kOrigin and kAbsolute,
                                // except "" for an absolute form without one.
  absl::string_view query;      // Without "?".
  bool has_query = false;       // Tells "/a?" from "/a".
};

// Views point into `target`. Empty when `target` fits no form that `method`
// may use: "*" only with OPTIONS, the authority form only and always with
// CONNECT; control characters, spaces, bytes above 0x7e, "#", and userinfo are
// refused, and so is any scheme but http and https.
std::optional<RequestTarget> ParseRequestTarget(absl::string_view method,
                                                absl::string_view target);

// host[:port] as in the Host field, RFC 9110 section 7.2: a registered name,
// an IPv4 address or a bracketed IPv6 address, and a port of at most 65535
// that may be empty. The host itself may not be empty.
struct Authority {
  absl::string_view host;  // Brackets kept.
  absl::string_view port;  // Digits, may be empty.
};
std::optional<Authority> ParseAuthority(absl::string_view text);

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_REQUEST_TARGET_H_
