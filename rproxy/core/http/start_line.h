// Request lines and status lines, taken apart strictly. RFC 9112 sections 3, 4.
//
// Threading: plain functions over plain values.

#ifndef RPROXY_CORE_HTTP_START_LINE_H_
#define RPROXY_CORE_HTTP_START_LINE_H_

#include "absl/strings/string_view.h"
#include "rproxy/core/http/http_types.h"
#include "rproxy/core/http/parse_error.h"

namespace rproxy {

// Views point into the line.
struct RequestLine {
  absl::string_view method;
  absl::string_view target;
  HttpVersion version = HttpVersion::kHttp11;
};

// `line` is without its line end. The target's form is checked as well. A
// minor version above 1 counts as 1 (RFC 9110 section 2.5).
ParseError ParseRequestLine(absl::string_view line, RequestLine& result);

struct StatusLine {
  HttpVersion version = HttpVersion::kHttp11;
  int status = 0;
  absl::string_view reason;
};

// The reason may be empty, and so may the space in front of it be missing:
// servers in use do both, and no two readings of it exist.
ParseError ParseStatusLine(absl::string_view line, StatusLine& result);

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_START_LINE_H_
