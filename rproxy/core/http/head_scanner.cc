#include "rproxy/core/http/head_scanner.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "rproxy/core/http/characters.h"

namespace rproxy {
namespace {

// HeaderMap stores the size of a name in 16 bits.
constexpr size_t kNameBytesMax = std::numeric_limits<uint16_t>::max();

// True if each of the eight bytes at `at` is a field character but tab. The
// tests for bytes below 0x20 and equal to 0x7f are exact for all eight at once.
bool AreEightFieldCharacters(const char* at) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = kOnes * 0x80;
  uint64_t bytes;
  std::memcpy(&bytes, at, sizeof(bytes));
  const uint64_t below_space = (bytes - kOnes * 0x20) & ~bytes;
  const uint64_t without_delete = bytes ^ (kOnes * 0x7f);
  const uint64_t is_delete = (without_delete - kOnes) & ~without_delete;
  return ((below_space | is_delete) & kHighBits) == 0;
}

const char* SkipClass(CharacterClass wanted, const char* at, const char* end) {
  while (at != end && IsIn(wanted, *at)) ++at;
  return at;
}

}  // namespace

HeadScanner::HeadScanner(SectionKind kind)
    : kind_(kind),
      state_(kind == SectionKind::kTrailers ? State::kLineBegin
                                            : State::kStart) {}

HeadScanner::Step HeadScanner::Scan(absl::string_view input,
                                    const HttpPolicy& policy) {
  Step step;
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  const char* at = begin;
  if (!started()) {
    step.error = SkipEmptyLines(at, end, policy);
    step.skipped = static_cast<size_t>(at - begin);
    step.consumed = step.skipped;
    if (step.error != ParseError::kNone || at == end) return step;
    state_ = State::kStartLine;
  }
  const char* const head = at;
  const char* const stop =
      at + std::min<size_t>(end - at, policy.header_bytes_max - bytes_);
  ParseError error = ParseError::kNone;
  while (at != stop && error == ParseError::kNone && state_ != State::kDone) {
    switch (state_) {
      case State::kStartLine:
        error = ScanStartLine(at, stop, policy.start_line_bytes_max);
        break;
      case State::kStartLineLf:
      case State::kValueLf:
        error = ExpectLf(at, State::kLineBegin);
        break;
      case State::kLineBegin:
        error = BeginLine(at, policy.header_count_max);
        break;
      case State::kName:
        error = ScanName(at, stop);
        break;
      case State::kNameLf:
        // A line without a colon; or a bare CR, which is the graver error.
        error = ExpectLf(at, State::kLineBegin);
        if (error == ParseError::kNone) error = ParseError::kBadFieldName;
        break;
      case State::kValue:
        error = ScanValue(at, stop);
        break;
      case State::kLastLf:
        error = ExpectLf(at, State::kDone);
        break;
      case State::kStart:
      case State::kStartCr:
      case State::kDone:
        break;
    }
  }
  if (error == ParseError::kNone && state_ != State::kDone && at != end) {
    error = state_ == State::kStartLine ? ParseError::kStartLineTooLong
                                        : ParseError::kHeadTooLarge;
  }
  bytes_ += static_cast<size_t>(at - head);
  step.consumed = static_cast<size_t>(at - begin);
  step.error = error;
  return step;
}

ParseError HeadScanner::SkipEmptyLines(const char*& at, const char* end,
                                       const HttpPolicy& policy) {
  // RFC 9112 section 2.2 allows them in front of requests only.
  const size_t lines_max =
      kind_ == SectionKind::kRequest ? policy.empty_lines_max : 0;
  for (; at != end; ++at) {
    if (state_ == State::kStartCr) {
      if (*at != '\n') return ParseError::kBadLineEnd;
      if (++empty_lines_ > lines_max) return ParseError::kBadStartLine;
      state_ = State::kStart;
    } else if (*at == '\r') {
      state_ = State::kStartCr;
    } else {
      break;
    }
  }
  return ParseError::kNone;
}

ParseError HeadScanner::ScanStartLine(const char*& at, const char* end,
                                      size_t bytes_max) {
  const size_t left = bytes_max - line_bytes_;
  const char* const stop = at + std::min<size_t>(end - at, left);
  const char* const from = at;
  at = SkipClass(kFieldCharacter, at, stop);
  line_bytes_ += static_cast<size_t>(at - from);
  if (at == end) return ParseError::kNone;
  if (*at == '\n') return ParseError::kBadLineEnd;
  if (*at == '\r') {
    ++at;
    state_ = State::kStartLineLf;
    return ParseError::kNone;
  }
  return at == stop ? ParseError::kStartLineTooLong : ParseError::kBadStartLine;
}

ParseError HeadScanner::BeginLine(const char*& at, size_t fields_max) {
  switch (*at) {
    case '\r':
      ++at;
      state_ = State::kLastLf;
      return ParseError::kNone;
    case '\n':
      return ParseError::kBadLineEnd;
    case ' ':
    case '\t':
      return ParseError::kObsoleteFolding;
    default:
      break;
  }
  if (fields_ >= fields_max) return ParseError::kTooManyFields;
  ++fields_;
  line_bytes_ = 0;
  state_ = State::kName;
  return ParseError::kNone;
}

ParseError HeadScanner::ScanName(const char*& at, const char* end) {
  const size_t left = kNameBytesMax - line_bytes_;
  const char* const stop = at + std::min<size_t>(end - at, left);
  const char* const from = at;
  at = SkipClass(kTokenCharacter, at, stop);
  line_bytes_ += static_cast<size_t>(at - from);
  if (at == end) return ParseError::kNone;
  if (*at == ':' && line_bytes_ > 0) {
    ++at;
    state_ = State::kValue;
    return ParseError::kNone;
  }
  if (*at == '\r') {
    ++at;
    state_ = State::kNameLf;
    return ParseError::kNone;
  }
  if (*at == '\n') return ParseError::kBadLineEnd;
  return IsIn(kTokenCharacter, *at) ? ParseError::kHeadTooLarge
                                    : ParseError::kBadFieldName;
}

ParseError HeadScanner::ScanValue(const char*& at, const char* end) {
  while (end - at >= 8 && AreEightFieldCharacters(at)) at += 8;
  at = SkipClass(kFieldCharacter, at, end);
  if (at == end) return ParseError::kNone;
  if (*at == '\n') return ParseError::kBadLineEnd;
  if (*at != '\r') return ParseError::kBadFieldValue;
  ++at;
  state_ = State::kValueLf;
  return ParseError::kNone;
}

ParseError HeadScanner::ExpectLf(const char*& at, State next) {
  if (*at != '\n') return ParseError::kBadLineEnd;
  ++at;
  state_ = next;
  return ParseError::kNone;
}

}  // namespace rproxy
