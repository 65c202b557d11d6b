// The small words of HTTP: versions, status codes, well-known fields.
//
// Threading: plain values.

#ifndef RPROXY_CORE_HTTP_HTTP_TYPES_H_
#define RPROXY_CORE_HTTP_HTTP_TYPES_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace rproxy {

enum class HttpVersion : uint8_t { kHttp10, kHttp11 };

// "HTTP/1.0" or "HTTP/1.1".
absl::string_view ToString(HttpVersion version);

// The reason phrase that RFC 9110 section 15 (and the IANA registry) gives
// `status`; empty for a code that is not registered.
absl::string_view ReasonPhrase(int status);

// True for methods that may be sent twice with the effect of once, RFC 9110
// section 9.2.2: GET, HEAD, OPTIONS, TRACE, PUT, DELETE.
bool IsIdempotent(absl::string_view method);

// Fields that rproxy itself looks at. Recognised once, when a field is added
// to a HeaderMap, so that later questions compare a byte.
enum class FieldId : uint8_t {
  kOther,
  kConnection,
  kContentLength,
  kContentType,
  kDate,
  kExpect,
  kHost,
  kKeepAlive,
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyConnection,
  kRetryAfter,
  kServer,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kVia,
  kXForwardedFor,
};

// Compares without regard to case.
FieldId FieldIdOf(absl::string_view name);

// True for fields that concern one connection only and are never forwarded:
// RFC 9110 section 7.6.1 (Connection, Keep-Alive, Proxy-Connection, TE,
// Transfer-Encoding, Upgrade), and Trailer, which describes our framing.
bool IsHopByHop(FieldId id);

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_HTTP_TYPES_H_
