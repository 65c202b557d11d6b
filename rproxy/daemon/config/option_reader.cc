#include "rproxy/daemon/config/option_reader.h"

#include <cstdint>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rproxy/daemon/config/config.h"
#include "rproxy/daemon/config/suggestion.h"
#include "rproxy/daemon/config/values.h"

namespace rproxy::config {
namespace {

absl::Status OutOfRange(std::string_view text, std::string_view min,
                        std::string_view max) {
  return absl::OutOfRangeError(absl::StrCat(
      Quoted(text), " is out of range, allowed is ", min, " to ", max));
}

// The one value of an option that is no list.
absl::StatusOr<std::string_view> Single(const Option& option) {
  if (option.append) {
    return absl::InvalidArgumentError(
        "takes one value, and += works for lists only");
  }
  if (option.braced) {
    return absl::InvalidArgumentError("takes one value, not a list");
  }
  return std::string_view(option.values.front().text);
}

absl::StatusOr<int64_t> NumberInRange(const Option& option, int64_t min,
                                      int64_t max) {
  const absl::StatusOr<std::string_view> text = Single(option);
  if (!text.ok()) return text.status();
  const absl::StatusOr<int64_t> number = ParseInteger(*text);
  if (!number.ok()) return number.status();
  if (*number < min || *number > max) {
    return OutOfRange(*text, absl::StrCat(min), absl::StrCat(max));
  }
  return *number;
}

// { seconds, microseconds }, { one duration } or one duration.
absl::StatusOr<absl::Duration> DurationOf(const Option& option) {
  if (option.append) {
    return absl::InvalidArgumentError(
        "is one duration, and += works for lists only");
  }
  if (option.values.empty() || option.values.size() > 2) {
    return absl::InvalidArgumentError(
        "takes { seconds, microseconds } or one duration");
  }
  if (option.values.size() == 1) return ParseDuration(option.values[0].text);
  const absl::StatusOr<int64_t> seconds = ParseInteger(option.values[0].text);
  if (!seconds.ok()) return seconds.status();
  const absl::StatusOr<int64_t> micros = ParseInteger(option.values[1].text);
  if (!micros.ok()) return micros.status();
  if (*seconds < 0 || *micros < 0) {
    return absl::OutOfRangeError("has a negative part");
  }
  return absl::Seconds(*seconds) + absl::Microseconds(*micros);
}

// Reads one option into one struct. One overload a kind of target; each gives
// the value to its member or a message without the option's name.
template <typename T>
class Assigner {
 public:
  Assigner(const Option& option, const ReadContext& context, T& into)
      : option_(option), context_(context), into_(into) {}

  absl::Status operator()(const BoolTarget<T>& target) const {
    return Set(target.member, Parsed(ParseBool));
  }

  absl::Status operator()(const CountTarget<T>& target) const {
    const bool zero_allowed = target.zero != Zero::kIsANumber;
    const absl::StatusOr<int64_t> number =
        NumberInRange(option_, zero_allowed ? 0 : target.min, target.max);
    if (!number.ok()) return number.status();
    return SetNumber(target.member, *number, target.zero,
                     absl::StrCat(Defaults().*target.member));
  }

  absl::Status operator()(const IntTarget<T>& target) const {
    return Set(target.member, NumberInRange(option_, target.min, target.max));
  }

  absl::Status operator()(const PortTarget<T>& target) const {
    const bool zero_allowed = target.zero_for_tests && context_.allow_port_zero;
    return Set(target.member,
               NumberInRange(option_, zero_allowed ? 0 : 1, UINT16_MAX));
  }

  absl::Status operator()(const BytesTarget<T>& target) const {
    const bool zero_allowed = target.zero != Zero::kIsANumber;
    const absl::StatusOr<int64_t> bytes = Parsed(ParseBytes);
    if (!bytes.ok()) return bytes.status();
    const int64_t min = zero_allowed ? 0 : static_cast<int64_t>(target.min);
    if (*bytes < min || *bytes > static_cast<int64_t>(target.max)) {
      return OutOfRange(option_.values.front().text, BytesText(target.min),
                        BytesText(target.max));
    }
    return SetNumber(target.member, *bytes, target.zero,
                     BytesText(Defaults().*target.member));
  }

  absl::Status operator()(const DurationTarget<T>& target) const {
    absl::StatusOr<absl::Duration> duration = DurationOf(option_);
    if (!duration.ok()) return duration.status();
    if (*duration == absl::ZeroDuration() && target.zero == Zero::kIsOff) {
      duration = absl::InfiniteDuration();
    } else if (*duration < target.min || *duration > kDurationMax) {
      return OutOfRange(DurationText(*duration), DurationText(target.min),
                        DurationText(kDurationMax));
    }
    return Set(target.member, std::move(duration));
  }

  absl::Status operator()(const StringsTarget<T>& target) const {
    std::vector<std::string>& list = into_.*target.member;
    if (!option_.append) list.clear();
    for (const Value& value : option_.values) list.push_back(value.text);
    return absl::OkStatus();
  }

  absl::Status operator()(const TextTarget<T>& target) const {
    const absl::StatusOr<std::string_view> text = Single(option_);
    if (!text.ok()) return text.status();
    if (text->empty()) return absl::InvalidArgumentError("is empty");
    const bool off = absl::EqualsIgnoreCase(*text, "off");
    switch (target.kind) {
      case TextKind::kNonEmpty:
        into_.*target.member = std::string(*text);
        return absl::OkStatus();
      case TextKind::kTokenOrOff:
        return Set(target.member, off ? "" : ParseToken(*text));
      case TextKind::kFieldValue:
        return Set(target.member, ParseFieldValue(*text));
      case TextKind::kFieldValueOrOff:
        return Set(target.member, off ? "" : ParseFieldValue(*text));
      case TextKind::kLogOutput:
        return Set(target.member, ParseLogOutput(*text));
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const LogLevelTarget<T>& target) const {
    return Set(target.member, Parsed(ParseLogLevel));
  }

  absl::Status operator()(const AddressTarget<T>& target) const {
    return Set(target.member, Parsed(ParseAddress));
  }

  absl::Status operator()(const LbMethodTarget<T>& target) const {
    return Set(target.member, Parsed(ParseLbMethod));
  }

  absl::Status operator()(const UriMatchTarget<T>& target) const {
    const absl::StatusOr<std::string_view> text = Single(option_);
    if (!text.ok()) return text.status();
    if (text->empty()) return absl::InvalidArgumentError("is empty");
    UriMatch& match = into_.*target.member;
    // Exact comes before glob, wherever they stand.
    if (match.pattern.empty() || target.kind <= match.kind) {
      match = {target.kind, std::string(*text)};
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const UnsupportedTarget& target) const {
    if (target.false_is_fine) {
      const absl::StatusOr<bool> wanted = Parsed(ParseBool);
      if (!wanted.ok()) return wanted.status();
      if (!*wanted) return absl::OkStatus();
    }
    return absl::UnimplementedError("is not supported by this version yet");
  }

 private:
  // Behind a pointer, because gcc 12 takes a member pointer into a temporary
  // of another T for an access out of bounds.
  static const T& Defaults() {
    static const T* const defaults = new T();
    return *defaults;
  }

  template <typename Value>
  absl::StatusOr<Value> Parsed(
      absl::StatusOr<Value> (*parse)(std::string_view)) const {
    const absl::StatusOr<std::string_view> text = Single(option_);
    if (!text.ok()) return text.status();
    return parse(*text);
  }

  template <typename Member, typename Value>
  absl::Status Set(Member T::*member, absl::StatusOr<Value> value) const {
    if (!value.ok()) return value.status();
    into_.*member = static_cast<Member>(*std::move(value));
    return absl::OkStatus();
  }

  // That 0 stands for the default is worth a word.
  absl::Status SetNumber(size_t T::*member, int64_t number, Zero zero,
                         std::string_view default_text) const {
    if (number == 0 && zero == Zero::kIsOff) {
      into_.*member = SIZE_MAX;
    } else if (number == 0 && zero == Zero::kIsDefault) {
      context_.Warning(
          option_.values.front().position,
          absl::StrCat("option ", Quoted(option_.name),
                       ": 0 does not mean \"without limit\"; the default, ",
                       default_text, ", is used"));
      into_.*member = Defaults().*member;
    } else {
      into_.*member = static_cast<size_t>(number);
    }
    return absl::OkStatus();
  }

  const Option& option_;
  const ReadContext& context_;
  T& into_;
};

template <typename T>
const OptionSchema<T>* FindSchema(std::string_view name) {
  for (const OptionSchema<T>& schema : OptionsOf<T>()) {
    if (absl::EqualsIgnoreCase(name, schema.name) ||
        (!schema.alias.empty() && absl::EqualsIgnoreCase(name, schema.alias))) {
      return &schema;
    }
  }
  return nullptr;
}

void ReportUnknown(const Option& option, const ReadContext& context) {
  for (const std::string_view keyword : SectionNames(context.kind)) {
    if (absl::EqualsIgnoreCase(option.name, keyword)) {
      context.Error(option.position,
                    absl::StrCat(Quoted(option.name),
                                 " is a section: write its options in { } "
                                 "and no \"=\""));
      return;
    }
  }
  std::string hint = WhereOptionBelongs(option.name);
  if (hint.empty()) {
    hint = DidYouMean(option.name, OptionNames(context.kind));
  }
  context.Error(option.position,
                absl::StrCat("unknown option ", Quoted(option.name), hint));
}

// Whether `option` sets again what an option before it set.
template <typename T>
const Option* EarlierOf(const Section& section, const Option& option,
                        const OptionSchema<T>* schema) {
  for (const Option& other : section.options) {
    if (&other == &option) return nullptr;
    if (FindSchema<T>(other.name) == schema) return &other;
  }
  return nullptr;
}

}  // namespace

void ReadContext::Error(const Position& position,
                        std::string_view message) const {
  diagnostics.Error(position, name.empty() ? std::string(message)
                                           : absl::StrCat(name, ": ", message));
}

void ReadContext::Warning(const Position& position,
                          std::string_view message) const {
  diagnostics.Warning(position, name.empty()
                                    ? std::string(message)
                                    : absl::StrCat(name, ": ", message));
}

template <typename T>
void ReadOptions(const Section& section, const ReadContext& context, T& into) {
  for (const Option& option : section.options) {
    const OptionSchema<T>* schema = FindSchema<T>(option.name);
    if (schema == nullptr) {
      ReportUnknown(option, context);
      continue;
    }
    const absl::Status status =
        std::visit(Assigner<T>(option, context, into), schema->target);
    if (!status.ok()) {
      const Position& position = option.values.empty()
                                     ? option.position
                                     : option.values.front().position;
      const bool verb = absl::StartsWith(status.message(), "\"");
      context.Error(position,
                    absl::StrCat("option ", Quoted(option.name),
                                 verb ? ": " : " ", status.message()));
      continue;
    }
    const Option* earlier =
        option.append ? nullptr : EarlierOf<T>(section, option, schema);
    if (earlier != nullptr) {
      context.Warning(
          option.position,
          absl::StrCat("option ", Quoted(option.name),
                       " replaces the value of line ", earlier->position.line));
    }
  }
}

const Option* FindOption(const Section& section, std::string_view name) {
  const Option* found = nullptr;
  for (const Option& option : section.options) {
    if (absl::EqualsIgnoreCase(option.name, name)) found = &option;
  }
  return found;
}

template void ReadOptions(const Section&, const ReadContext&, Config&);
template void ReadOptions(const Section&, const ReadContext&, ServerConfig&);
template void ReadOptions(const Section&, const ReadContext&, BackendConfig&);
template void ReadOptions(const Section&, const ReadContext&, VhostConfig&);
template void ReadOptions(const Section&, const ReadContext&, RuleConfig&);
template void ReadOptions(const Section&, const ReadContext&, HeadersConfig&);
template void ReadOptions(const Section&, const ReadContext&, ErrorPageConfig&);
template void ReadOptions(const Section&, const ReadContext&, LoggingConfig&);
template void ReadOptions(const Section&, const ReadContext&, LogConfig&);

}  // namespace rproxy::config
