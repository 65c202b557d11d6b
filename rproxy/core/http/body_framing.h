// Where a message ends, from its head alone. RFC 9112 section 6.3.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_HTTP_BODY_FRAMING_H_
#define RPROXY_CORE_HTTP_BODY_FRAMING_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/message.h"
#include "rproxy/core/http/parse_error.h"

namespace rproxy {

// 1*DIGIT that fits 63 bits, nothing else: no sign, no space, no list.
std::optional<uint64_t> ParseContentLength(absl::string_view text);

// On success returns kNone and sets `framing`. Both Content-Length and
// Transfer-Encoding, repeated Content-Length, and Transfer-Encoding that is
// not exactly one final "chunked" are errors; so is Transfer-Encoding on
// HTTP/1.0. A request without either field has no body (kNone).
ParseError FrameRequest(const RequestHead& head, BodyFraming& framing);

// `request_method` is that of the request being answered. 1xx (but 101), 204,
// 304 and answers to HEAD have no body whatever their fields say, but the
// fields must still be well-formed; 101 and 2xx to CONNECT are tunnels;
// neither field given means until close.
ParseError FrameResponse(const ResponseHead& head,
                         absl::string_view request_method,
                         const HttpPolicy& policy, BodyFraming& framing);

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_BODY_FRAMING_H_
