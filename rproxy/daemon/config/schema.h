// The words of the configuration language: which options and sections exist,
// where, of what type, in what range.
//
// One table a section is the only place that names an option: the loader reads
// values by it, messages and suggestions come from it, and so will the
// reference page. A default is what the value struct holds (config.h).
//
// Threading: constant after the first use, safe on any thread.

#ifndef RPROXY_DAEMON_CONFIG_SCHEMA_H_
#define RPROXY_DAEMON_CONFIG_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/daemon/config/config.h"

namespace rproxy::config {

// What 0 means for a number that is bounded below by more.
enum class Zero {
  kIsANumber,
  kIsOff,      // Without limit: an infinite duration, the largest number.
  kIsDefault,  // The default, with a warning: 0 was "without limit" once.
};

// Where the value of an option goes, and what it may be. T is a value struct.
template <typename T>
struct BoolTarget {
  bool T::*member;
};

template <typename T>
struct CountTarget {
  size_t T::*member;
  size_t min;
  size_t max;
  Zero zero = Zero::kIsANumber;
};

template <typename T>
struct IntTarget {
  int T::*member;
  int min;
  int max;
};

template <typename T>
struct PortTarget {
  uint16_t T::*member;
  bool zero_for_tests = false;  // LoadOptions::allow_port_zero applies.
};

template <typename T>
struct BytesTarget {
  size_t T::*member;
  size_t min;
  size_t max;
  Zero zero = Zero::kIsANumber;
};

template <typename T>
struct DurationTarget {
  absl::Duration T::*member;
  absl::Duration min;
  Zero zero = Zero::kIsANumber;
};

template <typename T>
struct StringsTarget {
  std::vector<std::string> T::*member;
};

// What a text may be.
enum class TextKind {
  kNonEmpty,
  kTokenOrOff,       // RFC 9110 section 5.6.2; `off` is the empty text.
  kFieldValue,       // RFC 9110 section 5.5, in ASCII, not empty.
  kFieldValueOrOff,  // `off` is the empty text.
  kLogOutput,        // `file:` and a path, which is what is kept.
};

template <typename T>
struct TextTarget {
  std::string T::*member;
  TextKind kind;
};

template <typename T>
struct LogLevelTarget {
  LogLevel T::*member;
};

template <typename T>
struct AddressTarget {
  Address T::*member;
};

template <typename T>
struct LbMethodTarget {
  LbMethod T::*member;
};

// A UriMatch of this kind. Of several, the first in the table wins.
template <typename T>
struct UriMatchTarget {
  UriMatch T::*member;
  UriMatchKind kind;
};

// Known from the predecessor, refused for now.
struct UnsupportedTarget {
  bool false_is_fine = false;  // A boolean, and false asks for nothing.
};

template <typename T>
using Target =
    std::variant<BoolTarget<T>, CountTarget<T>, IntTarget<T>, PortTarget<T>,
                 BytesTarget<T>, DurationTarget<T>, StringsTarget<T>,
                 TextTarget<T>, LogLevelTarget<T>, AddressTarget<T>,
                 LbMethodTarget<T>, UriMatchTarget<T>, UnsupportedTarget>;

template <typename T>
struct OptionSchema {
  std::string_view name;
  Target<T> target;
  std::string_view doc;
  std::string_view alias = {};  // Another spelling, or empty.
};

// The longest duration that an option takes.
inline constexpr absl::Duration kDurationMax = absl::Hours(24 * 30);

// The options of the section that fills a T, one of the structs of config.h.
template <typename T>
absl::Span<const OptionSchema<T>> OptionsOf();

template <>
absl::Span<const OptionSchema<Config>> OptionsOf<Config>();
template <>
absl::Span<const OptionSchema<ServerConfig>> OptionsOf<ServerConfig>();
template <>
absl::Span<const OptionSchema<BackendConfig>> OptionsOf<BackendConfig>();
template <>
absl::Span<const OptionSchema<VhostConfig>> OptionsOf<VhostConfig>();
template <>
absl::Span<const OptionSchema<RuleConfig>> OptionsOf<RuleConfig>();
template <>
absl::Span<const OptionSchema<HeadersConfig>> OptionsOf<HeadersConfig>();
template <>
absl::Span<const OptionSchema<ErrorPageConfig>> OptionsOf<ErrorPageConfig>();
template <>
absl::Span<const OptionSchema<LoggingConfig>> OptionsOf<LoggingConfig>();
template <>
absl::Span<const OptionSchema<LogConfig>> OptionsOf<LogConfig>();

enum class SectionKind {
  kGlobal,  // The whole file.
  kServer,
  kBackend,
  kVhost,
  kRule,
  kHeaders,
  kErrorPage,
  kLogging,
  kRequestLog,
  kErrorLog,
  kUnsupported,
};

struct SectionSchema {
  SectionKind kind;
  std::string_view keyword;
  bool titled;
  bool repeated;
  std::string_view doc;
  std::string_view alias = {};
};

// The sections that may stand in a section of `parent`.
absl::Span<const SectionSchema> SectionsOf(SectionKind parent);

// Names and aliases of all options and sections in a section of this kind.
std::vector<std::string_view> OptionNames(SectionKind kind);
std::vector<std::string_view> SectionNames(SectionKind kind);

// `; it belongs in "server"`, or nothing when no section has this word.
std::string WhereOptionBelongs(std::string_view name);
std::string WhereSectionBelongs(std::string_view keyword);

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_SCHEMA_H_
