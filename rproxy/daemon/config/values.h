// Values of options, from their text.
//
// Each function takes the whole text of one value and gives the value, or a
// message that names the text and what would be right. None knows the option
// or its range.
//
// Threading: functions of their arguments, safe on any thread.

#ifndef RPROXY_DAEMON_CONFIG_VALUES_H_
#define RPROXY_DAEMON_CONFIG_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rproxy/daemon/config/config.h"

namespace rproxy::config {

// true on yes, false off no; any case.
absl::StatusOr<bool> ParseBool(std::string_view text);

// As strtol with base 0: decimal, 0x hexadecimal, leading-0 octal, a sign.
absl::StatusOr<int64_t> ParseInteger(std::string_view text);

// An integer, alone (bytes) or with KiB, MiB or GiB behind it; any case.
absl::StatusOr<int64_t> ParseBytes(std::string_view text);

// An integer (seconds), or numbers with units: 250ms, 5s, 2m, 1h, 1m30s.
// Finite, but perhaps negative.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// 127.0.0.1, ::1, ipv4:127.0.0.1, ipv6:::1, unix:/run/app.sock.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// rtt roundrobin random most-idle none; any case.
absl::StatusOr<LbMethod> ParseLbMethod(std::string_view text);

// What a field may be named, or a host in Via. RFC 9110 section 5.6.2.
absl::StatusOr<std::string> ParseToken(std::string_view text);

// The value of a header field: printable ASCII, no space at either end.
absl::StatusOr<std::string> ParseFieldValue(std::string_view text);

// file:/var/log/access.log gives /var/log/access.log.
absl::StatusOr<std::string> ParseLogOutput(std::string_view text);

// emerg alert crit error warn notice info debug; any case.
absl::StatusOr<LogLevel> ParseLogLevel(std::string_view text);

// The shortest way to write these values: "64KiB", "1m30s".
std::string BytesText(size_t bytes);
std::string DurationText(absl::Duration duration);

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_VALUES_H_
