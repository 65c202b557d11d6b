// Why a message was refused, and what a client is told.
//
// Threading: plain values.

#ifndef RPROXY_CORE_HTTP_PARSE_ERROR_H_
#define RPROXY_CORE_HTTP_PARSE_ERROR_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace rproxy {

enum class ParseError : uint8_t {
  kNone,
  kBadStartLine,
  kUnsupportedVersion,  // A major version other than 1.
  kStartLineTooLong,
  kBadTarget,
  kBadLineEnd,       // Bare CR or bare LF.
  kBadFieldName,     // Empty, no token, or white space before ":".
  kBadFieldValue,    // NUL or another control character.
  kObsoleteFolding,  // RFC 9112 section 5.2.
  kHeadTooLarge,
  kTooManyFields,
  kBadHost,  // Missing in 1.1, repeated, or no authority.
  kBadContentLength,
  kContentLengthAndTransferEncoding,
  kUnknownTransferCoding,  // Answered 501.
  kBadTransferEncoding,    // chunked not last, not once, or on HTTP/1.0.
  kBadChunk,               // Size line, overflow, junk after the data.
  kChunkLineTooLong,
  kBadTrailer,
  kBadStatus,       // Responses: a status outside 100..599.
  kUnexpectedEnd,   // The connection ended inside a message.
  kTooManyInterim,  // Responses: 1xx heads without an end.
};

// A stable word for logs and metrics, like "bad_chunk".
absl::string_view ToString(ParseError error);

// The status that tells a client: 400, 414, 431, 501 or 505.
int StatusFor(ParseError error);

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_PARSE_ERROR_H_
