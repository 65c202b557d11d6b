#include "rproxy/testing/fake_transport.h"

#include <array>
#include <cerrno>
#include <memory>
#include <tuple>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/net/transport.h"
#include "rproxy/testing/loop_runner.h"
#include "rproxy/testing/transport_contract.h"

namespace rproxy::test {
namespace {

INSTANTIATE_TEST_SUITE_P(FakeTransport, TransportContract,
                         ::testing::Values(TransportContractCase{
                             .make_pair = [](EventLoop& loop) {
                               return FakeTransport::MakePair(loop);
                             }}));

INSTANTIATE_TEST_SUITE_P(FakeTransportWithOddSizes, TransportContract,
                         ::testing::Values(TransportContractCase{
                             .make_pair = [](EventLoop& loop) {
                               auto pair = FakeTransport::MakePair(loop, 70001);
                               pair.first->SetReadBytesMax(10007);
                               pair.second->SetWriteBytesMax(5003);
                               return pair;
                             }}));

struct Events final : Transport::Observer {
  void OnReady(FdEvents events) override {
    ++calls;
    last = events;
  }
  int calls = 0;
  FdEvents last;
};

class FakeTransportTest : public ::testing::Test {
 protected:
  FakeTransportTest() {
    std::tie(near_, far_) = FakeTransport::MakePair(*loop_, 10);
  }

  IoResult Read() { return near_->Read(absl::MakeSpan(into_)); }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  std::unique_ptr<FakeTransport> near_;
  std::unique_ptr<FakeTransport> far_;
  std::array<char, 100> into_;
};

TEST_F(FakeTransportTest, WorksWithoutALoopThatRuns) {
  near_->Send("hello");
  EXPECT_EQ(far_->ReceiveAll(), "hello");
  far_->CloseWrite();
  EXPECT_TRUE(near_->peer_ended());
}

TEST_F(FakeTransportTest, LimitsShortenCallsWithoutClaimingMore) {
  near_->SetReadBytesMax(2);
  far_->Send("abc");
  IoResult result = Read();
  EXPECT_EQ(result.bytes, 2u);
  EXPECT_FALSE(result.drained);
  result = Read();
  EXPECT_EQ(result.bytes, 1u);
  EXPECT_TRUE(result.drained);
  EXPECT_EQ(near_->reads(), 2);
}

TEST_F(FakeTransportTest, LimitOfZeroBlocksUntilItIsRaised) {
  Events events;
  ASSERT_TRUE(near_->Start(events).ok());
  near_->SetReadBytesMax(0);
  far_->Send("abc");
  RunTurns(*loop_, 3);
  EXPECT_FALSE(events.last.readable);
  EXPECT_EQ(Read().status, IoResult::Status::kWouldBlock);

  near_->SetReadBytesMax(10);
  RunTurns(*loop_, 3);
  EXPECT_TRUE(events.last.readable);
  EXPECT_EQ(near_->ReceiveAll(), "abc");
}

TEST_F(FakeTransportTest, BreakLetsUnreadBytesThroughAndTellsItsErrorOnce) {
  far_->Send("abc");
  near_->Break(ECONNRESET);
  EXPECT_EQ(Read().bytes, 3u);
  EXPECT_EQ(Read().error, ECONNRESET);
  EXPECT_EQ(Read().status, IoResult::Status::kEnd);
}

TEST_F(FakeTransportTest, EdgesOfOneTurnAreToldTogether) {
  Events events;
  ASSERT_TRUE(near_->Start(events).ok());
  RunTurns(*loop_, 3);
  EXPECT_EQ(events.calls, 1);
  EXPECT_TRUE(events.last.writable);
  EXPECT_FALSE(events.last.readable);

  far_->Send("abc");
  far_->CloseWrite();
  RunTurns(*loop_, 3);
  EXPECT_EQ(events.calls, 2);
  EXPECT_TRUE(events.last.readable);
  EXPECT_TRUE(events.last.closed);
}

TEST_F(FakeTransportTest, NothingNewIsToldTwice) {
  Events events;
  far_->Send("abc");
  ASSERT_TRUE(near_->Start(events).ok());
  RunTurns(*loop_, 5);
  EXPECT_EQ(events.calls, 1);
}

}  // namespace
}  // namespace rproxy::test
