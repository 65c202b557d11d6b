// Takes the chunked transfer coding apart, strictly. RFC 9112 section 7.1.
//
//   kSize -> [kExtension] -> kSizeLf -> kData -> kDataCr -> kDataLf -> kSize
//   kSizeLf (size 0) -> kTrailer -> kDone
//
// Sizes are hexadecimal digits that fit 63 bits; extensions are checked for
// control characters, bounded, and dropped; every line ends with CRLF exactly;
// trailer fields obey the same rules as header fields.
//
// Threading: a plain value.

#ifndef RPROXY_CORE_HTTP_CHUNKED_DECODER_H_
#define RPROXY_CORE_HTTP_CHUNKED_DECODER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/head_reader.h"
#include "rproxy/core/http/header_map.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/parse_error.h"

namespace rproxy {

class ChunkedDecoder {
 public:
  // `policy` outlives the decoder.
  explicit ChunkedDecoder(const HttpPolicy& policy);

  struct Step {
    size_t consumed = 0;     // Bytes of the input that are dealt with.
    absl::string_view data;  // Body bytes inside the consumed part, maybe none.
    ParseError error = ParseError::kNone;
  };

  // Takes from `input` up to the end of one run of body bytes, or all of it,
  // or up to the end of the coding. Call again with the rest while bytes are
  // left and neither done() nor an error says otherwise.
  Step Decode(absl::string_view input);

  // The last chunk and the trailer section have been taken.
  bool done() const { return state_ == State::kDone; }

  // The trailer fields, those that have no place there left out; complete
  // once done().
  const HeaderMap& trailers() const { return trailers_; }

  // Bytes of memory held for an unfinished trailer section.
  size_t memory() const { return trailer_section_.memory(); }

 private:
  enum class State : uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kDone,
  };

  ParseError TakeSizeByte(char c);
  ParseError TakeExtensionByte(char c);
  ParseError EndSizeLine(char c);
  ParseError TakeDataEndByte(char c);
  ParseError ReadTrailers(absl::string_view input, size_t& consumed);

  const HttpPolicy* policy_;
  State state_ = State::kSize;
  bool has_size_ = false;   // The size line has a digit.
  size_t line_bytes_ = 0;   // Of the size line.
  uint64_t remaining_ = 0;  // The size so far, then what is left of the data.
  HeadReader trailer_section_{SectionKind::kTrailers};
  HeaderMap trailers_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_CHUNKED_DECODER_H_
