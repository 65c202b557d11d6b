#include "rproxy/daemon/config/values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rproxy/daemon/config/diagnostic.h"
#include "rproxy/daemon/config/suggestion.h"

namespace rproxy::config {
namespace {

struct LbMethodName {
  std::string_view name;
  LbMethod method;
};

constexpr LbMethodName kLbMethods[] = {
    {"rtt", LbMethod::kRtt},       {"roundrobin", LbMethod::kRoundRobin},
    {"random", LbMethod::kRandom}, {"most-idle", LbMethod::kMostIdle},
    {"none", LbMethod::kNone},
};

struct BytesUnit {
  std::string_view suffix;
  int64_t bytes;
};

constexpr BytesUnit kBytesUnits[] = {
    {"KiB", int64_t{1} << 10},
    {"MiB", int64_t{1} << 20},
    {"GiB", int64_t{1} << 30},
};

absl::Status Wrong(std::string_view text, std::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(text), " is not ", expected));
}

bool ConsumeUnit(std::string_view* text, std::string_view suffix) {
  if (!absl::EndsWithIgnoreCase(*text, suffix)) return false;
  text->remove_suffix(suffix.size());
  return true;
}

// The shortest spelling of the literal `host`, so that equal addresses compare
// equal; empty when it is none of this family.
std::string Canonical(int family, const std::string& host) {
  in6_addr binary;  // Has room for the smaller in_addr.
  char text[INET6_ADDRSTRLEN];
  if (inet_pton(family, host.c_str(), &binary) != 1 ||
      inet_ntop(family, &binary, text, sizeof(text)) == nullptr) {
    return "";
  }
  return text;
}

}  // namespace

absl::StatusOr<bool> ParseBool(std::string_view text) {
  for (std::string_view name : {"true", "on", "yes"}) {
    if (absl::EqualsIgnoreCase(text, name)) return true;
  }
  for (std::string_view name : {"false", "off", "no"}) {
    if (absl::EqualsIgnoreCase(text, name)) return false;
  }
  return Wrong(text, "a boolean: write true, on, yes, false, off or no");
}

absl::StatusOr<int64_t> ParseInteger(std::string_view text) {
  std::string_view digits = text;
  const bool negative = absl::ConsumePrefix(&digits, "-");
  if (!negative) absl::ConsumePrefix(&digits, "+");
  int base = 10;
  if (absl::StartsWithIgnoreCase(digits, "0x")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
  }
  if (digits.empty()) return Wrong(text, "a whole number");
  int64_t value = 0;
  for (const char c : digits) {
    int digit = base;
    if (absl::ascii_isdigit(c)) {
      digit = c - '0';
    } else if (absl::ascii_isxdigit(c)) {
      digit = absl::ascii_tolower(c) - 'a' + 10;
    }
    if (digit >= base) return Wrong(text, "a whole number");
    if (value > (std::numeric_limits<int64_t>::max() - digit) / base) {
      return absl::InvalidArgumentError(
          absl::StrCat(Quoted(text), " is too large a number"));
    }
    value = value * base + digit;
  }
  return negative ? -value : value;
}

absl::StatusOr<int64_t> ParseBytes(std::string_view text) {
  constexpr std::string_view kExpected =
      "a size: write bytes, or a number with KiB, MiB or GiB";
  std::string_view number = text;
  int64_t unit = 1;
  for (const BytesUnit& candidate : kBytesUnits) {
    if (ConsumeUnit(&number, candidate.suffix)) {
      unit = candidate.bytes;
      break;
    }
  }
  const absl::StatusOr<int64_t> count = ParseInteger(number);
  if (!count.ok()) return Wrong(text, kExpected);
  if (*count > std::numeric_limits<int64_t>::max() / unit ||
      *count < std::numeric_limits<int64_t>::min() / unit) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text), " is too large a size"));
  }
  return *count * unit;
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  const absl::StatusOr<int64_t> seconds = ParseInteger(text);
  absl::Duration duration;
  if (seconds.ok()) {
    duration = absl::Seconds(*seconds);
  } else if (!absl::ParseDuration(absl::AsciiStrToLower(text), &duration)) {
    return Wrong(text,
                 "a duration: write seconds, a number with ms, s, m or h, or "
                 "{ seconds, microseconds }");
  }
  if (duration == absl::InfiniteDuration() ||
      duration == -absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text), " is too long a time"));
  }
  return duration;
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  std::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    constexpr size_t kPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
    if (rest.empty() || rest.size() > kPathBytesMax) {
      return Wrong(text, absl::StrCat("unix: with a path of 1 to ",
                                      kPathBytesMax, " bytes behind it"));
    }
    return Address{AddressFamily::kUnix, std::string(rest)};
  }
  const bool only_ipv4 = absl::ConsumePrefix(&rest, "ipv4:");
  const bool only_ipv6 = !only_ipv4 && absl::ConsumePrefix(&rest, "ipv6:");
  const std::string host(rest);
  const std::string ipv4 = only_ipv6 ? "" : Canonical(AF_INET, host);
  if (!ipv4.empty()) return Address{AddressFamily::kIpv4, ipv4};
  const std::string ipv6 = only_ipv4 ? "" : Canonical(AF_INET6, host);
  if (!ipv6.empty()) return Address{AddressFamily::kIpv6, ipv6};
  if (only_ipv4) return Wrong(text, "ipv4: with an IPv4 address behind it");
  if (only_ipv6) return Wrong(text, "ipv6: with an IPv6 address behind it");
  return Wrong(text,
               "an IPv4 or IPv6 address or unix: and a path; host names are "
               "not supported by this version yet");
}

absl::StatusOr<LbMethod> ParseLbMethod(std::string_view text) {
  std::vector<std::string_view> names;
  for (const LbMethodName& candidate : kLbMethods) {
    if (absl::EqualsIgnoreCase(text, candidate.name)) return candidate.method;
    names.push_back(candidate.name);
  }
  return Wrong(
      text, absl::StrCat("a method: write rtt, roundrobin, random, most-idle "
                         "or none",
                         DidYouMean(text, names)));
}

absl::StatusOr<std::string> ParseToken(std::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("!#$%&'*+-.^_`|~", c)) {
      return Wrong(text, "a name without spaces and separators");
    }
  }
  return std::string(text);
}

absl::StatusOr<std::string> ParseFieldValue(std::string_view text) {
  const bool printable = std::all_of(
      text.begin(), text.end(), [](char c) { return absl::ascii_isprint(c); });
  if (!printable || absl::StripAsciiWhitespace(text) != text) {
    return Wrong(text, "the value of a header: printable ASCII characters");
  }
  return std::string(text);
}

absl::StatusOr<std::string> ParseLogOutput(std::string_view text) {
  std::string_view path = text;
  if (absl::StartsWithIgnoreCase(text, "syslog:")) {
    return absl::UnimplementedError(absl::StrCat(
        Quoted(text), ": syslog is not supported by this version yet"));
  }
  if (!absl::ConsumePrefix(&path, "file:") || path.empty()) {
    return Wrong(text, "file: with a path behind it");
  }
  return std::string(path);
}

absl::StatusOr<LogLevel> ParseLogLevel(std::string_view text) {
  static constexpr std::string_view kNames[] = {
      "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (absl::EqualsIgnoreCase(text, kNames[i])) {
      return static_cast<LogLevel>(i);
    }
  }
  return Wrong(text, absl::StrCat("a level: write emerg, alert, crit, error, "
                                  "warn, notice, info or debug",
                                  DidYouMean(text, kNames)));
}

std::string BytesText(size_t bytes) {
  std::string text = absl::StrCat(bytes);
  for (const BytesUnit& unit : kBytesUnits) {
    if (bytes != 0 && bytes % unit.bytes == 0) {
      text = absl::StrCat(bytes / unit.bytes, unit.suffix);
    }
  }
  return text;
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "off";
  return absl::FormatDuration(duration);
}

}  // namespace rproxy::config
