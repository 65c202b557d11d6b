#include "rproxy/core/http/chunked_decoder.h"

#include <algorithm>

#include "rproxy/core/http/characters.h"
#include "rproxy/core/http/trailers.h"

namespace rproxy {
namespace {

// One more hexadecimal digit would need more than 63 bits.
constexpr uint64_t kSizeBeforeLastDigitMax = (uint64_t{1} << 59) - 1;

uint64_t HexValue(char c) {
  const int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
  return static_cast<uint64_t>(value);
}

// Errors of one trailer field have a name of their own; limits and line ends
// are the same everywhere.
ParseError TrailerError(ParseError error) {
  if (error == ParseError::kBadFieldName ||
      error == ParseError::kBadFieldValue ||
      error == ParseError::kObsoleteFolding) {
    return ParseError::kBadTrailer;
  }
  return error;
}

}  // namespace

ChunkedDecoder::ChunkedDecoder(const HttpPolicy& policy) : policy_(&policy) {}

ChunkedDecoder::Step ChunkedDecoder::Decode(absl::string_view input) {
  Step step;
  while (step.consumed < input.size() && step.error == ParseError::kNone) {
    const char c = input[step.consumed];
    switch (state_) {
      case State::kSize:
        step.error = TakeSizeByte(c);
        break;
      case State::kExtension:
        step.error = TakeExtensionByte(c);
        break;
      case State::kSizeLf:
        step.error = EndSizeLine(c);
        break;
      case State::kData:
        step.data = input.substr(step.consumed,
                                 std::min<uint64_t>(remaining_, input.size()));
        step.consumed += step.data.size();
        remaining_ -= step.data.size();
        if (remaining_ == 0) state_ = State::kDataCr;
        return step;
      case State::kDataCr:
      case State::kDataLf:
        step.error = TakeDataEndByte(c);
        break;
      case State::kTrailer:
        step.error = ReadTrailers(input, step.consumed);
        continue;
      case State::kDone:
        return step;
    }
    if (step.error == ParseError::kNone) ++step.consumed;
  }
  return step;
}

ParseError ChunkedDecoder::TakeSizeByte(char c) {
  if (c == '\n') return ParseError::kBadLineEnd;
  if (c == '\r' && has_size_) {
    state_ = State::kSizeLf;
    return ParseError::kNone;
  }
  if (++line_bytes_ > policy_->chunk_line_bytes_max) {
    return ParseError::kChunkLineTooLong;
  }
  if (IsIn(kHexDigit, c)) {
    if (remaining_ > kSizeBeforeLastDigitMax) return ParseError::kBadChunk;
    remaining_ = remaining_ * 16 + HexValue(c);
    has_size_ = true;
    return ParseError::kNone;
  }
  // The grammar has white space before ";", but RFC 9112 section 7.1.1 calls
  // it bad: recipients that differ in what they make of it exist.
  if (c != ';' || !has_size_) return ParseError::kBadChunk;
  state_ = State::kExtension;
  return ParseError::kNone;
}

ParseError ChunkedDecoder::TakeExtensionByte(char c) {
  if (c == '\n') return ParseError::kBadLineEnd;
  if (c == '\r') {
    state_ = State::kSizeLf;
    return ParseError::kNone;
  }
  if (++line_bytes_ > policy_->chunk_line_bytes_max) {
    return ParseError::kChunkLineTooLong;
  }
  return IsIn(kFieldCharacter, c) ? ParseError::kNone : ParseError::kBadChunk;
}

ParseError ChunkedDecoder::EndSizeLine(char c) {
  if (c != '\n') return ParseError::kBadLineEnd;
  state_ = remaining_ == 0 ? State::kTrailer : State::kData;
  return ParseError::kNone;
}

ParseError ChunkedDecoder::TakeDataEndByte(char c) {
  if (state_ == State::kDataCr) {
    if (c == '\n') return ParseError::kBadLineEnd;
    if (c != '\r') return ParseError::kBadChunk;
    state_ = State::kDataLf;
    return ParseError::kNone;
  }
  if (c != '\n') return ParseError::kBadLineEnd;
  state_ = State::kSize;
  has_size_ = false;
  line_bytes_ = 0;
  return ParseError::kNone;
}

ParseError ChunkedDecoder::ReadTrailers(absl::string_view input,
                                        size_t& consumed) {
  const HeadReader::Step read =
      trailer_section_.Read(input.substr(consumed), *policy_);
  consumed += read.consumed;
  if (read.error != ParseError::kNone) return TrailerError(read.error);
  if (trailer_section_.done()) {
    ParseTrailers(read.section, trailer_section_.fields(), trailers_);
    trailer_section_.Reset(SectionKind::kTrailers);
    state_ = State::kDone;
  }
  return ParseError::kNone;
}

}  // namespace rproxy
