// Makes text from outside harmless in a log line.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_PROXY_LOG_ESCAPE_H_
#define RPROXY_CORE_PROXY_LOG_ESCAPE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace rproxy {

// For text between double quotes: control characters, bytes that are no ASCII,
// double quotes and backslashes become \xHH.
void AppendQuotedEscaped(absl::string_view text, std::string& out);

// For text that ends where a space or `delimiter` stands: these too.
void AppendBareEscaped(absl::string_view text, char delimiter,
                       std::string& out);

// Inside of a JSON string (RFC 8259 section 7). Bytes that are no ASCII are
// taken for Latin-1, so that the line is valid whatever they are.
void AppendJsonEscaped(absl::string_view text, std::string& out);

}  // namespace rproxy

#endif  // RPROXY_CORE_PROXY_LOG_ESCAPE_H_
