#include "rproxy/testing/wire_message.h"

#include <algorithm>
#include <ostream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace rproxy::test {
namespace {

// RFC 9110 section 5.6.2, beside letters and digits.
constexpr absl::string_view kTokenPunctuation = "!#$%&'*+-.^_`|~";

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains(kTokenPunctuation, c);
  });
}

bool HasControlCharacter(absl::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    return c != '\t' && absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

std::optional<WireField> ParseField(absl::string_view line) {
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos || HasControlCharacter(line) ||
      !IsToken(line.substr(0, colon))) {
    return std::nullopt;
  }
  return WireField{
      std::string(line.substr(0, colon)),
      std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)))};
}

// Digits only, in `base`: strtoull takes signs and spaces.
std::optional<uint64_t> ParseNumber(absl::string_view text, int base) {
  if (text.empty() || text.size() > 15) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    const unsigned char u = static_cast<unsigned char>(c);
    if (!(base == 16 ? absl::ascii_isxdigit(u) : absl::ascii_isdigit(u))) {
      return std::nullopt;
    }
    const int digit =
        absl::ascii_isdigit(u) ? c - '0' : absl::ascii_tolower(u) - 'a' + 10;
    value = value * base + digit;
  }
  return value;
}

// What the framing fields say; nothing if there are none.
struct DeclaredFraming {
  WireFraming framing;
  uint64_t length = 0;
};

std::optional<DeclaredFraming> ReadFramingFields(const WireHead& head) {
  const auto codings = head.All("transfer-encoding");
  const auto lengths = head.All("content-length");
  if (codings.empty() && lengths.empty()) return std::nullopt;
  if (!head.well_formed || codings.size() + lengths.size() > 1) {
    return DeclaredFraming{WireFraming::kMalformed};
  }
  if (!codings.empty()) {
    return DeclaredFraming{absl::EqualsIgnoreCase(codings[0], "chunked")
                               ? WireFraming::kChunked
                               : WireFraming::kMalformed};
  }
  const std::optional<uint64_t> length = ParseNumber(lengths[0], 10);
  if (!length.has_value()) return DeclaredFraming{WireFraming::kMalformed};
  return DeclaredFraming{WireFraming::kLength, *length};
}

absl::string_view Reason(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 404:
      return "Not Found";
    case 500:
      return "Internal Server Error";
    default:
      return "Whatever";
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const WireField& field) {
  return out << field.name << ": " << field.value;
}

std::ostream& operator<<(std::ostream& out, WireFraming framing) {
  switch (framing) {
    case WireFraming::kNone:
      return out << "none";
    case WireFraming::kLength:
      return out << "length";
    case WireFraming::kChunked:
      return out << "chunked";
    case WireFraming::kUntilClose:
      return out << "until close";
    case WireFraming::kMalformed:
      return out << "malformed";
  }
  return out << "unknown";
}

std::vector<std::string> WireHead::All(absl::string_view name) const {
  std::vector<std::string> values;
  for (const WireField& field : fields) {
    if (absl::EqualsIgnoreCase(field.name, name)) values.push_back(field.value);
  }
  return values;
}

std::string WireHead::Only(absl::string_view name) const {
  std::vector<std::string> values = All(name);
  return values.size() == 1 ? values[0] : "";
}

std::string WireHead::StartLinePart(int n) const {
  const std::vector<std::string> parts =
      absl::StrSplit(start_line, absl::MaxSplits(' ', 2));
  return static_cast<size_t>(n) < parts.size() ? parts[n] : "";
}

std::optional<size_t> FindHeadSize(absl::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == absl::string_view::npos) return std::nullopt;
  return end + 4;
}

WireHead ParseHead(absl::string_view raw) {
  WireHead head;
  head.raw = std::string(raw);
  std::vector<absl::string_view> lines =
      absl::StrSplit(absl::StripSuffix(raw, "\r\n\r\n"), "\r\n");
  head.start_line = std::string(lines[0]);
  head.well_formed =
      absl::EndsWith(raw, "\r\n\r\n") && !HasControlCharacter(lines[0]);
  lines.erase(lines.begin());
  for (const absl::string_view line : lines) {
    if (std::optional<WireField> field = ParseField(line)) {
      head.fields.push_back(*std::move(field));
    } else {
      head.well_formed = false;
    }
  }
  return head;
}

void WireBodyReader::SetFraming(WireFraming framing, uint64_t length) {
  framing_ = framing;
  left_ = length;
  switch (framing) {
    case WireFraming::kNone:
      state_ = State::kDone;
      break;
    case WireFraming::kLength:
      state_ = length == 0 ? State::kDone : State::kData;
      break;
    case WireFraming::kChunked:
      state_ = State::kChunkLine;
      break;
    case WireFraming::kUntilClose:
      state_ = State::kData;
      break;
    case WireFraming::kMalformed:
      state_ = State::kMalformed;
      break;
  }
}

WireBodyReader WireBodyReader::ForRequest(const WireHead& head) {
  WireBodyReader reader;
  const auto declared = ReadFramingFields(head);
  if (!head.well_formed) {
    reader.SetFraming(WireFraming::kMalformed, 0);
  } else if (declared.has_value()) {
    reader.SetFraming(declared->framing, declared->length);
  }
  return reader;
}

WireBodyReader WireBodyReader::ForResponse(const WireHead& head, int status,
                                           absl::string_view request_method) {
  WireBodyReader reader;
  const auto declared = ReadFramingFields(head);
  if (!head.well_formed) {
    reader.SetFraming(WireFraming::kMalformed, 0);
  } else if (request_method == "HEAD" || status / 100 == 1 || status == 204 ||
             status == 304 ||
             (request_method == "CONNECT" && status / 100 == 2)) {
    reader.SetFraming(WireFraming::kNone, 0);
  } else if (declared.has_value()) {
    reader.SetFraming(declared->framing, declared->length);
  } else {
    reader.SetFraming(WireFraming::kUntilClose, 0);
  }
  return reader;
}

size_t WireBodyReader::Feed(absl::string_view bytes, std::string& body) {
  const size_t offered = bytes.size();
  while (!bytes.empty() && !done() && !malformed()) {
    if (state_ == State::kData) {
      size_t take = bytes.size();
      if (framing_ != WireFraming::kUntilClose) {
        take = static_cast<size_t>(std::min<uint64_t>(take, left_));
        left_ -= take;
        if (left_ == 0) {
          state_ = framing_ == WireFraming::kChunked ? State::kChunkEnd
                                                     : State::kDone;
        }
      }
      body.append(bytes.data(), take);
      bytes.remove_prefix(take);
      continue;
    }
    line_.push_back(bytes[0]);
    bytes.remove_prefix(1);
    if (absl::EndsWith(line_, "\r\n")) {
      const std::string line = line_.substr(0, line_.size() - 2);
      line_.clear();
      OnLine(line);
    } else if (absl::EndsWith(line_, "\n") || line_.size() > 64 * 1024) {
      state_ = State::kMalformed;
    }
  }
  return offered - bytes.size();
}

void WireBodyReader::OnLine(absl::string_view line) {
  if (state_ == State::kChunkEnd) {
    state_ = line.empty() ? State::kChunkLine : State::kMalformed;
    return;
  }
  if (state_ == State::kTrailers) {
    if (line.empty()) {
      state_ = State::kDone;
    } else if (std::optional<WireField> field = ParseField(line)) {
      trailers_.push_back(*std::move(field));
    } else {
      state_ = State::kMalformed;
    }
    return;
  }
  const std::optional<uint64_t> size =
      ParseNumber(line.substr(0, line.find(';')), 16);
  if (!size.has_value() || HasControlCharacter(line)) {
    state_ = State::kMalformed;
  } else if (*size == 0) {
    state_ = State::kTrailers;
  } else {
    chunk_sizes_.push_back(*size);
    left_ = *size;
    state_ = State::kData;
  }
}

void WireBodyReader::FeedEnd() {
  if (framing_ == WireFraming::kUntilClose && state_ == State::kData) {
    state_ = State::kDone;
  }
}

std::string MakeResponse(int status, absl::string_view body,
                         absl::string_view fields) {
  return absl::StrCat("HTTP/1.1 ", status, " ", Reason(status), "\r\n", fields,
                      "Content-Length: ", body.size(), "\r\n\r\n", body);
}

std::string MakeRequest(absl::string_view method, absl::string_view target,
                        absl::string_view fields, absl::string_view body) {
  const std::string length =
      body.empty() ? "" : absl::StrCat("Content-Length: ", body.size(), "\r\n");
  return absl::StrCat(method, " ", target,
                      " HTTP/1.1\r\nHost: example.test\r\n", fields, length,
                      "\r\n", body);
}

std::string MakeChunked(absl::string_view body, size_t chunk,
                        absl::string_view trailers) {
  std::string wire;
  while (!body.empty()) {
    const absl::string_view piece = body.substr(0, chunk);
    absl::StrAppend(&wire, absl::Hex(piece.size()), "\r\n", piece, "\r\n");
    body.remove_prefix(piece.size());
  }
  absl::StrAppend(&wire, "0\r\n", trailers, "\r\n");
  return wire;
}

std::string MakePattern(size_t size, uint32_t seed) {
  std::string pattern(size, '\0');
  uint32_t state = seed * 2654435761u + 1;
  for (char& c : pattern) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return pattern;
}

}  // namespace rproxy::test
