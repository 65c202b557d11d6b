// The reverse proxy, as a Handler: routes each request and forwards it.
//
// Threading: one handler a loop, with that loop's pool. The router and the
// rules are immutable and may be shared.

#ifndef RPROXY_CORE_PROXY_PROXY_HANDLER_H_
#define RPROXY_CORE_PROXY_PROXY_HANDLER_H_

#include <memory>
#include <vector>

#include "rproxy/core/backend/connection_pool.h"
#include "rproxy/core/proxy/forward.h"
#include "rproxy/core/routing/router.h"
#include "rproxy/core/server/handler.h"

namespace rproxy {

class ProxyHandler final : public Handler {
 public:
  // `router` yields indices into `rules`. All outlive the handler and its
  // exchanges.
  ProxyHandler(const Router& router, const std::vector<ForwardRule>& rules,
               ConnectionPool& pool);

  // Requests that no rule takes are answered 404, CONNECT 405.
  std::unique_ptr<Responder> Handle(Exchange& exchange) override;

 private:
  const Router& router_;
  const std::vector<ForwardRule>& rules_;
  ConnectionPool& pool_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_PROXY_PROXY_HANDLER_H_
