// The command line.
//
// Threading: call once, at start.

#ifndef RPROXY_DAEMON_FLAGS_H_
#define RPROXY_DAEMON_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"

namespace rproxy {

struct Flags {
  std::string config;  // Path of the configuration file.
  bool check = false;  // Only say whether the file is right.
  bool help = false;
  bool version = false;
};

// Understands `--config=FILE` and the predecessor's form, a bare FILE. An
// error says what is wrong with the command line in one line.
absl::StatusOr<Flags> ParseFlags(int argc, char** argv);

// What --help prints.
extern const char kUsage[];

}  // namespace rproxy

#endif  // RPROXY_DAEMON_FLAGS_H_
