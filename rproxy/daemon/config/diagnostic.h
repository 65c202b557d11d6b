// What is wrong with a configuration, and where.
//
// Every stage (lexer, parser, loader) reports into one Diagnostics and goes
// on, so that one run shows all mistakes of a file. A Diagnostic owns its
// text and may outlive everything that it speaks of.
//
// Threading: a Diagnostics is used by one thread at a time.

#ifndef RPROXY_DAEMON_CONFIG_DIAGNOSTIC_H_
#define RPROXY_DAEMON_CONFIG_DIAGNOSTIC_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rproxy::config {

// A place in a configuration file. `file` is a view: the string that it names
// outlives every token and tree node with this position.
struct Position {
  std::string_view file;
  int line = 1;    // From 1.
  int column = 1;  // From 1, in bytes.
};

enum class Severity { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string file;
  int line = 1;
  int column = 1;
  std::string message;

  // "file:line: message", with "warning: " before the message of a warning.
  std::string ToString() const;
};

class Diagnostics {
 public:
  // Diagnostics kept. A file with more mistakes than this is not a
  // configuration file; what comes after them is only counted.
  static constexpr size_t kKeptMax = 200;

  void Error(const Position& position, std::string message);
  void Warning(const Position& position, std::string message);

  bool has_errors() const { return has_errors_; }

  // Hands over what was reported, in the order of the file, and forgets it.
  std::vector<Diagnostic> Take();

 private:
  void Add(Severity severity, const Position& position, std::string message);

  std::vector<Diagnostic> kept_;
  size_t dropped_ = 0;
  bool has_errors_ = false;
};

// `text` in double quotes, shortened and escaped for a one-line message.
std::string Quoted(std::string_view text);

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_DIAGNOSTIC_H_
