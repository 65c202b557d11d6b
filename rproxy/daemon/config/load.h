// From a configuration file to a Config that is fit for use.
//
//   LoadResult loaded = LoadFile(path, {.environment = ProcessEnvironment()});
//   std::cerr << Text(loaded.diagnostics);
//   if (!loaded.config) return 1;
//
// A load reports everything that it finds, sorted by place; there is a Config
// exactly if nothing of that is an error. It opens no port, asks no name
// server and changes nothing.
//
// Threading: functions of their arguments; ProcessEnvironment() reads the
// process environment, ProcessFiles() files, when the load runs.

#ifndef RPROXY_DAEMON_CONFIG_LOAD_H_
#define RPROXY_DAEMON_CONFIG_LOAD_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "rproxy/daemon/config/config.h"
#include "rproxy/daemon/config/diagnostic.h"
#include "rproxy/daemon/config/lexer.h"

namespace rproxy::config {

// What the file at a path holds. A configuration may name files that are part
// of it, such as error pages.
using FileReader =
    std::function<absl::StatusOr<std::string>(const std::string& path)>;

// The longest error page.
inline constexpr size_t kPageBytesMax = 256 * 1024;

struct LoadOptions {
  // Values for ${...}.
  Environment environment = {};

  // Without one, no file can be read.
  FileReader read_file = {};

  // Lets a server listen on port 0, a free one. For tests.
  bool allow_port_zero = false;
};

struct LoadResult {
  std::optional<Config> config;
  std::vector<Diagnostic> diagnostics;  // Errors and warnings.
};

// Loads `text`; `file` is what diagnostics call it.
LoadResult LoadText(std::string_view text, std::string_view file,
                    const LoadOptions& options);

// Reads and loads the file at `path`. One that cannot be read is an error at
// its line 1.
LoadResult LoadFile(const std::string& path, const LoadOptions& options);

// One line a diagnostic, each with its newline.
std::string Text(absl::Span<const Diagnostic> diagnostics);

Environment ProcessEnvironment();

// Reads files of at most kPageBytesMax bytes; relative paths begin in the
// working directory.
FileReader ProcessFiles();

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_LOAD_H_
