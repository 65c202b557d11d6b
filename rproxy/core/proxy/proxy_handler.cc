#include "rproxy/core/proxy/proxy_handler.h"

#include <optional>
#include <utility>

#include "rproxy/core/http/parse_error.h"
#include "rproxy/core/http/request_target.h"

namespace rproxy {

namespace {

// RFC 9110 section 15.5.6: a 405 says what is allowed instead.
void SendNotAllowed(Exchange& exchange) {
  HeaderMap extra;
  extra.Add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  exchange.ReplyError(405, Cause::kMethodNotAllowed, extra);
}

}  // namespace

ProxyHandler::ProxyHandler(const Router& router,
                           const std::vector<ForwardRule>& rules,
                           ConnectionPool& pool)
    : router_(router), rules_(rules), pool_(pool) {}

std::unique_ptr<Responder> ProxyHandler::Handle(Exchange& exchange) {
  const RequestHead& request = exchange.request();
  const std::optional<RequestTarget> target =
      ParseRequestTarget(request.method, request.target);
  if (!target) {
    exchange.notes().SetCause(Cause::kBadRequest, ParseError::kBadTarget);
    exchange.ReplyError(400, Cause::kBadRequest, HeaderMap());
    return nullptr;
  }
  if (target->form == RequestTarget::Form::kAuthority) {
    // Nobody configured us as a forward proxy.
    SendNotAllowed(exchange);
    return nullptr;
  }
  // The authority of an absolute form counts, not Host: RFC 9112 section 3.2.2.
  const absl::string_view host =
      target->form == RequestTarget::Form::kAbsolute
          ? target->authority
          : request.headers.Find(FieldId::kHost).value_or("");
  absl::string_view path = target->path;
  if (path.empty()) {
    path = target->form == RequestTarget::Form::kAsterisk ? "*" : "/";
  }
  const RouteResult result = router_.Find(host, path);
  if (result.outcome != RouteResult::Outcome::kFound) {
    exchange.ReplyError(404,
                        result.outcome == RouteResult::Outcome::kNoVhost
                            ? Cause::kNoVhost
                            : Cause::kNoRule,
                        HeaderMap());
    return nullptr;
  }
  const ForwardRule& rule = rules_[result.route->rule];
  if (request.method == "TRACE" && !rule.allow_trace) {
    SendNotAllowed(exchange);
    return nullptr;
  }
  auto forward = std::make_unique<Forward>(exchange, pool_, rule);
  forward->Start();
  return forward;
}

}  // namespace rproxy
