#include "rproxy/core/event/fd_watcher.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {
namespace {

class FdWatcherTest : public ::testing::Test {
 protected:
  FdWatcherTest() {
    int fds[2];
    EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                            0, fds));
    ours_ = UniqueFd(fds[0]);
    theirs_ = UniqueFd(fds[1]);
  }

  void RunOneTurn() {
    loop_->Stop();
    loop_->Run();
  }

  // A started watcher of `fd` that notes its events in `seen_`.
  std::unique_ptr<FdWatcher> Watch(int fd) {
    auto watcher = std::make_unique<FdWatcher>(
        *loop_, fd, [this](FdEvents events) { seen_.push_back(events); });
    EXPECT_EQ(watcher->Start(), absl::OkStatus());
    return watcher;
  }

  static void Write(const UniqueFd& fd, const std::string& bytes) {
    ASSERT_EQ(write(fd.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  UniqueFd ours_;
  UniqueFd theirs_;
  std::vector<FdEvents> seen_;
};

TEST_F(FdWatcherTest, TellsWhatIsPossibleAlready) {
  Write(theirs_, "x");
  auto watcher = Watch(ours_.get());
  EXPECT_TRUE(seen_.empty());
  RunOneTurn();
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_TRUE(seen_[0].readable);
  EXPECT_TRUE(seen_[0].writable);
  EXPECT_FALSE(seen_[0].closed);
}

TEST_F(FdWatcherTest, IdleSocketIsOnlyWritable) {
  auto watcher = Watch(ours_.get());
  RunOneTurn();
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_FALSE(seen_[0].readable);
  EXPECT_TRUE(seen_[0].writable);
}

TEST_F(FdWatcherTest, NeverCallsBeforeStart) {
  FdWatcher watcher(*loop_, ours_.get(), [&](FdEvents) { FAIL(); });
  RunOneTurn();
}

TEST_F(FdWatcherTest, TellsNothingTwice) {
  Write(theirs_, "x");
  auto watcher = Watch(ours_.get());
  RunOneTurn();
  RunOneTurn();
  EXPECT_EQ(seen_.size(), 1u);
}

TEST_F(FdWatcherTest, MoreBytesAreANewEventEvenIfNoneWereRead) {
  auto watcher = Watch(ours_.get());
  RunOneTurn();
  Write(theirs_, "x");
  RunOneTurn();
  Write(theirs_, "y");
  RunOneTurn();
  ASSERT_EQ(seen_.size(), 3u);
  EXPECT_TRUE(seen_[1].readable);
  EXPECT_TRUE(seen_[2].readable);
}

TEST_F(FdWatcherTest, TellsWhenAFullSocketTakesBytesAgain) {
  const std::string bytes(4096, 'x');
  while (write(ours_.get(), bytes.data(), bytes.size()) > 0) {
  }
  auto watcher = Watch(ours_.get());
  RunOneTurn();
  EXPECT_TRUE(seen_.empty());

  char sink[4096];
  while (read(theirs_.get(), sink, sizeof(sink)) > 0) {
  }
  RunOneTurn();
  ASSERT_FALSE(seen_.empty());
  EXPECT_TRUE(seen_.back().writable);
}

TEST_F(FdWatcherTest, TellsThatThePeerHasClosedItsSide) {
  auto watcher = Watch(ours_.get());
  RunOneTurn();
  Write(theirs_, "last");
  shutdown(theirs_.get(), SHUT_WR);
  RunOneTurn();
  ASSERT_EQ(seen_.size(), 2u);
  EXPECT_TRUE(seen_[1].readable);
  EXPECT_TRUE(seen_[1].closed);

  char sink[16];
  EXPECT_EQ(read(ours_.get(), sink, sizeof(sink)), 4);
  EXPECT_EQ(read(ours_.get(), sink, sizeof(sink)), 0);
}

// Two ends of a TCP connection on the loopback interface.
std::pair<UniqueFd, UniqueFd> TcpPair() {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(0, bind(listener.get(), any, size));
  EXPECT_EQ(0, listen(listener.get(), 1));
  EXPECT_EQ(0, getsockname(listener.get(), any, &size));
  UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(0, connect(client.get(), any, size));
  UniqueFd server(
      accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return {std::move(client), std::move(server)};
}

TEST_F(FdWatcherTest, ResetSocketIsReadableAndWritable) {
  auto [client, server] = TcpPair();
  auto watcher = Watch(server.get());
  RunOneTurn();
  seen_.clear();

  const linger reset = {.l_onoff = 1, .l_linger = 0};
  setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  client.Reset();
  RunOneTurn();
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_TRUE(seen_[0].readable);
  EXPECT_TRUE(seen_[0].writable);
  char sink;
  EXPECT_EQ(read(server.get(), &sink, 1), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(FdWatcherTest, CallbackMayDestroyItsWatcher) {
  std::string after;
  std::unique_ptr<FdWatcher> watcher;
  // Too large to be stored inside the watcher, and small enough: both must
  // find what they captured after they have destroyed it.
  const std::string large(200, 'x');
  watcher = std::make_unique<FdWatcher>(*loop_, ours_.get(),
                                        [&watcher, &after, large](FdEvents) {
                                          watcher.reset();
                                          after += large;
                                        });
  ASSERT_EQ(watcher->Start(), absl::OkStatus());
  RunOneTurn();
  EXPECT_EQ(after, large);

  watcher = std::make_unique<FdWatcher>(*loop_, ours_.get(),
                                        [&watcher, &after](FdEvents) {
                                          watcher.reset();
                                          after = "done";
                                        });
  ASSERT_EQ(watcher->Start(), absl::OkStatus());
  RunOneTurn();
  EXPECT_EQ(after, "done");
}

TEST_F(FdWatcherTest, CallbackThatKeepsItsWatcherIsCalledAgain) {
  int calls = 0;
  FdWatcher watcher(
      *loop_, ours_.get(),
      [&calls, own = std::make_unique<int>(1)](FdEvents) { calls += *own; });
  ASSERT_EQ(watcher.Start(), absl::OkStatus());
  for (int i = 1; i <= 3; ++i) {
    Write(theirs_, "x");
    RunOneTurn();
    EXPECT_EQ(calls, i);
  }
}

TEST_F(FdWatcherTest, DestroyedWatcherIsNotCalledInTheSameTurn) {
  std::unique_ptr<FdWatcher> one, two;
  int calls = 0;
  const auto destroy_both = [&](FdEvents) {
    ++calls;
    one.reset();
    two.reset();
  };
  one = std::make_unique<FdWatcher>(*loop_, ours_.get(), destroy_both);
  two = std::make_unique<FdWatcher>(*loop_, theirs_.get(), destroy_both);
  ASSERT_EQ(one->Start(), absl::OkStatus());
  ASSERT_EQ(two->Start(), absl::OkStatus());
  RunOneTurn();
  RunOneTurn();
  EXPECT_EQ(calls, 1);
}

TEST_F(FdWatcherTest, DescriptorMayBeWatchedAnew) {
  Watch(ours_.get()).reset();
  RunOneTurn();
  EXPECT_TRUE(seen_.empty());
  auto watcher = Watch(ours_.get());
  RunOneTurn();
  EXPECT_EQ(seen_.size(), 1u);
}

TEST_F(FdWatcherTest, StartFailsForWhatCannotBeWatched) {
  UniqueFd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(file.valid());
  FdWatcher of_file(*loop_, file.get(), [](FdEvents) {});
  EXPECT_EQ(of_file.Start().code(), absl::StatusCode::kPermissionDenied);

  const int closed = theirs_.get();
  theirs_.Reset();
  FdWatcher of_closed(*loop_, closed, [](FdEvents) {});
  EXPECT_FALSE(of_closed.Start().ok());
}

}  // namespace
}  // namespace rproxy
