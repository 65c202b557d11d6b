// What a line of an access log holds.
//
//   absl::StatusOr<LogFormat> format =
//       LogFormat::Parse("{SRC} \"{METH} {URI}\" {STATUS} {US_HDR}:'Accept'");
//   format->Append(summary, timestamps, line);
//
// A format is text with tokens in braces, parsed once; or `common`, `combined`
// (the formats of that name) or `json` (one object a line).
// docs/configuration.md lists the tokens. What has no value is "-", in JSON
// null.
//
// Whatever a client or a backend sent is escaped: control characters, bytes
// that are no ASCII, quotes and backslashes become \xHH, and outside of double
// quotes so do spaces and the character that the format has after the token.
// So no line and no field can be forged.
//
// Threading: immutable; any thread. A LogTimestamps belongs to one loop.

#ifndef RPROXY_CORE_PROXY_LOG_FORMAT_H_
#define RPROXY_CORE_PROXY_LOG_FORMAT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rproxy/core/server/exchange_observer.h"

namespace rproxy {

// Local times as logs write them, formatted once a second.
class LogTimestamps {
 public:
  // "23/Nov/2026:06:52:01 +0000". Valid until the next call.
  absl::string_view Clf(absl::Time time);
  // "2026-11-23T06:52:01+00:00".
  absl::string_view Iso(absl::Time time);

 private:
  struct Cached {
    int64_t second = INT64_MIN;
    std::string text;
  };
  static absl::string_view Format(absl::Time time, const char* format,
                                  Cached& cached);

  Cached clf_;
  Cached iso_;
};

class LogFormat {
 public:
  // A value longer than this is cut, and ends with "...".
  static constexpr size_t kValueBytesMax = 8192;

  // The message of an error says what is wrong at which byte, from 1.
  static absl::StatusOr<LogFormat> Parse(absl::string_view text);

  // Without a newline.
  void Append(const ExchangeSummary& summary, LogTimestamps& timestamps,
              std::string& line) const;

 private:
  enum class Token : uint8_t {
    kLiteral,
    kSource,
    kSourcePort,
    kBackendPort,
    kBackend,
    kTimestamp,
    kIsoTimestamp,
    kMethod,
    kUri,
    kQuery,
    kTarget,
    kRequestLine,
    kProtocol,
    kStatus,
    kReferer,
    kUserAgent,
    kHost,
    kRule,
    kRequestHeader,
    kResponseHeader,
    kBytesIn,
    kBytesOut,
    kDuration,
    kCause,
    kRequestId,
    kAttempts,
    kReused,
  };
  struct Step {
    Token token;
    std::string text;     // The literal, or the header's name.
    bool quoted = false;  // Between double quotes.
    char next = ' ';      // What stands behind.
  };
  struct Line;

  static absl::StatusOr<LogFormat> ParseTokens(absl::string_view text);
  static LogFormat Json();
  static const Token* FindToken(absl::string_view name);
  void AddLiteral(absl::string_view text);
  void MarkDelimiters();

  bool json_ = false;
  std::vector<Step> steps_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_PROXY_LOG_FORMAT_H_
