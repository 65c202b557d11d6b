#include "rproxy/daemon/flags.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gflags/gflags.h"

DEFINE_string(config, "", "path of the configuration file");
DEFINE_bool(check, false, "check the configuration and exit");

namespace rproxy {
namespace {

absl::Status MoreThanOneFile(absl::string_view one, absl::string_view other) {
  return absl::InvalidArgumentError(absl::StrCat(
      "more than one configuration file: \"", one, "\" and \"", other, "\""));
}

}  // namespace

const char kUsage[] =
    "Usage: rproxy --config=FILE\n"
    "       rproxy FILE\n"
    "\n"
    "A reverse HTTP proxy. Serves in the foreground until SIGTERM or SIGINT.\n"
    "\n"
    "  --config=FILE  the configuration file\n"
    "  --check, -t    check the configuration and exit with 0 or 1\n"
    "  --version      print the version and exit\n"
    "  --help, -h     print this and exit\n";

absl::StatusOr<Flags> ParseFlags(int argc, char** argv) {
  Flags flags;
  std::string file;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "-h" || argument == "-help" || argument == "--help") {
      flags.help = true;
      return flags;
    }
    if (argument == "--version" || argument == "-version") {
      flags.version = true;
      return flags;
    }
    // gflags spells flags with one dash or two, and ends the process on one
    // that it does not know; ask it first.
    if (argument == "-t") {
      FLAGS_check = true;
    } else if (absl::StartsWith(argument, "-") && argument.size() > 1) {
      absl::string_view name = argument.substr(argument[1] == '-' ? 2 : 1);
      const size_t equals = name.find('=');
      std::string value = "true";
      if (equals != absl::string_view::npos) {
        value = std::string(name.substr(equals + 1));
        name = name.substr(0, equals);
      } else if (name == "config") {
        if (++i == argc) {
          return absl::InvalidArgumentError("--config needs a file name");
        }
        value = argv[i];
      }
      if (name == "config" && !FLAGS_config.empty()) {
        return MoreThanOneFile(FLAGS_config, value);
      }
      if (gflags::SetCommandLineOption(std::string(name).c_str(), value.c_str())
              .empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("bad option \"", argument, "\""));
      }
    } else if (!file.empty()) {
      return MoreThanOneFile(file, argument);
    } else {
      file = std::string(argument);
    }
  }
  flags.check = FLAGS_check;
  flags.config = FLAGS_config;
  if (!file.empty() && !flags.config.empty()) {
    return MoreThanOneFile(flags.config, file);
  }
  if (flags.config.empty()) flags.config = file;
  if (flags.config.empty()) {
    return absl::InvalidArgumentError("no configuration file is named");
  }
  return flags;
}

}  // namespace rproxy
