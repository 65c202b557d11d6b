// Gathers one head or trailer section, checked by a HeadScanner.
//
// A section that lies whole in one input is handed out where it lies. Only
// what comes in pieces is copied, into one block that is never larger than
// the policy's header_bytes_max. No memory is held before the first byte, nor
// after Reset.
//
// Threading: a plain value.

#ifndef RPROXY_CORE_HTTP_HEAD_READER_H_
#define RPROXY_CORE_HTTP_HEAD_READER_H_

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/head_scanner.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/parse_error.h"

namespace rproxy {

class HeadReader {
 public:
  explicit HeadReader(SectionKind kind) : scanner_(kind) {}

  struct Step {
    size_t consumed = 0;
    ParseError error = ParseError::kNone;
    // Once done(): the section with its final empty line. Valid as long as
    // the input, and until the next call.
    absl::string_view section;
  };

  // Takes from `input` up to the end of the section, or all of it.
  Step Read(absl::string_view input, const HttpPolicy& policy);

  // Gets ready for a section of `kind` and gives all memory back.
  void Reset(SectionKind kind);

  bool started() const { return scanner_.started(); }
  bool done() const { return scanner_.done(); }
  size_t fields() const { return scanner_.fields(); }
  size_t memory() const { return block_.capacity(); }

 private:
  void Keep(absl::string_view piece, size_t bytes_max);

  HeadScanner scanner_;
  std::vector<char> block_;  // Unlike a string's, its reserve() is exact.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_HEAD_READER_H_
