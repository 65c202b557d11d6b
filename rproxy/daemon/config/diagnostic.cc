#include "rproxy/daemon/config/diagnostic.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace rproxy::config {
namespace {

// Long enough for any name or address, short enough for one line.
constexpr size_t kQuotedBytesMax = 80;

}  // namespace

std::string Diagnostic::ToString() const {
  return absl::StrCat(file, ":", line, ": ",
                      severity == Severity::kWarning ? "warning: " : "",
                      message);
}

void Diagnostics::Error(const Position& position, std::string message) {
  has_errors_ = true;
  Add(Severity::kError, position, std::move(message));
}

void Diagnostics::Warning(const Position& position, std::string message) {
  Add(Severity::kWarning, position, std::move(message));
}

void Diagnostics::Add(Severity severity, const Position& position,
                      std::string message) {
  if (kept_.size() >= kKeptMax) {
    ++dropped_;
    return;
  }
  kept_.push_back({.severity = severity,
                   .file = std::string(position.file),
                   .line = position.line,
                   .column = position.column,
                   .message = std::move(message)});
}

std::vector<Diagnostic> Diagnostics::Take() {
  std::vector<Diagnostic> taken = std::move(kept_);
  std::stable_sort(taken.begin(), taken.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.file, a.line, a.column) <
                            std::tie(b.file, b.line, b.column);
                   });
  if (dropped_ > 0) {
    // An error if any error was seen: it may be among those not kept.
    Diagnostic last = taken.back();
    last.severity = has_errors_ ? Severity::kError : Severity::kWarning;
    last.message = absl::StrCat(dropped_, " more messages are not shown");
    taken.push_back(std::move(last));
  }
  kept_.clear();
  dropped_ = 0;
  has_errors_ = false;
  return taken;
}

std::string Quoted(std::string_view text) {
  const bool shortened = text.size() > kQuotedBytesMax;
  return absl::StrCat("\"",
                      absl::Utf8SafeCHexEscape(text.substr(0, kQuotedBytesMax)),
                      shortened ? "...\"" : "\"");
}

}  // namespace rproxy::config
