// Trailer sections: their fields, and which of them may be there.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_HTTP_TRAILERS_H_
#define RPROXY_CORE_HTTP_TRAILERS_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/header_map.h"

namespace rproxy {

// False for fields that must be known before the body, or that tell a
// recipient how to treat the message: framing, routing, conditions,
// authentication, content coding, and what proxies say of a client. Merged
// into a header section they would overrule what was checked there.
// RFC 9110 section 6.5.1.
bool IsAllowedInTrailers(FieldId id, absl::string_view name);

// Sets `trailers` to the allowed fields of `section`, of which a HeadScanner
// approved and which has `fields` fields.
void ParseTrailers(absl::string_view section, size_t fields,
                   HeaderMap& trailers);

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_TRAILERS_H_
