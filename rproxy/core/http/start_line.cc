#include "rproxy/core/http/start_line.h"

#include <cstddef>

#include "absl/strings/match.h"
#include "rproxy/core/http/header_map.h"
#include "rproxy/core/http/request_target.h"

namespace rproxy {
namespace {

constexpr size_t kVersionSize = 8;  // "HTTP/1.1"

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

ParseError ParseVersion(absl::string_view text, HttpVersion& version) {
  if (text.size() != kVersionSize || !absl::StartsWith(text, "HTTP/") ||
      !IsDigit(text[5]) || text[6] != '.' || !IsDigit(text[7])) {
    return ParseError::kBadStartLine;
  }
  if (text[5] != '1') return ParseError::kUnsupportedVersion;
  version = text[7] == '0' ? HttpVersion::kHttp10 : HttpVersion::kHttp11;
  return ParseError::kNone;
}

}  // namespace

ParseError ParseRequestLine(absl::string_view line, RequestLine& result) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == last) return ParseError::kBadStartLine;
  result.method = line.substr(0, first);
  if (!IsToken(result.method)) return ParseError::kBadStartLine;
  result.target = line.substr(first + 1, last - first - 1);
  const ParseError error = ParseVersion(line.substr(last + 1), result.version);
  if (error != ParseError::kNone) return error;
  // More than two words are no request line, whatever their target.
  if (result.target.empty() ||
      result.target.find(' ') != absl::string_view::npos) {
    return ParseError::kBadStartLine;
  }
  if (!ParseRequestTarget(result.method, result.target).has_value()) {
    return ParseError::kBadTarget;
  }
  return ParseError::kNone;
}

ParseError ParseStatusLine(absl::string_view line, StatusLine& result) {
  const ParseError error =
      ParseVersion(line.substr(0, kVersionSize), result.version);
  if (error != ParseError::kNone) return error;
  line.remove_prefix(kVersionSize);
  if (line.empty() || line.front() != ' ') return ParseError::kBadStartLine;
  line.remove_prefix(1);
  const size_t space = line.find(' ');
  const absl::string_view digits = line.substr(0, space);
  if (digits.size() != 3) return ParseError::kBadStatus;
  result.status = 0;
  for (const char c : digits) {
    if (!IsDigit(c)) return ParseError::kBadStatus;
    result.status = result.status * 10 + (c - '0');
  }
  if (result.status < 100 || result.status > 599) return ParseError::kBadStatus;
  result.reason = space == absl::string_view::npos ? absl::string_view()
                                                   : line.substr(space + 1);
  return ParseError::kNone;
}

}  // namespace rproxy
