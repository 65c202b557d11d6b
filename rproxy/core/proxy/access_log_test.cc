#include "rproxy/core/proxy/access_log.h"

#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/core/event/loop_thread.h"

namespace rproxy {
namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() {
    const std::string stem = absl::StrCat(
        ::testing::TempDir(), "/access_log_test.", getpid(), ".",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    request_path_ = stem + ".request";
    error_path_ = stem + ".error";
    writer_ = *LogWriter::Create({});
    options_ = {.request_sink = *writer_->Open(request_path_),
                .request_format = &format_,
                .error_sink = *writer_->Open(error_path_),
                .error_format = &format_};
    loop_ = *LoopThread::Create("loop");
    request_.method = "GET";
    request_.target = "/";
  }

  void Start() {
    loop_->RunAndWait([this] {
      log_ = std::make_unique<AccessLog>(loop_->loop(), options_);
    });
  }

  // An exchange ended, because of this.
  void End(Cause cause) {
    loop_->RunAndWait([&] {
      ExchangeNotes notes;
      notes.SetCause(cause);
      log_->OnExchangeEnd(
          {.request = &request_, .client = client_, .notes = notes});
    });
  }

  // Ends the log, and with it the waiting for more lines.
  void Stop() {
    loop_->RunAndWait([this] { log_ = nullptr; });
    writer_->Flush();
  }

  ~AccessLogTest() override { Stop(); }

  const LogFormat format_ = *LogFormat::Parse("{METH} {URI}");
  const SocketAddress client_;
  RequestHead request_;
  std::string request_path_;
  std::string error_path_;
  AccessLog::Options options_;
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<LoopThread> loop_;
  std::unique_ptr<AccessLog> log_;
};

TEST_F(AccessLogTest, EachExchangeIsALine) {
  Start();
  End(Cause::kNone);
  request_.target = "/2";
  End(Cause::kBackendClosed);
  Stop();
  EXPECT_EQ(Read(request_path_), "GET /\nGET /2\n");
  EXPECT_EQ(Read(error_path_), "GET /2, backend_closed\n");
}

TEST_F(AccessLogTest, LinesComeWithoutMoreOfThem) {
  Start();
  End(Cause::kNone);
  // The timer hands it over; nothing else tells when.
  while (Read(request_path_).empty()) writer_->Flush();
  EXPECT_EQ(Read(request_path_), "GET /\n");
}

TEST_F(AccessLogTest, ManyLinesDoNotWait) {
  Start();
  request_.target = "/" + std::string(999, 'x');
  for (int i = 0; i < 100; ++i) End(Cause::kNone);
  writer_->Flush();
  EXPECT_GT(Read(request_path_).size(), 60'000u);
}

TEST_F(AccessLogTest, ErrorLevelSaysWhatIsWorthALine) {
  options_.error_level = Severity::kWarning;
  Start();
  End(Cause::kClientGone);
  End(Cause::kTunnelIdle);
  Stop();
  EXPECT_EQ(Read(error_path_), "GET /, client_gone\n");
}

TEST_F(AccessLogTest, LogWithoutASinkIsNotWritten) {
  options_.request_sink = nullptr;
  Start();
  End(Cause::kBackendClosed);
  Stop();
  EXPECT_EQ(Read(request_path_), "");
  EXPECT_EQ(Read(error_path_), "GET /, backend_closed\n");
}

TEST(SeverityTest, EveryCauseHasOne) {
  for (int i = 1; i <= static_cast<int>(Cause::kBackendWriteTimeout); ++i) {
    EXPECT_NE(SeverityOf(static_cast<Cause>(i)), Severity::kNone) << i;
  }
  EXPECT_LT(SeverityOf(Cause::kBackendClosed), SeverityOf(Cause::kClientGone));
}

}  // namespace
}  // namespace rproxy
