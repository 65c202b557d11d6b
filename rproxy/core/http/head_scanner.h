// Finds the end of a head or trailer section, and checks each byte on the way.
//
//   kStart <-> kStartCr                     empty lines before a request
//   kStart -> kStartLine -> kStartLineLf -> kLineBegin
//   kLineBegin -> kName -> kValue -> kValueLf -> kLineBegin
//   kLineBegin -> kLastLf -> kDone
//
// Looks at a byte once and holds none, so that heads may come in pieces of any
// size; limits apply to the byte that breaks them. What passed is made of
// lines that end with CRLF exactly: a start line without control characters,
// then fields with a token for a name, a colon right behind it and no control
// character but tab in the value. Nothing is said about what they mean.
//
// Threading: a plain value.

#ifndef RPROXY_CORE_HTTP_HEAD_SCANNER_H_
#define RPROXY_CORE_HTTP_HEAD_SCANNER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/parse_error.h"

namespace rproxy {

enum class SectionKind : uint8_t { kRequest, kResponse, kTrailers };

class HeadScanner {
 public:
  explicit HeadScanner(SectionKind kind);

  struct Step {
    size_t skipped = 0;   // Bytes of empty lines in front of the head.
    size_t consumed = 0;  // Bytes dealt with, the skipped ones included.
    ParseError error = ParseError::kNone;
  };

  // Takes from `input` up to the end of the head, or all of it.
  Step Scan(absl::string_view input, const HttpPolicy& policy);

  // A byte of the head itself was seen.
  bool started() const {
    return state_ != State::kStart && state_ != State::kStartCr;
  }
  bool done() const { return state_ == State::kDone; }
  // Fields begun so far.
  size_t fields() const { return fields_; }

 private:
  enum class State : uint8_t {
    kStart,
    kStartCr,
    kStartLine,
    kStartLineLf,
    kLineBegin,
    kName,
    kNameLf,
    kValue,
    kValueLf,
    kLastLf,
    kDone,
  };

  ParseError SkipEmptyLines(const char*& at, const char* end,
                            const HttpPolicy& policy);
  ParseError ScanStartLine(const char*& at, const char* end, size_t bytes_max);
  ParseError BeginLine(const char*& at, size_t fields_max);
  ParseError ScanName(const char*& at, const char* end);
  ParseError ScanValue(const char*& at, const char* end);
  ParseError ExpectLf(const char*& at, State next);

  SectionKind kind_;
  State state_;
  uint32_t empty_lines_ = 0;
  uint32_t fields_ = 0;
  size_t bytes_ = 0;       // Of the head.
  size_t line_bytes_ = 0;  // Of the start line, or of the field's name.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_HEAD_SCANNER_H_
