#include "rproxy/core/proxy/log_format.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rproxy/core/http/header_map.h"
#include "rproxy/core/http/http_types.h"
#include "rproxy/core/proxy/log_escape.h"

namespace rproxy {
namespace {

absl::Status ErrorAt(size_t position, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(message, " at byte ", position + 1));
}

absl::string_view Version(HttpVersion version) {
  return version == HttpVersion::kHttp10 ? "HTTP/1.0" : "HTTP/1.1";
}

constexpr absl::string_view kCommon =
    "{SRC} - - [{TS}] \"{REQUEST}\" {STATUS} {BYTES_OUT}";

}  // namespace

absl::string_view LogTimestamps::Clf(absl::Time time) {
  return Format(time, "%d/%b/%Y:%H:%M:%S %z", clf_);
}

absl::string_view LogTimestamps::Iso(absl::Time time) {
  return Format(time, "%Y-%m-%dT%H:%M:%S%Ez", iso_);
}

absl::string_view LogTimestamps::Format(absl::Time time, const char* format,
                                        Cached& cached) {
  const int64_t second = absl::ToUnixSeconds(time);
  if (second != cached.second) {
    cached.second = second;
    cached.text = absl::FormatTime(format, time, absl::LocalTimeZone());
  }
  return cached.text;
}

// --- Parsing -------------------------------------------------------------

const LogFormat::Token* LogFormat::FindToken(absl::string_view name) {
  struct Name {
    absl::string_view name;
    Token token;
  };
  static constexpr Name kNames[] = {
      {"SRC", Token::kSource},
      {"US_SPORT", Token::kSourcePort},
      {"DS_SPORT", Token::kBackendPort},
      {"PROXY", Token::kBackend},
      {"TS", Token::kTimestamp},
      {"METH", Token::kMethod},
      {"URI", Token::kUri},
      {"QUERY", Token::kQuery},
      {"TARGET", Token::kTarget},
      {"REQUEST", Token::kRequestLine},
      {"PROTO", Token::kProtocol},
      {"STATUS", Token::kStatus},
      {"REF", Token::kReferer},
      {"UA", Token::kUserAgent},
      {"HOST", Token::kHost},
      {"RULE", Token::kRule},
      {"US_HDR", Token::kRequestHeader},
      {"DS_HDR", Token::kResponseHeader},
      {"BYTES_IN", Token::kBytesIn},
      {"BYTES_OUT", Token::kBytesOut},
      {"DURATION", Token::kDuration},
      {"CAUSE", Token::kCause},
      {"REQUEST_ID", Token::kRequestId},
      {"ATTEMPTS", Token::kAttempts},
      {"REUSED", Token::kReused},
  };
  for (const Name& candidate : kNames) {
    if (absl::EqualsIgnoreCase(name, candidate.name)) return &candidate.token;
  }
  return nullptr;
}

absl::StatusOr<LogFormat> LogFormat::Parse(absl::string_view text) {
  if (text == "json") return Json();
  if (text == "common") return ParseTokens(kCommon);
  if (text == "combined") {
    return ParseTokens(absl::StrCat(kCommon, " \"{REF}\" \"{UA}\""));
  }
  return ParseTokens(text);
}

absl::StatusOr<LogFormat> LogFormat::ParseTokens(absl::string_view text) {
  LogFormat format;
  size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '{') {
      const size_t end = std::min(text.find('{', at), text.size());
      for (size_t i = at; i < end; ++i) {
        if (absl::ascii_iscntrl(text[i]) && text[i] != '\t') {
          return ErrorAt(i, "a control character");
        }
      }
      format.AddLiteral(text.substr(at, end - at));
      at = end;
      continue;
    }
    const size_t end = text.find('}', at);
    if (end == text.npos) return ErrorAt(at, "a \"{\" without a \"}\"");
    const absl::string_view name = text.substr(at + 1, end - at - 1);
    const Token* token = FindToken(name);
    if (token == nullptr) {
      return ErrorAt(at, absl::StrCat("unknown token \"{", name, "}\""));
    }
    Step step = {.token = *token, .text = ""};
    at = end + 1;
    if (*token == Token::kRequestHeader || *token == Token::kResponseHeader) {
      if (!absl::StartsWith(text.substr(at), ":'")) {
        return ErrorAt(at, absl::StrCat("no :'Name' behind {", name, "}"));
      }
      const size_t quote = text.find('\'', at + 2);
      if (quote == text.npos) return ErrorAt(at + 1, "an unterminated quote");
      step.text = std::string(text.substr(at + 2, quote - at - 2));
      if (!IsToken(step.text)) {
        return ErrorAt(at + 2, absl::StrCat("\"", step.text,
                                            "\" is not the name of a header"));
      }
      at = quote + 1;
    }
    format.steps_.push_back(std::move(step));
  }
  if (format.steps_.empty()) return ErrorAt(0, "nothing to log");
  format.MarkDelimiters();
  return format;
}

void LogFormat::AddLiteral(absl::string_view text) {
  steps_.push_back({.token = Token::kLiteral, .text = std::string(text)});
}

void LogFormat::MarkDelimiters() {
  bool quoted = false;
  for (size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    if (step.token == Token::kLiteral) {
      for (const char c : step.text) quoted ^= c == '"';
      continue;
    }
    step.quoted = quoted;
    const bool literal_follows =
        i + 1 < steps_.size() && steps_[i + 1].token == Token::kLiteral;
    if (literal_follows) step.next = steps_[i + 1].text[0];
  }
}

LogFormat LogFormat::Json() {
  struct Member {
    absl::string_view name;
    Token token;
  };
  static constexpr Member kMembers[] = {
      {"time", Token::kIsoTimestamp},
      {"request_id", Token::kRequestId},
      {"client", Token::kSource},
      {"client_port", Token::kSourcePort},
      {"method", Token::kMethod},
      {"host", Token::kHost},
      {"path", Token::kUri},
      {"query", Token::kQuery},
      {"protocol", Token::kProtocol},
      {"referer", Token::kReferer},
      {"user_agent", Token::kUserAgent},
      {"status", Token::kStatus},
      {"bytes_in", Token::kBytesIn},
      {"bytes_out", Token::kBytesOut},
      {"duration", Token::kDuration},
      {"rule", Token::kRule},
      {"backend", Token::kBackend},
      {"attempts", Token::kAttempts},
      {"reused", Token::kReused},
      {"cause", Token::kCause},
  };
  LogFormat format;
  format.json_ = true;
  absl::string_view separator = "{\"";
  for (const Member& member : kMembers) {
    format.AddLiteral(absl::StrCat(separator, member.name, "\":"));
    format.steps_.push_back({.token = member.token, .text = ""});
    separator = ",\"";
  }
  format.AddLiteral("}");
  return format;
}

// --- Formatting ----------------------------------------------------------

// One line in the making: how each kind of value is written.
struct LogFormat::Line {
  const ExchangeSummary& summary;
  const bool json;
  std::string& out;

  void Nothing() { out.append(json ? "null" : "-"); }

  // Text that nobody outside had a hand in.
  void Own(absl::string_view text) {
    if (text.empty()) return Nothing();
    if (json) out.push_back('"');
    absl::StrAppend(&out, text);
    if (json) out.push_back('"');
  }

  void Foreign(absl::string_view text, const Step& step) {
    if (text.empty()) return Nothing();
    const bool cut = text.size() > kValueBytesMax;
    text = text.substr(0, kValueBytesMax);
    if (json) {
      out.push_back('"');
      AppendJsonEscaped(text, out);
    } else if (step.quoted) {
      AppendQuotedEscaped(text, out);
    } else {
      AppendBareEscaped(text, step.next, out);
    }
    if (cut) out.append("...");
    if (json) out.push_back('"');
  }

  void Number(uint64_t number) { absl::StrAppend(&out, number); }

  void NumberOrNothing(uint64_t number) {
    if (number == 0) return Nothing();
    Number(number);
  }

  // Seconds, to the microsecond.
  void Seconds(absl::Duration duration) {
    const int64_t micros = absl::ToInt64Microseconds(duration);
    absl::StrAppend(&out, micros / 1'000'000, ".",
                    absl::Dec(micros % 1'000'000, absl::kZeroPad6));
  }

  void Field(const HeaderMap* headers, absl::string_view name,
             const Step& step) {
    Foreign(headers == nullptr ? "" : headers->Find(name).value_or(""), step);
  }

  // Path, query or both of the target. An absolute form's authority counts as
  // the host, and is no part of the path.
  void Target(const Step& step, bool path, bool query) {
    if (summary.request == nullptr) return Nothing();
    absl::string_view text = summary.request->target;
    if (!absl::StartsWith(text, "/")) {
      const size_t scheme = text.find("://");
      const size_t slash =
          scheme == text.npos ? text.npos : text.find('/', scheme + 3);
      if (slash != text.npos) text.remove_prefix(slash);
    }
    const size_t mark = text.find('?');
    if (!query) text = text.substr(0, mark);
    if (!path) text = mark == text.npos ? "" : text.substr(mark + 1);
    Foreign(text, step);
  }

  void RequestLine(const Step& step) {
    if (summary.request == nullptr) return Nothing();
    Foreign(summary.request->method, step);
    out.push_back(' ');
    Target(step, true, true);
    out.push_back(' ');
    Own(Version(summary.request->version));
  }
};

void LogFormat::Append(const ExchangeSummary& summary,
                       LogTimestamps& timestamps, std::string& out) const {
  Line line = {summary, json_, out};
  const RequestHead* request = summary.request;
  const HeaderMap* fields = request == nullptr ? nullptr : &request->headers;
  const ExchangeNotes& notes = summary.notes;
  for (const Step& step : steps_) {
    switch (step.token) {
      case Token::kLiteral:
        out.append(step.text);
        break;
      case Token::kSource:
        line.Own(summary.client.HostToString());
        break;
      case Token::kSourcePort:
        line.NumberOrNothing(summary.client.port());
        break;
      case Token::kBackendPort:
        line.NumberOrNothing(notes.backend_local_port);
        break;
      case Token::kBackend:
        line.Own(notes.backend == nullptr ? "" : notes.backend->ToString());
        break;
      case Token::kTimestamp:
        line.Own(timestamps.Clf(summary.ended));
        break;
      case Token::kIsoTimestamp:
        line.Own(timestamps.Iso(summary.ended));
        break;
      case Token::kMethod:
        line.Foreign(request == nullptr ? "" : request->method, step);
        break;
      case Token::kUri:
        line.Target(step, true, false);
        break;
      case Token::kQuery:
        line.Target(step, false, true);
        break;
      case Token::kTarget:
        line.Target(step, true, true);
        break;
      case Token::kRequestLine:
        line.RequestLine(step);
        break;
      case Token::kProtocol:
        line.Own(request == nullptr ? "" : Version(request->version));
        break;
      case Token::kStatus:
        line.NumberOrNothing(
            summary.response == nullptr ? 0 : summary.response->status);
        break;
      case Token::kReferer:
        line.Field(fields, "Referer", step);
        break;
      case Token::kUserAgent:
        line.Field(fields, "User-Agent", step);
        break;
      case Token::kHost:
        line.Field(fields, "Host", step);
        break;
      case Token::kRule:
        line.Foreign(notes.rule, step);
        break;
      case Token::kRequestHeader:
        line.Field(fields, step.text, step);
        break;
      case Token::kResponseHeader:
        line.Field(
            summary.response == nullptr ? nullptr : &summary.response->headers,
            step.text, step);
        break;
      case Token::kBytesIn:
        line.Number(summary.bytes_in);
        break;
      case Token::kBytesOut:
        line.Number(summary.bytes_out);
        break;
      case Token::kDuration:
        line.Seconds(summary.duration);
        break;
      case Token::kCause:
        if (notes.cause == Cause::kNone) {
          line.Nothing();
        } else {
          line.Own(ToString(notes.cause, notes.parse_error));
        }
        break;
      case Token::kRequestId:
        line.Own(summary.id.ToString());
        break;
      case Token::kAttempts:
        line.Number(notes.attempts);
        break;
      case Token::kReused:
        out.append(json_ ? (notes.reused ? "true" : "false")
                         : (notes.reused ? "1" : "0"));
        break;
    }
  }
}

}  // namespace rproxy
