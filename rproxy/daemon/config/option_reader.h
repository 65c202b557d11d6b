// Fills a value struct from the options of a section, by its table.
//
// ReadOptions() reports unknown options, wrong values and values out of range;
// such an option leaves its member alone. What concerns several options or
// sections is the loader's business.
//
// Threading: functions of their arguments, safe on any thread.

#ifndef RPROXY_DAEMON_CONFIG_OPTION_READER_H_
#define RPROXY_DAEMON_CONFIG_OPTION_READER_H_

#include <string>
#include <string_view>

#include "rproxy/daemon/config/diagnostic.h"
#include "rproxy/daemon/config/schema.h"
#include "rproxy/daemon/config/syntax.h"

namespace rproxy::config {

struct ReadContext {
  SectionKind kind;
  std::string name;  // How messages call the section: `rule "static"`.
  bool allow_port_zero;
  Diagnostics& diagnostics;

  void Error(const Position& position, std::string_view message) const;
  void Warning(const Position& position, std::string_view message) const;
};

// For each T that has an OptionsOf.
template <typename T>
void ReadOptions(const Section& section, const ReadContext& context, T& into);

// The last option of this name, in any case, or null.
const Option* FindOption(const Section& section, std::string_view name);

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_OPTION_READER_H_
