// What changes between the head that came in and the head that goes out.
//
// A head is never passed on as it was framed: fields that concern one
// connection are taken out on the way (RFC 9110 section 7.6.1), framing fields
// are written anew by whoever sends, and the request says for whom it is sent.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_PROXY_FORWARDED_HEADERS_H_
#define RPROXY_CORE_PROXY_FORWARDED_HEADERS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/message.h"

namespace rproxy {

// Removes Connection, the fields that it names, and every other hop-by-hop
// field. Host, Content-Length, Authorization and Cookie cannot be removed by
// naming them in Connection.
void RemoveHopByHopFields(HeaderMap& headers);

struct RequestEdits {
  // Appends the client's address to X-Forwarded-For.
  bool x_forwarded_for = false;
  std::string client_host;  // No port.
  // The name by which Via fields call this proxy; empty: none are written.
  std::string via;
};

// Makes the head that a backend gets out of the one that a client sent:
// HTTP/1.1, origin form (an absolute-form target's authority replaces Host,
// RFC 9112 section 3.2.2), hop-by-hop fields gone, framing fields that match
// `framing`.
void PrepareRequest(const BodyFraming& framing, const RequestEdits& edits,
                    RequestHead& head);

// Makes the head that a client gets out of the one that a backend sent:
// hop-by-hop fields and every field named in `strip` gone, and Content-Length
// too where `framing` says it again (answers to HEAD and 304 keep theirs).
// `via` as in RequestEdits.
void PrepareResponse(const BodyFraming& framing,
                     const std::vector<std::string>& strip,
                     const std::string& via, ResponseHead& head);

}  // namespace rproxy

#endif  // RPROXY_CORE_PROXY_FORWARDED_HEADERS_H_
