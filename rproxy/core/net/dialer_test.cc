#include "rproxy/core/net/dialer.h"

#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/net/test_sockets.h"
#include "rproxy/core/net/transport.h"
#include "rproxy/testing/loop_runner.h"

namespace rproxy {
namespace {

using test::RunTurns;
using test::RunUntil;

class DialTest : public ::testing::Test {
 protected:
  void DialTo(const SocketAddress& address, const DialOptions& options = {}) {
    dial_ = std::make_unique<Dial>(
        *loop_, address, options,
        [this](absl::StatusOr<std::unique_ptr<Transport>> result) {
          ++calls_;
          result_ = std::move(result);
        });
  }

  // Dials and waits; returns how it ended.
  absl::Status Result(const SocketAddress& address,
                      const DialOptions& options = {}) {
    DialTo(address, options);
    EXPECT_EQ(calls_, 0) << "called inside the constructor";
    EXPECT_TRUE(RunUntil(*loop_, [&] { return calls_ > 0; }));
    RunTurns(*loop_, 3);
    EXPECT_EQ(calls_, 1);
    return result_.status();
  }

  void Listening(const SocketAddress& address,
                 const ListenOptions& options = {}) {
    listener_ = *Listen(address, options);
    address_ = LocalAddress(listener_.get());
  }
  void ListeningOnLoopback() {
    Listening(*SocketAddress::Parse("127.0.0.1", 0));
  }

  // An address where nobody listens, nor can.
  SocketAddress Nowhere() {
    listener_ = UniqueFd(socket(AF_INET, SOCK_STREAM, 0));
    const SocketAddress any = *SocketAddress::Parse("127.0.0.1", 0);
    EXPECT_EQ(bind(listener_.get(), any.get(), any.size()), 0);
    return LocalAddress(listener_.get());
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  UniqueFd listener_;
  SocketAddress address_;
  int calls_ = 0;
  absl::StatusOr<std::unique_ptr<Transport>> result_;
  std::unique_ptr<Dial> dial_;
};

// The transport works: a byte sent by the other side can be read.
void ExpectWorks(EventLoop& loop, int listener,
                 std::unique_ptr<Transport> connected) {
  struct Reader final : Transport::Observer {
    void OnReady(FdEvents events) override { readable = events.readable; }
    bool readable = false;
  } reader;
  const std::unique_ptr<Transport> transport = std::move(connected);
  ASSERT_TRUE(transport->Start(reader).ok());
  const UniqueFd far(accept(listener, nullptr, nullptr));
  ASSERT_EQ(send(far.get(), "x", 1, 0), 1);
  ASSERT_TRUE(RunUntil(loop, [&] { return reader.readable; }));
  std::array<char, 8> into;
  EXPECT_EQ(transport->Read(absl::MakeSpan(into)).bytes, 1u);
}

TEST_F(DialTest, ConnectsOverIpv4) {
  ListeningOnLoopback();
  ASSERT_TRUE(Result(address_).ok());
  ExpectWorks(*loop_, listener_.get(), *std::move(result_));
}

TEST_F(DialTest, ConnectsOverIpv6) {
  const SocketAddress any = *SocketAddress::Parse("::1", 0);
  if (!Listen(any, {}).ok()) GTEST_SKIP() << "no IPv6 here";
  Listening(any);
  ASSERT_TRUE(Result(address_).ok());
  ExpectWorks(*loop_, listener_.get(), *std::move(result_));
}

TEST_F(DialTest, ConnectsToAUnixPath) {
  const TestDirectory directory;
  Listening(*SocketAddress::Parse("unix:" + directory.Path("socket"), 0));
  ASSERT_TRUE(Result(address_).ok());
  ExpectWorks(*loop_, listener_.get(), *std::move(result_));
}

TEST_F(DialTest, RefusedIsUnavailable) {
  const SocketAddress nowhere = Nowhere();
  const absl::Status status = Result(nowhere);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "cannot connect to " + nowhere.ToString() + ": connection refused");
}

TEST_F(DialTest, MissingUnixPathIsUnavailable) {
  const TestDirectory directory;
  const absl::Status status =
      Result(*SocketAddress::Parse("unix:" + directory.Path("socket"), 0));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(status.message(), "no such file"));
}

TEST_F(DialTest, NoAddressIsUnavailable) {
  EXPECT_EQ(Result(SocketAddress()).code(), absl::StatusCode::kUnavailable);
}

TEST_F(DialTest, OutOfDescriptorsIsResourceExhausted) {
  ListeningOnLoopback();
  const NoDescriptorsLeft none;
  EXPECT_EQ(Result(address_).code(), absl::StatusCode::kResourceExhausted);
}

// A listener whose queue is full answers no SYN.
TEST_F(DialTest, SilenceIsDeadlineExceeded) {
  Listening(*SocketAddress::Parse("127.0.0.1", 0), {.backlog = 0});
  std::vector<UniqueFd> queue;
  for (int i = 0; i < 3; ++i) {
    bool in_progress;
    queue.push_back(*BeginConnect(address_, in_progress));
  }
  const absl::Status status =
      Result(address_, {.timeout = absl::Milliseconds(50)});
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status.message(),
            "cannot connect to " + address_.ToString() + " within 50ms");
}

TEST_F(DialTest, TimeEndsWithTheAttempt) {
  ListeningOnLoopback();
  ASSERT_TRUE(Result(address_, {.timeout = absl::Milliseconds(100)}).ok());
  const absl::Time until = loop_->Now() + absl::Milliseconds(150);
  ASSERT_TRUE(RunUntil(*loop_, [&] { return loop_->Now() > until; }));
  EXPECT_EQ(calls_, 1);
}

TEST_F(DialTest, DestructionGivesUp) {
  ListeningOnLoopback();
  DialTo(address_);
  dial_.reset();
  DialTo(Nowhere());
  dial_.reset();
  DialTo(SocketAddress());
  dial_.reset();
  RunTurns(*loop_, 5);
  EXPECT_EQ(calls_, 0);
}

TEST_F(DialTest, CallbackMayDestroyTheDial) {
  const UniqueFd listener = *Listen(*SocketAddress::Parse("127.0.0.1", 0), {});
  for (const SocketAddress& address :
       {LocalAddress(listener.get()), Nowhere(), SocketAddress()}) {
    bool called = false;
    std::unique_ptr<Dial> dial;
    dial =
        std::make_unique<Dial>(*loop_, address, DialOptions(),
                               [&](absl::StatusOr<std::unique_ptr<Transport>>) {
                                 dial.reset();
                                 called = true;
                               });
    EXPECT_TRUE(RunUntil(*loop_, [&] { return called; }));
  }
}

}  // namespace
}  // namespace rproxy
