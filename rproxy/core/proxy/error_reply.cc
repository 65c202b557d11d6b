#include "rproxy/core/proxy/error_reply.h"

#include "absl/strings/str_cat.h"
#include "rproxy/core/http/http_types.h"

namespace rproxy {

void SendErrorReply(Exchange& exchange, int status, const HeaderMap& extra) {
  exchange.Reply(status, "text/plain; charset=utf-8",
                 absl::StrCat(status, " ", ReasonPhrase(status), "\n"), extra);
}

}  // namespace rproxy
