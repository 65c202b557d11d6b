// Heads of HTTP messages, as values. Bodies travel separately, as bytes.
//
// Threading: plain values.

#ifndef RPROXY_CORE_HTTP_MESSAGE_H_
#define RPROXY_CORE_HTTP_MESSAGE_H_

#include <cstdint>
#include <string>

#include "rproxy/core/http/header_map.h"
#include "rproxy/core/http/http_types.h"

namespace rproxy {

// How long a body is, RFC 9112 section 6.
struct BodyFraming {
  enum class Kind : uint8_t {
    kNone,           // No body, and none can follow.
    kContentLength,  // `length` bytes follow (0 is possible).
    kChunked,        // Chunks and a trailer section follow.
    kUntilClose,     // Responses only: the connection's end is the body's.
    kTunnel,         // After 101, or 2xx to CONNECT: no longer HTTP.
  };

  Kind kind = Kind::kNone;
  uint64_t length = 0;  // kContentLength only.

  bool operator==(const BodyFraming&) const = default;
};

struct RequestHead {
  std::string method;
  std::string target;  // As received, RFC 9112 section 3.2.
  HttpVersion version = HttpVersion::kHttp11;
  HeaderMap headers;
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  HttpVersion version = HttpVersion::kHttp11;
  HeaderMap headers;
};

// True if the sender of `head` lets the connection persist after this message,
// as far as the head can tell. RFC 9112 section 9.3.
bool WantsKeepAlive(HttpVersion version, const HeaderMap& headers);

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_MESSAGE_H_
