#include "rproxy/core/base/log_writer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

std::string PathOf(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/log_writer_test.", getpid(), ".",
                      name);
}

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::unique_ptr<LogWriter> MakeWriter(const LogWriterOptions& options = {}) {
  absl::StatusOr<std::unique_ptr<LogWriter>> writer =
      LogWriter::Create(options);
  EXPECT_TRUE(writer.ok()) << writer.status();
  return *std::move(writer);
}

LogSink* OpenSink(LogWriter& writer, const std::string& path) {
  const absl::StatusOr<LogSink*> sink = writer.Open(path);
  EXPECT_TRUE(sink.ok()) << sink.status();
  return sink.ok() ? *sink : nullptr;
}

// A pipe that nobody reads from, full, under a name.
class FullPipe {
 public:
  explicit FullPipe(absl::string_view name) : path_(PathOf(name)) {
    unlink(path_.c_str());
    EXPECT_EQ(0, mkfifo(path_.c_str(), 0600));
    reader_ = UniqueFd(open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const UniqueFd writer(
        open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    const std::string block(4096, '.');
    while (write(writer.get(), block.data(), block.size()) > 0) {
    }
  }
  ~FullPipe() { unlink(path_.c_str()); }

  const std::string& path() const { return path_; }

  // Reads until `end` has come.
  std::string ReadUntil(absl::string_view end) {
    std::string text;
    char buffer[4096];
    while (text.find(end) == text.npos) {
      const ssize_t count = read(reader_.get(), buffer, sizeof(buffer));
      if (count > 0) text.append(buffer, count);
    }
    return text;
  }

 private:
  const std::string path_;
  UniqueFd reader_;
};

TEST(LogWriterTest, LinesAreAppendedInOrder) {
  const std::string path = PathOf("order");
  std::ofstream(path) << "old\n";
  std::unique_ptr<LogWriter> writer = MakeWriter();
  LogSink* sink = OpenSink(*writer, path);
  std::string expected = "old\n";
  for (int i = 0; i < 1000; ++i) {
    const std::string line = absl::StrCat("line ", i, "\n");
    sink->Append(line, 1);
    expected += line;
  }
  writer->Flush();
  EXPECT_EQ(Read(path), expected);
  EXPECT_EQ(sink->dropped(), 0u);
}

TEST(LogWriterTest, EndWritesWhatIsQueued) {
  const std::string path = PathOf("end");
  std::string expected;
  {
    std::unique_ptr<LogWriter> writer = MakeWriter();
    LogSink* sink = OpenSink(*writer, path);
    for (int i = 0; i < 100; ++i) {
      sink->Append("line\n", 1);
      expected += "line\n";
    }
  }
  EXPECT_EQ(Read(path), expected);
}

TEST(LogWriterTest, ThreadsDoNotMixTheirLines) {
  const std::string path = PathOf("threads");
  std::unique_ptr<LogWriter> writer = MakeWriter();
  LogSink* sink = OpenSink(*writer, path);
  std::vector<std::thread> threads;
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([sink, c] {
      for (int i = 0; i < 500; ++i) sink->Append(std::string(50, c) + "\n", 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer->Flush();
  std::istringstream lines(Read(path));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(line, std::string(50, line[0]));
  }
  EXPECT_EQ(count, 2000);
}

TEST(LogWriterTest, OnePathIsOneSink) {
  std::unique_ptr<LogWriter> writer = MakeWriter();
  EXPECT_EQ(OpenSink(*writer, PathOf("one")), OpenSink(*writer, PathOf("one")));
  EXPECT_NE(OpenSink(*writer, PathOf("one")),
            OpenSink(*writer, PathOf("other")));
}

TEST(LogWriterTest, FileThatCannotBeOpenedIsAnError) {
  std::unique_ptr<LogWriter> writer = MakeWriter();
  const absl::StatusOr<LogSink*> sink = writer->Open("/no/such/folder/log");
  EXPECT_FALSE(sink.ok());
  EXPECT_NE(sink.status().message().find("/no/such/folder/log"),
            std::string::npos);
}

TEST(LogWriterTest, ReopenGoesOnInANewFile) {
  const std::string path = PathOf("reopen");
  std::unique_ptr<LogWriter> writer = MakeWriter();
  LogSink* sink = OpenSink(*writer, path);
  sink->Append("before\n", 1);
  writer->Flush();
  ASSERT_EQ(0, rename(path.c_str(), (path + ".1").c_str()));
  sink->Append("still\n", 1);
  writer->Reopen();
  sink->Append("after\n", 1);
  writer->Flush();
  EXPECT_EQ(Read(path + ".1"), "before\nstill\n");
  EXPECT_EQ(Read(path), "after\n");
}

TEST(LogWriterTest, ReopenThatFailsKeepsTheOldFile) {
  const std::string folder = PathOf("folder");
  const std::string moved = folder + ".moved";
  ASSERT_EQ(0, mkdir(folder.c_str(), 0700));
  std::unique_ptr<LogWriter> writer = MakeWriter();
  LogSink* sink = OpenSink(*writer, folder + "/log");
  ASSERT_EQ(0, rename(folder.c_str(), moved.c_str()));
  writer->Reopen();
  sink->Append("kept\n", 1);
  writer->Flush();
  EXPECT_EQ(Read(moved + "/log"), "kept\n");
}

TEST(LogWriterTest, FullDiskLosesLinesAndNothingElse) {
  std::unique_ptr<LogWriter> writer = MakeWriter();
  LogSink* full = OpenSink(*writer, "/dev/full");
  LogSink* fine = OpenSink(*writer, PathOf("fine"));
  full->Append("a\nb\n", 2);
  full->Append("c\n", 1);
  fine->Append("d\n", 1);
  writer->Flush();
  EXPECT_EQ(full->dropped(), 3u);
  EXPECT_EQ(Read(PathOf("fine")), "d\n");
}

TEST(LogWriterTest, StalledReaderLosesLinesInsteadOfMemory) {
  FullPipe pipe("stalled");
  std::unique_ptr<LogWriter> writer = MakeWriter({.queued_bytes_max = 1000});
  LogSink* sink = OpenSink(*writer, pipe.path());
  for (int i = 0; i < 100; ++i) sink->Append(std::string(99, 'x') + "\n", 1);
  EXPECT_EQ(sink->dropped(), 90u);
  // What was queued arrives when the reader comes back.
  const std::string text =
      pipe.ReadUntil(std::string(99, 'x') + "\n" + std::string(99, 'x'));
  writer->Flush();
  EXPECT_EQ(sink->dropped(), 90u);
  sink->Append("again\n", 1);
  pipe.ReadUntil("again\n");
}

TEST(LogWriterTest, StalledReaderDoesNotStopTheEnd) {
  FullPipe pipe("end");
  std::unique_ptr<LogWriter> writer =
      MakeWriter({.finish_time_max = absl::ZeroDuration()});
  LogSink* sink = OpenSink(*writer, pipe.path());
  for (int i = 0; i < 1000; ++i) sink->Append("x\n", 1);
  writer = nullptr;
}

}  // namespace
}  // namespace rproxy
