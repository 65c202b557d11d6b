#include "rproxy/core/base/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {
namespace {

// How often a write that has to wait looks whether it is time to stop.
constexpr int kPollMillis = 100;

absl::StatusOr<UniqueFd> OpenLog(const std::string& path) {
  int fd = -1;
  // The process's own cannot be opened by name when they are sockets.
  if (path == "/dev/stdout") {
    fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  } else if (path == "/dev/stderr") {
    fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  } else {
    // Group and others may read what the umask lets them. Non-blocking, so
    // that a pipe without a reader is an error and no trap.
    fd = open(path.c_str(),
              O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  }
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  return UniqueFd(fd);
}

bool IsRegular(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LogSink::LogSink(LogWriter& writer, std::string path, UniqueFd fd)
    : writer_(writer),
      path_(std::move(path)),
      fd_(std::move(fd)),
      regular_(IsRegular(fd_.get())) {}

void LogSink::Append(std::string lines, size_t count) {
  writer_.Append(*this, std::move(lines), count);
}

uint64_t LogSink::dropped() const {
  absl::MutexLock lock(&writer_.mutex_);
  return dropped_;
}

LogWriter::LogWriter(const LogWriterOptions& options) : options_(options) {}

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Create(
    const LogWriterOptions& options) {
  auto writer = absl::WrapUnique(new LogWriter(options));
  // A new thread inherits the mask: signals are for the threads that wait for
  // them.
  sigset_t all, old;
  sigfillset(&all);
  CHECK_EQ(0, pthread_sigmask(SIG_SETMASK, &all, &old));
  const int error =
      pthread_create(&writer->thread_, nullptr, &RunThread, writer.get());
  CHECK_EQ(0, pthread_sigmask(SIG_SETMASK, &old, nullptr));
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start a thread");
  writer->started_ = true;
  pthread_setname_np(writer->thread_, "log-writer");
  return writer;
}

LogWriter::~LogWriter() {
  if (!started_) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    finish_by_ = absl::Now() + options_.finish_time_max;
  }
  CHECK_EQ(0, pthread_join(thread_, nullptr));
}

absl::StatusOr<LogSink*> LogWriter::Open(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  for (const std::unique_ptr<LogSink>& sink : sinks_) {
    if (sink->path_ == path) return sink.get();
  }
  absl::StatusOr<UniqueFd> fd = OpenLog(path);
  if (!fd.ok()) return fd.status();
  sinks_.push_back(absl::WrapUnique(new LogSink(*this, path, *std::move(fd))));
  return sinks_.back().get();
}

void LogWriter::Reopen() {
  absl::MutexLock lock(&mutex_);
  queue_.push_back({});
}

void LogWriter::Flush() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &LogWriter::Idle));
}

void LogWriter::Append(LogSink& sink, std::string lines, size_t count) {
  absl::MutexLock lock(&mutex_);
  if (queued_bytes_ + lines.size() > options_.queued_bytes_max) {
    sink.dropped_ += count;
    return;
  }
  queued_bytes_ += lines.size();
  queue_.push_back({&sink, std::move(lines), count});
}

// --- The writer's thread -------------------------------------------------

void* LogWriter::RunThread(void* self) {
  static_cast<LogWriter*>(self)->Run();
  return nullptr;
}

void LogWriter::Run() {
  while (true) {
    Entry entry;
    {
      absl::MutexLock lock(&mutex_);
      busy_ = false;
      mutex_.Await(absl::Condition(this, &LogWriter::HasWork));
      if (queue_.empty()) return;
      entry = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
    }
    if (entry.sink == nullptr) {
      ReopenAll();
    } else {
      Write(entry);
    }
    absl::MutexLock lock(&mutex_);
    // Counted until it is written, so that the bound holds for all of it.
    queued_bytes_ -= entry.lines.size();
  }
}

void LogWriter::Write(const Entry& entry) {
  LogSink& sink = *entry.sink;
  // What a failed write left of a line must not run into the next one.
  absl::Status status;
  if (sink.line_open_) status = WriteAll(sink, "\n");
  if (status.ok()) status = WriteAll(sink, entry.lines);
  if (status.ok()) {
    if (sink.failing_) LOG(INFO) << sink.path_ << ": written again";
    sink.failing_ = false;
    return;
  }
  if (!sink.failing_) {
    LOG(WARNING) << sink.path_ << ": lines are lost: " << status.message();
  }
  sink.failing_ = true;
  absl::MutexLock lock(&mutex_);
  // Some may have been written; which, matters less than that some are lost.
  sink.dropped_ += entry.count;
}

absl::Status LogWriter::WriteAll(LogSink& sink, absl::string_view text) {
  while (!text.empty()) {
    pollfd ready = {.fd = sink.fd_.get(), .events = POLLOUT, .revents = 0};
    if (!sink.regular_) {
      const bool last_chance = GiveUp();
      if (poll(&ready, 1, last_chance ? 0 : kPollMillis) == 0) {
        if (!last_chance) continue;
        return absl::UnavailableError("the reader is too slow");
      }
    }
    // A pipe that is ready takes this much without waiting.
    const size_t size =
        sink.regular_ ? text.size() : std::min<size_t>(text.size(), PIPE_BUF);
    const ssize_t written = write(sink.fd_.get(), text.data(), size);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0) return absl::ErrnoToStatus(errno, "cannot write");
    if (written == 0) return absl::UnavailableError("nothing can be written");
    sink.line_open_ = text[written - 1] != '\n';
    text.remove_prefix(written);
  }
  return absl::OkStatus();
}

bool LogWriter::GiveUp() const {
  absl::MutexLock lock(&mutex_);
  return absl::Now() >= finish_by_;
}

void LogWriter::ReopenAll() {
  std::vector<LogSink*> sinks;
  {
    absl::MutexLock lock(&mutex_);
    for (const std::unique_ptr<LogSink>& sink : sinks_) {
      sinks.push_back(sink.get());
    }
  }
  for (LogSink* sink : sinks) {
    absl::StatusOr<UniqueFd> fd = OpenLog(sink->path_);
    if (!fd.ok()) {
      LOG(WARNING) << fd.status().message() << "; the old file is kept";
      continue;
    }
    sink->fd_ = *std::move(fd);
    sink->regular_ = IsRegular(sink->fd_.get());
    sink->line_open_ = false;
  }
}

}  // namespace rproxy
