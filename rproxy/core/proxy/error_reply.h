// The short responses that the proxy makes itself.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_PROXY_ERROR_REPLY_H_
#define RPROXY_CORE_PROXY_ERROR_REPLY_H_

#include "rproxy/core/http/header_map.h"
#include "rproxy/core/server/handler.h"

namespace rproxy {

// Answers `exchange` completely with `status` and a line of text that names
// it. `extra` holds further fields.
void SendErrorReply(Exchange& exchange, int status, const HeaderMap& extra);

}  // namespace rproxy

#endif  // RPROXY_CORE_PROXY_ERROR_REPLY_H_
