#include "rproxy/core/http/trailers.h"

#include "absl/strings/match.h"
#include "rproxy/core/http/characters.h"

namespace rproxy {
namespace {

constexpr absl::string_view kForbidden[] = {
    "accept-encoding",
    "age",
    "authentication-info",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-location",
    "content-range",
    "cookie",
    "expires",
    "forwarded",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authentication-info",
    "range",
    "set-cookie",
    "strict-transport-security",
    "vary",
    "warning",
    "www-authenticate",
};

// Families of which every member says who the client is, or when to answer.
constexpr absl::string_view kForbiddenPrefixes[] = {
    "if-", "sec-", "x-forwarded-", "x-real-", "x-ssl-",
};

}  // namespace

bool IsAllowedInTrailers(FieldId id, absl::string_view name) {
  switch (id) {
    case FieldId::kOther:
      break;
    // The two that are only notes to whoever reads them.
    case FieldId::kServer:
    case FieldId::kVia:
      return true;
    case FieldId::kConnection:
    case FieldId::kContentLength:
    case FieldId::kContentType:
    case FieldId::kDate:
    case FieldId::kExpect:
    case FieldId::kHost:
    case FieldId::kKeepAlive:
    case FieldId::kProxyAuthenticate:
    case FieldId::kProxyAuthorization:
    case FieldId::kProxyConnection:
    case FieldId::kRetryAfter:
    case FieldId::kTe:
    case FieldId::kTrailer:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
    case FieldId::kXForwardedFor:
      return false;
  }
  for (const absl::string_view forbidden : kForbidden) {
    if (absl::EqualsIgnoreCase(name, forbidden)) return false;
  }
  for (const absl::string_view prefix : kForbiddenPrefixes) {
    if (absl::StartsWithIgnoreCase(name, prefix)) return false;
  }
  return true;
}

void ParseTrailers(absl::string_view section, size_t fields,
                   HeaderMap& trailers) {
  trailers.Clear();
  if (fields == 0) return;
  trailers.Reserve(section.size(), fields);
  while (true) {
    const size_t line_end = section.find('\r');
    const absl::string_view line = section.substr(0, line_end);
    if (line.empty()) return;
    const size_t colon = line.find(':');
    const absl::string_view name = line.substr(0, colon);
    if (IsAllowedInTrailers(FieldIdOf(name), name)) {
      trailers.Add(name, TrimOws(line.substr(colon + 1)));
    }
    section.remove_prefix(line_end + 2);
  }
}

}  // namespace rproxy
