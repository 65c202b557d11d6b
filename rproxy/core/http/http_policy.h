// What the parsers tolerate. Strict by default: every field is a leniency that
// RFC 9112 forbids or leaves open, and true means that it is accepted.
// Size limits stand beside them, because they are policy too.
//
// Threading: a plain value.

#ifndef RPROXY_CORE_HTTP_HTTP_POLICY_H_
#define RPROXY_CORE_HTTP_HTTP_POLICY_H_

#include <cstddef>

namespace rproxy {

struct HttpPolicy {
  // Bytes of the request or status line, without its line end. A longer
  // request line is answered 414.
  size_t start_line_bytes_max = 8 * 1024;

  // Bytes of the whole head, start line and the final empty line included;
  // the same bound holds for a trailer section. Exceeding it: 431.
  size_t header_bytes_max = 32 * 1024;

  // Fields of a head, or of a trailer section. Exceeding it: 431.
  size_t header_count_max = 128;

  // Bytes of one chunk-size line with its extensions, RFC 9112 section 7.1.1.
  size_t chunk_line_bytes_max = 256;

  // Empty lines in front of a request line that are skipped; RFC 9112 section
  // 2.2 asks for at least one.
  size_t empty_lines_max = 4;

  // Interim (1xx) responses in front of one final response. RFC 9110 section
  // 15.2 sets no bound; without one a backend can keep an exchange forever.
  size_t interim_responses_max = 16;

  // A response with a Content-Length list of equal numbers ("5, 5") or repeats
  // of it counts as one, RFC 9112 section 6.3 rule 5. Never for requests.
  bool allow_repeated_equal_content_length = false;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_HTTP_POLICY_H_
