// Takes one message body out of a connection's bytes, by its framing.
//
// Threading: a plain value, but for the decoder it owns.

#ifndef RPROXY_CORE_HTTP_BODY_READER_H_
#define RPROXY_CORE_HTTP_BODY_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/chunked_decoder.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/message.h"
#include "rproxy/core/http/parse_error.h"

namespace rproxy {

class BodyReader {
 public:
  // Gets ready for a body. `policy` outlives it.
  void Start(const BodyFraming& framing, const HttpPolicy& policy);

  // As ChunkedDecoder::Decode.
  ChunkedDecoder::Step Read(absl::string_view input);

  // Nothing more belongs to the body. Never true of kUntilClose.
  bool done() const;
  bool ends_at_close() const { return kind_ == BodyFraming::Kind::kUntilClose; }

  // The trailer fields, if done() and there are any, on the first call.
  const HeaderMap* TakeTrailers();

  // Drops the body and gives all memory back.
  void Reset();

  // Bytes of memory held for an unfinished trailer section.
  size_t memory() const { return chunks_ == nullptr ? 0 : chunks_->memory(); }

 private:
  BodyFraming::Kind kind_ = BodyFraming::Kind::kNone;
  bool trailers_taken_ = false;
  uint64_t left_ = 0;                       // kContentLength only.
  std::unique_ptr<ChunkedDecoder> chunks_;  // kChunked only.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_BODY_READER_H_
