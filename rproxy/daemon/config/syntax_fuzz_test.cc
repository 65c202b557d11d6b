// Any bytes as a configuration file. Properties: a load ends, and gives a
// Config exactly if it reports no error; every diagnostic points into the
// file; printing a tree and parsing it again gives the same tree.

#include "rproxy/daemon/config/syntax.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rproxy/daemon/config/diagnostic.h"
#include "rproxy/daemon/config/lexer.h"
#include "rproxy/daemon/config/load.h"

namespace rproxy::config {
namespace {

void Require(bool property) {
  if (!property) __builtin_trap();
}

std::optional<std::string> Variable(const std::string& name) {
  if (name == "A") return "a b";
  if (name == "LONG") return std::string(kTokenBytesMax, 'l');
  return std::nullopt;
}

void CheckPlaces(std::string_view text, const LoadResult& loaded) {
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  bool any_error = false;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    Require(diagnostic.line >= 1 && diagnostic.line <= lines);
    Require(diagnostic.column >= 1);
    Require(static_cast<size_t>(diagnostic.column) <= text.size() + 1);
    Require(!diagnostic.message.empty());
    Require(diagnostic.ToString().find('\n') == std::string::npos);
    any_error = any_error || diagnostic.severity == Severity::kError;
  }
  Require(loaded.config.has_value() == !any_error);
}

void CheckPrinting(std::string_view text) {
  const Environment environment = Variable;
  Diagnostics first;
  const std::string printed = Print(Parse(text, "f", environment, first));
  // A value that was too long, and escapes that make it longer, are refused
  // by right; they were reported.
  if (first.has_errors()) return;
  Diagnostics second;
  const std::string again = Print(Parse(printed, "f", nullptr, second));
  Require(again == printed);
  Require(second.Take().empty());
}

}  // namespace
}  // namespace rproxy::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  rproxy::config::CheckPlaces(
      text, rproxy::config::LoadText(
                text, "f", {.environment = rproxy::config::Variable}));
  rproxy::config::CheckPrinting(text);
  return 0;
}
