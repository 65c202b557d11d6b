#include "rproxy/core/http/body_framing.h"

#include <limits>

#include "absl/strings/match.h"
#include "rproxy/core/http/characters.h"

namespace rproxy {
namespace {

using Kind = BodyFraming::Kind;

constexpr uint64_t kLengthMax = std::numeric_limits<int64_t>::max();

// The codings of RFC 9112 section 7 in all Transfer-Encoding fields together
// must be "chunked", once, and nothing else: rproxy applies no other.
ParseError CheckTransferEncoding(HttpVersion version,
                                 const HeaderMap& headers) {
  if (version == HttpVersion::kHttp10) return ParseError::kBadTransferEncoding;
  size_t chunked = 0;
  bool unknown = false;
  bool malformed = false;
  bool chunked_is_last = false;
  headers.ForEach([&](const HeaderMap::Field& field) {
    if (field.id != FieldId::kTransferEncoding) return;
    absl::string_view rest = field.value;
    while (true) {
      const size_t comma = rest.find(',');
      const absl::string_view coding = TrimOws(rest.substr(0, comma));
      chunked_is_last = absl::EqualsIgnoreCase(coding, "chunked");
      if (chunked_is_last) {
        ++chunked;
      } else if (IsToken(coding)) {
        unknown = true;
      } else {
        malformed = true;
      }
      if (comma == absl::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  });
  if (malformed || chunked > 1 || (chunked == 1 && !chunked_is_last)) {
    return ParseError::kBadTransferEncoding;
  }
  return unknown ? ParseError::kUnknownTransferCoding : ParseError::kNone;
}

// One field with one number or, if `allow_repeated`, several equal numbers.
ParseError CheckContentLength(const HeaderMap& headers, bool allow_repeated,
                              uint64_t& length) {
  std::optional<uint64_t> agreed;
  bool bad = false;
  headers.ForEach([&](const HeaderMap::Field& field) {
    if (field.id != FieldId::kContentLength) return;
    absl::string_view rest = field.value;
    while (!bad) {
      const size_t comma =
          allow_repeated ? rest.find(',') : absl::string_view::npos;
      absl::string_view number = rest.substr(0, comma);
      if (allow_repeated) number = TrimOws(number);
      const std::optional<uint64_t> value = ParseContentLength(number);
      bad = !value.has_value() ||
            (agreed.has_value() && (!allow_repeated || *agreed != *value));
      agreed = value;
      if (comma == absl::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  });
  if (bad || !agreed.has_value()) return ParseError::kBadContentLength;
  length = *agreed;
  return ParseError::kNone;
}

// What the fields say. kNone if there is neither field.
ParseError FrameByFields(HttpVersion version, const HeaderMap& headers,
                         bool allow_repeated, BodyFraming& framing) {
  framing = BodyFraming();
  const bool has_coding = headers.Find(FieldId::kTransferEncoding).has_value();
  const bool has_length = headers.Find(FieldId::kContentLength).has_value();
  if (has_coding && has_length) {
    return ParseError::kContentLengthAndTransferEncoding;
  }
  if (has_coding) {
    framing.kind = Kind::kChunked;
    return CheckTransferEncoding(version, headers);
  }
  if (has_length) {
    framing.kind = Kind::kContentLength;
    return CheckContentLength(headers, allow_repeated, framing.length);
  }
  return ParseError::kNone;
}

}  // namespace

std::optional<uint64_t> ParseContentLength(absl::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (value > (kLengthMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

ParseError FrameRequest(const RequestHead& head, BodyFraming& framing) {
  return FrameByFields(head.version, head.headers, /*allow_repeated=*/false,
                       framing);
}

ParseError FrameResponse(const ResponseHead& head,
                         absl::string_view request_method,
                         const HttpPolicy& policy, BodyFraming& framing) {
  const ParseError error =
      FrameByFields(head.version, head.headers,
                    policy.allow_repeated_equal_content_length, framing);
  if (error != ParseError::kNone) return error;
  const int status = head.status;
  if (status == 101 ||
      (request_method == "CONNECT" && status >= 200 && status <= 299)) {
    framing = {.kind = Kind::kTunnel};
  } else if (status < 200 || status == 204 || status == 304 ||
             request_method == "HEAD") {
    framing = {.kind = Kind::kNone};
  } else if (framing.kind == Kind::kNone) {
    framing.kind = Kind::kUntilClose;
  }
  return ParseError::kNone;
}

}  // namespace rproxy
