// The syntax tree of a configuration file.
//
// Parse() knows the shape of the language (sections, options, lists), not its
// words: which names exist and what they mean is the loader's business. It
// reports every mistake of the text and goes on behind it, so the tree holds
// what could be understood; a section that lost something is marked.
//
//   name = value            name += value
//   name = { a, b, }        name = {}
//   name { ... }            name title { ... }
//
// Threading: functions of their arguments, safe on any thread.

#ifndef RPROXY_DAEMON_CONFIG_SYNTAX_H_
#define RPROXY_DAEMON_CONFIG_SYNTAX_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rproxy/daemon/config/diagnostic.h"
#include "rproxy/daemon/config/lexer.h"

namespace rproxy::config {

// Larger files are refused: ten thousand vhosts take about 2 MiB.
inline constexpr size_t kFileBytesMax = 8 * 1024 * 1024;

// Sections inside sections. The deepest of the language are four.
inline constexpr int kNestingMax = 16;

struct Value {
  std::string text;
  Position position;
};

struct Option {
  std::string name;
  Position position;
  bool append = false;  // Written with +=.
  bool braced = false;  // Written as { ... }: a list, whatever its length.
  std::vector<Value> values;
};

struct Section {
  std::string keyword;  // Empty for the whole file.
  std::optional<Value> title;
  Position position;

  // Something inside did not parse: what seems to be missing may be there.
  bool damaged = false;

  std::vector<Option> options;    // In file order.
  std::vector<Section> sections;  // In file order.
};

// Parses `text`; the string behind `file` outlives the result. The result is
// the whole file as one section.
Section Parse(std::string_view text, std::string_view file,
              const Environment& environment, Diagnostics& diagnostics);

// Writes the contents of `root` so that parsing them gives the same tree, but
// for positions: names and values survive every byte.
std::string Print(const Section& root);

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_SYNTAX_H_
