// The rproxy daemon: reads its configuration, serves, stops.

#include <cstdio>
#include <iostream>

#include "gflags/gflags.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/daemon/config/load.h"
#include "rproxy/daemon/daemon.h"
#include "rproxy/daemon/flags.h"
#include "rproxy/daemon/version.h"

int main(int argc, char** argv) {
  // Standard error unless glog's own flags say otherwise.
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);

  const absl::StatusOr<rproxy::Flags> flags = rproxy::ParseFlags(argc, argv);
  if (!flags.ok()) {
    std::cerr << "rproxy: " << flags.status().message() << "\n\n"
              << rproxy::kUsage;
    return 1;
  }
  if (flags->help) {
    std::cout << rproxy::kUsage;
    return 0;
  }
  if (flags->version) {
    std::cout << "rproxy " << rproxy::kVersion << "\n";
    return 0;
  }

  const rproxy::config::LoadResult loaded = rproxy::config::LoadFile(
      flags->config, {.environment = rproxy::config::ProcessEnvironment(),
                      .read_file = rproxy::config::ProcessFiles()});
  std::cerr << rproxy::config::Text(loaded.diagnostics);
  if (!loaded.config) return 1;
  if (flags->check) {
    std::cout << flags->config << ": the configuration is right\n";
    return 0;
  }

  const absl::StatusOr<std::unique_ptr<rproxy::Daemon>> daemon =
      rproxy::Daemon::Create(*loaded.config);
  if (!daemon.ok()) {
    std::cerr << "rproxy: " << daemon.status().message() << "\n";
    return 1;
  }
  (*daemon)->Run();
  return 0;
}
