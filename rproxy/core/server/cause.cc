#include "rproxy/core/server/cause.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"

namespace rproxy {
namespace {

constexpr size_t kParseErrors =
    static_cast<size_t>(ParseError::kTooManyInterim) + 1;

// Made once, because what is made of two words must live on.
absl::string_view BadRequest(ParseError error) {
  static const auto* const words = [] {
    auto* made = new std::array<std::string, kParseErrors>();
    for (size_t i = 0; i < kParseErrors; ++i) {
      (*made)[i] =
          absl::StrCat("bad_request_", ToString(static_cast<ParseError>(i)));
    }
    return made;
  }();
  return (*words)[static_cast<size_t>(error)];
}

}  // namespace

absl::string_view ToString(Cause cause, ParseError error) {
  switch (cause) {
    case Cause::kNone:
      return "-";
    case Cause::kBadRequest:
      return error == ParseError::kNone ? "bad_request" : BadRequest(error);
    case Cause::kHeadTimeout:
      return "head_timeout";
    case Cause::kBodyTimeout:
      return "body_timeout";
    case Cause::kBodyTooSlow:
      return "body_too_slow";
    case Cause::kBodyTooLarge:
      return "body_too_large";
    case Cause::kUnsupportedExpectation:
      return "unsupported_expectation";
    case Cause::kConnectionsLimit:
      return "connections_limit";
    case Cause::kClientGone:
      return "client_gone";
    case Cause::kWriteTimeout:
      return "write_timeout";
    case Cause::kTunnelIdle:
      return "tunnel_idle";
    case Cause::kShutdown:
      return "shutdown";
    case Cause::kAborted:
      return "aborted";
    case Cause::kNoVhost:
      return "no_vhost";
    case Cause::kNoRule:
      return "no_rule";
    case Cause::kMethodNotAllowed:
      return "method_not_allowed";
    case Cause::kPendingTimeout:
      return "pending_timeout";
    case Cause::kPendingOverflow:
      return "pending_overflow";
    case Cause::kBackendUnavailable:
      return "backend_unavailable";
    case Cause::kBackendClosed:
      return "backend_closed";
    case Cause::kBackendBadResponse:
      return "backend_bad_response";
    case Cause::kBackendReadTimeout:
      return "backend_read_timeout";
    case Cause::kBackendWriteTimeout:
      return "backend_write_timeout";
  }
  return "-";
}

}  // namespace rproxy
