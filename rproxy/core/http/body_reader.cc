#include "rproxy/core/http/body_reader.h"

#include <algorithm>

namespace rproxy {

void BodyReader::Start(const BodyFraming& framing, const HttpPolicy& policy) {
  kind_ = framing.kind;
  trailers_taken_ = false;
  left_ = framing.length;
  if (kind_ == BodyFraming::Kind::kChunked) {
    chunks_ = std::make_unique<ChunkedDecoder>(policy);
  }
}

ChunkedDecoder::Step BodyReader::Read(absl::string_view input) {
  switch (kind_) {
    case BodyFraming::Kind::kNone:
    case BodyFraming::Kind::kTunnel:
      return {};
    case BodyFraming::Kind::kContentLength: {
      const absl::string_view data =
          input.substr(0, std::min<uint64_t>(left_, input.size()));
      left_ -= data.size();
      return {.consumed = data.size(), .data = data};
    }
    case BodyFraming::Kind::kChunked:
      return chunks_->Decode(input);
    case BodyFraming::Kind::kUntilClose:
      return {.consumed = input.size(), .data = input};
  }
  return {};
}

bool BodyReader::done() const {
  switch (kind_) {
    case BodyFraming::Kind::kNone:
    case BodyFraming::Kind::kTunnel:
      return true;
    case BodyFraming::Kind::kContentLength:
      return left_ == 0;
    case BodyFraming::Kind::kChunked:
      return chunks_->done();
    case BodyFraming::Kind::kUntilClose:
      return false;
  }
  return true;
}

const HeaderMap* BodyReader::TakeTrailers() {
  if (chunks_ == nullptr || !chunks_->done() || trailers_taken_) {
    return nullptr;
  }
  trailers_taken_ = true;
  return chunks_->trailers().empty() ? nullptr : &chunks_->trailers();
}

void BodyReader::Reset() { *this = BodyReader(); }

}  // namespace rproxy
