// Log files that somebody else's thread may wait for.
//
//   absl::StatusOr<std::unique_ptr<LogWriter>> writer = LogWriter::Create({});
//   absl::StatusOr<LogSink*> sink = (*writer)->Open("/var/log/access.log");
//   (*sink)->Append("line\n", 1);        // From any thread; never waits.
//
// One thread writes what was appended, in order. Memory is bounded: when a disk
// or a reader is too slow, lines are dropped and counted. A write that fails
// drops what it had, and the next one tries again.
//
// Threading: any thread. One lock, held to move a string
// (docs/decisions/0003-log-writer.md).

#ifndef RPROXY_CORE_BASE_LOG_WRITER_H_
#define RPROXY_CORE_BASE_LOG_WRITER_H_

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "rproxy/core/base/unique_fd.h"

namespace rproxy {

struct LogWriterOptions {
  // Bytes of all sinks that wait to be written.
  size_t queued_bytes_max = 8 * 1024 * 1024;

  // How long the end waits for what is queued.
  absl::Duration finish_time_max = absl::Seconds(2);
};

class LogWriter;

// Where one log's lines go. Owned by its writer.
class LogSink {
 public:
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // Queues whole lines, `count` of them, each with its newline, to be written
  // together; or drops them all when too much is queued.
  void Append(std::string lines, size_t count);

  // Lines that were not written, for want of memory or because of an error.
  uint64_t dropped() const;

 private:
  friend class LogWriter;

  LogSink(LogWriter& writer, std::string path, UniqueFd fd);

  LogWriter& writer_;
  const std::string path_;
  uint64_t dropped_ = 0;  // Guarded by the writer's lock.
  // The rest belongs to the writer's thread.
  UniqueFd fd_;
  bool regular_ = false;
  bool failing_ = false;
  bool line_open_ = false;  // The last write ended inside a line.
};

class LogWriter {
 public:
  static absl::StatusOr<std::unique_ptr<LogWriter>> Create(
      const LogWriterOptions& options);

  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  // Writes what is queued, for as long as the options say. No sink may be used
  // any more.
  ~LogWriter();

  // Opens `path` for appending, and makes the file if there is none.
  // "/dev/stdout" and "/dev/stderr" are the process's own, whatever they are.
  // The same path gives the same sink.
  absl::StatusOr<LogSink*> Open(const std::string& path);

  // Opens every file anew, once what was appended before is written. A file
  // that cannot be opened stays the old one.
  void Reopen();

  // Waits until what was appended before is written or dropped.
  void Flush();

 private:
  friend class LogSink;

  struct Entry {
    LogSink* sink = nullptr;  // Null: reopen.
    std::string lines;
    size_t count = 0;
  };

  explicit LogWriter(const LogWriterOptions& options);
  static void* RunThread(void* self);
  void Run();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !queue_.empty() || stopping_;
  }
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return queue_.empty() && !busy_;
  }
  void Append(LogSink& sink, std::string lines, size_t count);
  void Write(const Entry& entry);
  void ReopenAll();
  // Errors: Unavailable when a reader was too slow for the end.
  absl::Status WriteAll(LogSink& sink, absl::string_view text);
  bool GiveUp() const;

  const LogWriterOptions options_;
  mutable absl::Mutex mutex_;
  std::deque<Entry> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time finish_by_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  std::vector<std::unique_ptr<LogSink>> sinks_ ABSL_GUARDED_BY(mutex_);
  bool started_ = false;
  pthread_t thread_{};
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BASE_LOG_WRITER_H_
