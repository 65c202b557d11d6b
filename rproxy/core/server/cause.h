// Why an exchange did not end with a whole response of its handler's: one word
// for logs, so that an operator never has to guess.
//
// Threading: plain values.

#ifndef RPROXY_CORE_SERVER_CAUSE_H_
#define RPROXY_CORE_SERVER_CAUSE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/parse_error.h"

namespace rproxy {

enum class Cause : uint8_t {
  kNone,  // Nothing went wrong.

  // Refused before a handler saw it, or while its body came.
  kBadRequest,  // A ParseError says more.
  kHeadTimeout,
  kBodyTimeout,  // No byte of the body for too long.
  kBodyTooSlow,  // Some bytes, but too few.
  kBodyTooLarge,
  kUnsupportedExpectation,
  kConnectionsLimit,

  // Ended before the response was whole.
  kClientGone,    // The client closed or reset its connection.
  kWriteTimeout,  // The client took nothing for too long.
  kTunnelIdle,
  kShutdown,
  kAborted,  // By the handler, for no reason that it gave.

  // A reverse proxy's own.
  kNoVhost,
  kNoRule,
  kMethodNotAllowed,
  kPendingTimeout,   // Waited too long for a backend connection.
  kPendingOverflow,  // Too many were waiting already.
  kBackendUnavailable,
  kBackendClosed,
  kBackendBadResponse,
  kBackendReadTimeout,
  kBackendWriteTimeout,
};

// A stable word like "backend_closed", "-" for kNone. That of kBadRequest ends
// with the word for `error`: "bad_request_bad_chunk".
absl::string_view ToString(Cause cause, ParseError error = ParseError::kNone);

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_CAUSE_H_
