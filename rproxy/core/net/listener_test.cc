#include "rproxy/core/net/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/net/test_sockets.h"
#include "rproxy/testing/loop_runner.h"

namespace rproxy {
namespace {

using test::RunTurns;
using test::RunUntil;

// Counts what was logged with a certain text.
class LogCounter final : public google::LogSink {
 public:
  explicit LogCounter(std::string wanted) : wanted_(std::move(wanted)) {
    google::AddLogSink(this);
  }
  ~LogCounter() override { google::RemoveLogSink(this); }

  using google::LogSink::send;
  void send(google::LogSeverity, const char*, const char*, int,
            const google::LogMessageTime&, const char* message,
            size_t size) override {
    if (absl::StrContains(absl::string_view(message, size), wanted_)) ++count_;
  }

  int count() const { return count_; }

 private:
  const std::string wanted_;
  int count_ = 0;
};

class ListenerTest : public ::testing::Test {
 protected:
  void StartOn(const SocketAddress& address,
               const ListenOptions& options = {}) {
    listener_.emplace(*loop_, *Listen(address, options),
                      [this](UniqueFd fd, const SocketAddress& peer) {
                        accepted_.push_back(std::move(fd));
                        peers_.push_back(peer);
                      });
    ASSERT_TRUE(listener_->Start().ok());
  }
  void StartOnLoopback() { StartOn(*SocketAddress::Parse("127.0.0.1", 0)); }

  // Connects, as far as the listener's queue.
  UniqueFd Connect() {
    const SocketAddress& address = listener_->address();
    UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    PCHECK(connect(fd.get(), address.get(), address.size()) == 0);
    return fd;
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  std::optional<Listener> listener_;
  std::vector<UniqueFd> accepted_;
  std::vector<SocketAddress> peers_;
};

TEST_F(ListenerTest, AddressHasTheChosenPort) {
  StartOnLoopback();
  EXPECT_NE(listener_->address().port(), 0);
}

TEST_F(ListenerTest, HandsOutNonBlockingSocketsAndPeers) {
  StartOnLoopback();
  const UniqueFd client = Connect();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return accepted_.size() == 1; }));
  EXPECT_TRUE(fcntl(accepted_[0].get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(accepted_[0].get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(peers_[0], LocalAddress(client.get()));
}

TEST_F(ListenerTest, AcceptsWhatWaitedBeforeTheStart) {
  listener_.emplace(*loop_, *Listen(*SocketAddress::Parse("127.0.0.1", 0), {}),
                    [this](UniqueFd fd, const SocketAddress&) {
                      accepted_.push_back(std::move(fd));
                    });
  const UniqueFd client = Connect();
  ASSERT_TRUE(listener_->Start().ok());
  EXPECT_TRUE(RunUntil(*loop_, [&] { return accepted_.size() == 1; }));
}

TEST_F(ListenerTest, CrowdIsAcceptedInSeveralTurnsFromOneEdge) {
  StartOnLoopback();
  RunTurns(*loop_, 2);
  std::vector<UniqueFd> clients;
  while (clients.size() < 150) clients.push_back(Connect());
  size_t most_in_one_turn = 0;
  size_t before = 0;
  ASSERT_TRUE(RunUntil(*loop_, [&] {
    most_in_one_turn = std::max(most_in_one_turn, accepted_.size() - before);
    before = accepted_.size();
    return accepted_.size() == clients.size();
  }));
  EXPECT_LT(most_in_one_turn, clients.size());
}

TEST_F(ListenerTest, ConnectionGoneBeforeAcceptHarmsNobody) {
  StartOnLoopback();
  {
    const UniqueFd gone = Connect();
    ResetOnClose(gone.get());
  }
  const UniqueFd client = Connect();
  EXPECT_TRUE(RunUntil(*loop_, [&] {
    return !peers_.empty() && peers_.back() == LocalAddress(client.get());
  }));
}

TEST_F(ListenerTest, OutOfDescriptorsWaitsAndSaysSoOnce) {
  const LogCounter stopped("accepting stopped: too many open files");
  const LogCounter again("accepting again");
  StartOnLoopback();
  RunTurns(*loop_, 2);
  const UniqueFd first = Connect();
  const UniqueFd second = Connect();
  {
    const NoDescriptorsLeft none;
    // Long enough for some attempts.
    const absl::Time until = loop_->Now() + absl::Milliseconds(350);
    ASSERT_TRUE(RunUntil(*loop_, [&] { return loop_->Now() > until; }));
    EXPECT_TRUE(accepted_.empty());
    EXPECT_EQ(stopped.count(), 1);
    EXPECT_EQ(again.count(), 0);
  }
  EXPECT_TRUE(RunUntil(*loop_, [&] { return accepted_.size() == 2; }));
  EXPECT_EQ(stopped.count(), 1);
  EXPECT_EQ(again.count(), 1);
}

TEST_F(ListenerTest, StopsListeningWhenDestroyed) {
  StartOnLoopback();
  const SocketAddress address = listener_->address();
  listener_.reset();
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(connect(fd.get(), address.get(), address.size()), -1);
}

class UnixListenerTest : public ListenerTest {
 protected:
  bool Exists() const {
    struct stat file;
    return lstat(path_.c_str(), &file) == 0;
  }

  TestDirectory directory_;
  const std::string path_ = directory_.Path("socket");
  const SocketAddress address_ = *SocketAddress::Parse("unix:" + path_, 0);
};

TEST_F(UnixListenerTest, AcceptsFromPeersWithoutNames) {
  StartOn(address_);
  const UniqueFd client = Connect();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return accepted_.size() == 1; }));
  EXPECT_EQ(peers_[0].ToString(), "unix:");
}

TEST_F(UnixListenerTest, RemovesItsFile) {
  StartOn(address_);
  EXPECT_TRUE(Exists());
  listener_.reset();
  EXPECT_FALSE(Exists());
}

TEST_F(UnixListenerTest, LeavesTheFileOfItsSuccessor) {
  StartOn(address_);
  ASSERT_EQ(rename(path_.c_str(), directory_.Path("old").c_str()), 0);
  const UniqueFd successor = *Listen(address_, {});
  listener_.reset();
  EXPECT_TRUE(Exists());
}

TEST_F(UnixListenerTest, FileThatIsGoneAlreadyIsNoMatter) {
  StartOn(address_);
  ASSERT_EQ(unlink(path_.c_str()), 0);
  listener_.reset();
  EXPECT_FALSE(Exists());
}

}  // namespace
}  // namespace rproxy
