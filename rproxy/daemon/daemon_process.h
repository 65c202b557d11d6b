// The rproxy program, run as a process of its own.
//
//   DaemonProcess rproxy(path_of_program, {"--config", path_of_file});
//   if (!rproxy.WaitForErrors("serving http")) ...
//   rproxy.Signal(SIGTERM);
//   EXPECT_EQ(rproxy.Wait(), 0);
//
// Threading: one thread.

#ifndef RPROXY_DAEMON_DAEMON_PROCESS_H_
#define RPROXY_DAEMON_DAEMON_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rproxy/core/base/unique_fd.h"

namespace rproxy {

class DaemonProcess {
 public:
  DaemonProcess(const std::string& program,
                const std::vector<std::string>& arguments);
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;
  // Kills the process if it still runs.
  ~DaemonProcess();

  // Reads standard error until it holds `mark`. False if it ends before, or
  // nothing more comes for ten seconds.
  bool WaitForErrors(absl::string_view mark);

  void Signal(int number);

  // Waits until the process ends; its exit status, or minus the signal that
  // ended it. Kills it after ten seconds without a word.
  int Wait();

  // What was read so far.
  const std::string& output() const { return output_; }
  const std::string& errors() const { return errors_; }

  pid_t pid() const { return pid_; }
  // The most memory that was ever resident (VmHWM); 0 if that is not known.
  size_t ResidentBytesMax() const;

 private:
  // Reads what comes next. False after the end of both streams, or ten
  // seconds.
  bool ReadMore();

  pid_t pid_ = -1;  // Until it was waited for.
  UniqueFd output_fd_;
  UniqueFd errors_fd_;
  std::string output_;
  std::string errors_;
};

// A new directory with a short path (those of Unix sockets are limited), for
// configuration files and sockets. Removed with the files in it.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  std::string Path(absl::string_view name) const;
  // Writes a file and returns its path.
  std::string Write(absl::string_view name, absl::string_view text) const;

 private:
  std::string path_;
};

// A port of 127.0.0.1 that nobody else gets while this lives: it is bound, but
// not listened on, in a way that lets a server of the same user listen there.
class ReservedPort {
 public:
  ReservedPort();
  uint16_t port() const { return port_; }

 private:
  UniqueFd fd_;
  uint16_t port_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_DAEMON_DAEMON_PROCESS_H_
