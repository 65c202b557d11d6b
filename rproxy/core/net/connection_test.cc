#include "rproxy/core/net/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/buffer/slice.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/net/raw_transport.h"
#include "rproxy/core/net/test_sockets.h"
#include "rproxy/core/net/transport.h"
#include "rproxy/testing/fake_transport.h"
#include "rproxy/testing/loop_runner.h"

namespace rproxy {
namespace {

using test::FakeTransport;
using test::RunTurns;
using test::RunUntil;

using Calls = std::vector<std::string>;

// Notes what a connection tells, and does what the test wants then.
class Owner final : public Connection::Events {
 public:
  void OnInput() override {
    CHECK(!inside_call_) << "called inside a call";
    calls_.push_back("input");
    if (take_input_) TakeInput();
    if (on_input_) on_input_();
  }
  void OnInputEnd() override {
    CHECK(!inside_call_) << "called inside a call";
    calls_.push_back("end");
    if (on_end_) on_end_();
  }
  void OnOutputDrained() override {
    CHECK(!inside_call_) << "called inside a call";
    calls_.push_back("drained");
    if (on_drained_) on_drained_();
  }
  void OnError(int error) override {
    CHECK(!inside_call_) << "called inside a call";
    calls_.push_back("error");
    error_ = error;
    if (on_error_) on_error_();
  }

  void Own(std::unique_ptr<Connection> connection) {
    connection_ = std::move(connection);
    const absl::Status started = connection_->Start();
    CHECK(started.ok()) << started;
  }
  void Destroy() { connection_ = nullptr; }
  void TakeInput() {
    received_ += connection_->input().ToString();
    connection_->input().Clear();
  }

  // Calls on the connection, during which it must not call back.
  void Write(absl::string_view bytes) {
    connection_->output().Append(bytes);
    Inside([&] { connection_->Flush(); });
  }
  void Resume() {
    Inside([&] { connection_->ResumeReading(); });
  }
  void CloseWrite() {
    Inside([&] { connection_->CloseWriteAfterFlush(); });
  }

  void DestroyInEveryCallback() {
    on_input_ = on_end_ = on_drained_ = on_error_ = [this] { Destroy(); };
  }

  Connection& connection() { return *connection_; }
  bool destroyed() const { return connection_ == nullptr; }
  const std::string& received() const { return received_; }
  int error() const { return error_; }
  const Calls& calls() const { return calls_; }
  ptrdiff_t Count(absl::string_view call) const {
    return std::count(calls_.begin(), calls_.end(), call);
  }
  Calls TakeCalls() { return std::exchange(calls_, {}); }

  bool take_input_ = true;
  std::function<void()> on_input_;
  std::function<void()> on_end_;
  std::function<void()> on_drained_;
  std::function<void()> on_error_;

 private:
  void Inside(const std::function<void()>& call) {
    inside_call_ = true;
    call();
    inside_call_ = false;
  }

  std::unique_ptr<Connection> connection_;
  std::string received_;
  Calls calls_;
  int error_ = 0;
  bool inside_call_ = false;
};

// Over a fake, which shows each call and makes each order of events.
class ConnectionTest : public ::testing::Test {
 protected:
  explicit ConnectionTest(size_t capacity = 1024 * 1024) {
    auto [near, far] = FakeTransport::MakePair(*loop_, capacity);
    near_ = near.get();
    far_ = std::move(far);
    owner_.Own(std::make_unique<Connection>(*loop_, std::move(near), owner_));
    Settle();
  }

  Connection& connection() { return owner_.connection(); }
  void Settle() { RunTurns(*loop_, 8); }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  std::unique_ptr<FakeTransport> far_;
  FakeTransport* near_;  // Owned by the connection.
  Owner owner_;
};

// --- Reading ---

TEST_F(ConnectionTest, InputArrives) {
  far_->Send("hello");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
  EXPECT_EQ(owner_.received(), "hello");
  EXPECT_EQ(connection().bytes_read(), 5u);
}

TEST_F(ConnectionTest, InputThatIsLeftStaysInFront) {
  owner_.take_input_ = false;
  far_->Send("he");
  Settle();
  far_->Send("llo");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "input"}));
  EXPECT_EQ(connection().input().ToString(), "hello");
}

TEST_F(ConnectionTest, KeepAliveRequestCostsOneReadAndOneWrite) {
  owner_.on_input_ = [this] { owner_.Write("response"); };
  for (int i = 1; i <= 3; ++i) {
    const int reads = near_->reads();
    const int writes = near_->writes();
    far_->Send("request");
    Settle();
    EXPECT_EQ(far_->ReceiveAll(), "response");
    Settle();
    EXPECT_EQ(near_->reads(), reads + 1);
    EXPECT_EQ(near_->writes(), writes + 1);
  }
  EXPECT_EQ(owner_.Count("drained"), 0);
}

TEST_F(ConnectionTest, IdleConnectionHoldsNoBlock) {
  EXPECT_EQ(loop_->slices().blocks_out(), 0u);
  far_->Send(std::string(SlicePool::kBlockBytes, 'x'));
  Settle();
  EXPECT_EQ(loop_->slices().blocks_out(), 0u);
  EXPECT_EQ(connection().input().memory(), 0u);
}

TEST_F(ConnectionTest, CallbacksForAnEndHoldNoBlock) {
  size_t blocks = 1;
  owner_.on_end_ = [&] { blocks = loop_->slices().blocks_out(); };
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(blocks, 0u);
}

TEST_F(ConnectionTest, FastPeerIsReadInSeveralTurnsFromOneEdge) {
  const std::string much(15 * SlicePool::kBlockBytes, 'x');
  size_t most_in_one_turn = 0;
  size_t before = 0;
  far_->Send(much);
  ASSERT_TRUE(RunUntil(*loop_, [&] {
    const size_t now = owner_.received().size();
    most_in_one_turn = std::max(most_in_one_turn, now - before);
    before = now;
    return now == much.size();
  }));
  EXPECT_EQ(most_in_one_turn, 4 * SlicePool::kBlockBytes);
}

TEST_F(ConnectionTest, EndBehindBytesIsToldAfterThem) {
  far_->Send("bye");
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "end"}));
  EXPECT_EQ(owner_.received(), "bye");
  EXPECT_TRUE(connection().input_ended());
}

TEST_F(ConnectionTest, EndIsToldOnce) {
  far_->CloseWrite();
  Settle();
  far_ = nullptr;
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"end"}));
}

TEST_F(ConnectionTest, EndBehindMuchIsToldAfterAllOfIt) {
  const std::string much(10 * SlicePool::kBlockBytes, 'x');
  far_->Send(much);
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.received(), much);
  EXPECT_EQ(owner_.calls().back(), "end");
  EXPECT_EQ(owner_.Count("end"), 1);
}

TEST_F(ConnectionTest, EndLeavesWritingOpen) {
  far_->CloseWrite();
  Settle();
  owner_.Write("answer");
  EXPECT_EQ(far_->ReceiveAll(), "answer");
}

TEST_F(ConnectionTest, ShortReadsWithAnEndGoOnToTheEnd) {
  near_->SetReadBytesMax(1);
  far_->Send("abcdefghij");
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.received(), "abcdefghij");
  EXPECT_EQ(owner_.calls().back(), "end");
}

TEST_F(ConnectionTest, ReadErrorIsTold) {
  near_->Break(ECONNRESET);
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_EQ(owner_.error(), ECONNRESET);
}

// --- Pausing ---

TEST_F(ConnectionTest, PausedConnectionReadsNothing) {
  connection().PauseReading();
  EXPECT_TRUE(connection().reading_paused());
  const int reads = near_->reads();
  far_->Send("hello");
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());
  EXPECT_EQ(near_->reads(), reads);
}

TEST_F(ConnectionTest, ResumingTellsWhatCameMeanwhile) {
  connection().PauseReading();
  far_->Send("hello");
  Settle();
  owner_.Resume();
  EXPECT_EQ(owner_.calls(), Calls());
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
  EXPECT_EQ(owner_.received(), "hello");
}

TEST_F(ConnectionTest, ResumingTellsBytesAndEndThatCameMeanwhile) {
  connection().PauseReading();
  far_->Send("hello");
  Settle();
  far_->CloseWrite();
  Settle();
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "end"}));
}

TEST_F(ConnectionTest, ResumingTellsAnEndAlone) {
  connection().PauseReading();
  far_->CloseWrite();
  Settle();
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"end"}));
}

TEST_F(ConnectionTest, PauseInsideOnInputStopsAtOnceAndHoldsTheEndBack) {
  owner_.on_input_ = [this] { connection().PauseReading(); };
  far_->Send(std::string(3 * SlicePool::kBlockBytes, 'x'));
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.received().size(), SlicePool::kBlockBytes);
  EXPECT_EQ(owner_.calls(), Calls({"input"}));

  owner_.on_input_ = nullptr;
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.received().size(), 3 * SlicePool::kBlockBytes);
  EXPECT_EQ(owner_.calls().back(), "end");
}

TEST_F(ConnectionTest, ResumingTellsInputThatWasLeft) {
  owner_.take_input_ = false;
  far_->Send("hello");
  Settle();
  connection().PauseReading();
  owner_.TakeCalls();
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
}

TEST_F(ConnectionTest, ResumingTellsInputThatWasLeftBehindTheEnd) {
  owner_.take_input_ = false;
  far_->Send("hello");
  far_->CloseWrite();
  Settle();
  connection().PauseReading();
  owner_.TakeCalls();
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
}

// The end comes between the resumption and the turn in which it is told: as an
// end alone it would look as if nothing had been left.
TEST_F(ConnectionTest, EndThatOvertakesAResumptionIsToldAfterTheInput) {
  owner_.take_input_ = false;
  far_->Send("left");
  Settle();
  owner_.TakeCalls();
  far_->CloseWrite();
  connection().PauseReading();
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "end"}));
}

TEST_F(ConnectionTest, ResumingWithNothingNewTellsNothing) {
  connection().PauseReading();
  owner_.Resume();
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());
}

TEST_F(ConnectionTest, PausingAgainTakesTheResumptionBack) {
  connection().PauseReading();
  far_->Send("hello");
  Settle();
  owner_.Resume();
  connection().PauseReading();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.received(), "hello");
}

TEST_F(ConnectionTest, InputThatWasTakenBeforeTheTurnIsNotTold) {
  owner_.take_input_ = false;
  far_->Send("hello");
  Settle();
  owner_.TakeCalls();
  connection().PauseReading();
  owner_.Resume();
  owner_.TakeInput();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());
}

TEST_F(ConnectionTest, ResumingInsideOnInputDoesNotNest) {
  int depth = 0;
  int most = 0;
  int times = 0;
  owner_.take_input_ = false;
  owner_.on_input_ = [&] {
    most = std::max(most, ++depth);
    connection().PauseReading();
    if (++times < 5) connection().ResumeReading();
    --depth;
  };
  far_->Send("hello");
  Settle();
  EXPECT_EQ(times, 5);
  EXPECT_EQ(most, 1);
}

TEST_F(ConnectionTest, ResetOfAPausedConnectionIsTold) {
  connection().PauseReading();
  far_->Send("never read");
  Settle();
  far_->Abort();
  far_ = nullptr;
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_EQ(owner_.error(), ECONNRESET);
}

TEST_F(ConnectionTest, ResetAfterTheEndIsTold) {
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"end"}));
  near_->Break(ECONNRESET);
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"end", "error"}));
}

TEST_F(ConnectionTest, ResetAfterTheEndOfAPausedConnectionIsTold) {
  connection().PauseReading();
  far_->CloseWrite();
  Settle();
  near_->Break(ECONNRESET);
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
}

TEST_F(ConnectionTest, BytesForAPausedConnectionAreNoReset) {
  connection().PauseReading();
  far_->Send("a");
  Settle();
  far_->Send("b");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());
}

// The read behind a short one is not left out then.
TEST_F(ConnectionTest, ResetTogetherWithBytesIsToldAfterThem) {
  far_->Send("response");
  near_->Break(ECONNRESET);
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "error"}));
}

// --- Writing ---

TEST_F(ConnectionTest, FlushWritesAtOnceAndTellsNothing) {
  owner_.Write("hello");
  EXPECT_EQ(far_->ReceiveAll(), "hello");
  EXPECT_EQ(connection().bytes_written(), 5u);
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());
}

TEST_F(ConnectionTest, FlushOfNothingCallsNothing) {
  connection().Flush();
  EXPECT_EQ(near_->writes(), 0);
}

TEST_F(ConnectionTest, ManyPiecesTakeFewWrites) {
  const std::string piece(SlicePool::kBlockBytes / 4, 'x');
  for (int i = 0; i < 40; ++i) {
    connection().output().Append(Slice::Copy(piece));
  }
  connection().Flush();
  EXPECT_EQ(near_->writes(), 3);
  EXPECT_EQ(far_->ReceiveAll().size(), 40 * piece.size());
}

TEST_F(ConnectionTest, ShortWritesThatAreNotTheEndGoOn) {
  near_->SetWriteBytesMax(3);
  owner_.Write("0123456789");
  EXPECT_EQ(far_->ReceiveAll(), "0123456789");
}

TEST_F(ConnectionTest, CloseWriteSendsTheEnd) {
  owner_.CloseWrite();
  EXPECT_TRUE(far_->peer_ended());
}

TEST_F(ConnectionTest, CloseWriteFlushesFirst) {
  connection().output().Append("bye");
  owner_.CloseWrite();
  EXPECT_EQ(far_->ReceiveAll(), "bye");
  EXPECT_TRUE(far_->peer_ended());
}

TEST_F(ConnectionTest, CloseWriteLeavesReadingOpen) {
  owner_.CloseWrite();
  far_->Send("answer");
  Settle();
  EXPECT_EQ(owner_.received(), "answer");
}

class NarrowConnectionTest : public ConnectionTest {
 protected:
  NarrowConnectionTest() : ConnectionTest(/*capacity=*/10) {}
};

TEST_F(NarrowConnectionTest, WhatDoesNotFitIsWrittenLaterAndTold) {
  owner_.Write("0123456789abcde");
  EXPECT_EQ(near_->writes(), 1) << "a short write needs no second one";
  EXPECT_EQ(connection().output().size(), 5u);
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());

  EXPECT_EQ(far_->ReceiveAll(), "0123456789");
  Settle();
  EXPECT_EQ(far_->ReceiveAll(), "abcde");
  EXPECT_EQ(near_->writes(), 2);
  EXPECT_EQ(owner_.calls(), Calls({"drained"}));
  EXPECT_EQ(connection().bytes_written(), 15u);
}

TEST_F(NarrowConnectionTest, FlushOfAFullTransportCallsNothing) {
  owner_.Write("0123456789abcde");
  owner_.Write("f");
  owner_.Write("g");
  EXPECT_EQ(near_->writes(), 1);
}

TEST_F(NarrowConnectionTest, LowMarkAndEmptinessAreTold) {
  connection().SetOutputLow(12);
  owner_.Write(std::string(40, 'x'));  // 30 wait.
  Settle();
  EXPECT_EQ(far_->ReceiveAll().size(), 10u);
  Settle();  // 20 wait.
  EXPECT_EQ(owner_.calls(), Calls());
  EXPECT_EQ(far_->ReceiveAll().size(), 10u);
  Settle();  // 10 wait: below the mark.
  EXPECT_EQ(owner_.TakeCalls(), Calls({"drained"}));
  EXPECT_EQ(connection().output().size(), 10u);
  EXPECT_EQ(far_->ReceiveAll().size(), 10u);
  Settle();  // None.
  EXPECT_EQ(owner_.TakeCalls(), Calls({"drained"}));
}

TEST_F(NarrowConnectionTest, ReadinessWithNothingWaitingTellsNothing) {
  owner_.Write("0123456789");
  Settle();
  EXPECT_EQ(far_->ReceiveAll(), "0123456789");
  far_->Send("x");
  Settle();
  EXPECT_EQ(owner_.Count("drained"), 0);
}

// A Flush inside OnInput must not swallow the news that another part of the
// owner waits for.
TEST_F(NarrowConnectionTest, WaitingOutputGoesBeforeInputOfTheSameTurn) {
  owner_.on_input_ = [this] { owner_.Write("."); };
  owner_.Write("0123456789abc");
  Settle();
  EXPECT_EQ(far_->ReceiveAll(), "0123456789");
  far_->Send("x");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"drained", "input"}));
  EXPECT_EQ(far_->ReceiveAll(), "abc.");
}

TEST_F(NarrowConnectionTest, CloseWriteWaitsForTheOutput) {
  connection().output().Append("0123456789abc");
  owner_.CloseWrite();
  EXPECT_FALSE(far_->peer_ended());
  EXPECT_EQ(far_->ReceiveAll(), "0123456789");
  Settle();
  EXPECT_TRUE(far_->peer_ended());
  EXPECT_EQ(far_->ReceiveAll(), "abc");
}

TEST_F(NarrowConnectionTest, OnDrainedMayWriteMore) {
  int times = 3;
  owner_.on_drained_ = [&] {
    if (times-- > 0) owner_.Write("0123456789abc");
  };
  owner_.Write("0123456789abc");
  size_t received = 0;
  EXPECT_TRUE(RunUntil(*loop_, [&] {
    received += far_->ReceiveAll().size();
    return received == 4 * 13;
  }));
}

// --- Failure ---

TEST_F(ConnectionTest, WriteErrorIsToldOnceInALaterTurn) {
  far_ = nullptr;  // The end is on its way, too.
  owner_.Write("x");
  EXPECT_EQ(owner_.calls(), Calls());
  owner_.Write("y");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_EQ(owner_.error(), EPIPE);

  owner_.Write("z");
  owner_.CloseWrite();
  connection().PauseReading();
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
}

TEST_F(ConnectionTest, BytesThatCameBeforeAFailedWriteAreToldFirst) {
  far_->Send("early response");
  far_->Abort();
  far_ = nullptr;
  owner_.Write("rest of the request");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "error"}));
  EXPECT_EQ(owner_.received(), "early response");
  EXPECT_EQ(owner_.error(), ECONNRESET);
}

// The owner has had enough at the early response; the failed write that is
// still to be told concerns nobody any more.
TEST_F(ConnectionTest, SilencedConnectionTellsNoFailure) {
  owner_.on_input_ = [this] { connection().Silence(); };
  far_->Send("early response");
  far_->Abort();
  far_ = nullptr;
  owner_.Write("rest of the request");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
}

TEST_F(ConnectionTest, SilencedConnectionTellsNothingThatComes) {
  connection().Silence();
  far_->Send("hello");
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({}));
}

// The write uses the error up, and reading then looks as if the peer had sent
// everything.
TEST_F(ConnectionTest, EndBehindAFailedWriteIsNoEnd) {
  near_->Break(ECONNRESET);
  owner_.Write("x");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_FALSE(connection().input_ended());
}

TEST_F(ConnectionTest, FailedWriteOfAPausedConnectionIsTold) {
  connection().PauseReading();
  far_->Send("never read");
  near_->Break(ECONNRESET);
  owner_.Write("x");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
}

TEST_F(ConnectionTest, FailedWriteInsideOnInputIsToldLater) {
  owner_.on_input_ = [this] {
    near_->Break(ECONNRESET);
    owner_.Write("x");
    EXPECT_EQ(owner_.Count("error"), 0);
  };
  far_->Send("hello");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "error"}));
}

TEST_F(NarrowConnectionTest, FailureOfWaitingOutputIsTold) {
  owner_.Write("0123456789abc");
  far_->Abort();
  far_ = nullptr;
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_EQ(owner_.error(), ECONNRESET);
}

TEST_F(ConnectionTest, AbortReachesThePeer) {
  connection().Abort();
  owner_.Destroy();
  EXPECT_TRUE(far_->broken());
}

TEST_F(ConnectionTest, DestructionIsAnEndInGoodOrder) {
  owner_.Write("bye");
  owner_.Destroy();
  EXPECT_FALSE(far_->broken());
  EXPECT_TRUE(far_->peer_ended());
  EXPECT_EQ(far_->ReceiveAll(), "bye");
}

// --- Quiet ---

TEST_F(ConnectionTest, QuietUntilBytesAreLeft) {
  EXPECT_TRUE(connection().quiet());
  owner_.take_input_ = false;
  far_->Send("x");
  Settle();
  EXPECT_FALSE(connection().quiet());
  owner_.TakeInput();
  EXPECT_TRUE(connection().quiet());
}

TEST_F(ConnectionTest, NotQuietWithUnreadBytes) {
  connection().PauseReading();
  EXPECT_TRUE(connection().quiet());
  far_->Send("x");
  Settle();
  EXPECT_FALSE(connection().quiet());
}

TEST_F(ConnectionTest, NotQuietWithAnUnreadEnd) {
  connection().PauseReading();
  far_->CloseWrite();
  Settle();
  EXPECT_FALSE(connection().quiet());
}

TEST_F(ConnectionTest, NotQuietAfterAnEnd) {
  far_->CloseWrite();
  Settle();
  EXPECT_FALSE(connection().quiet());
}

TEST_F(ConnectionTest, NotQuietWithUnsentOutput) {
  connection().output().Append("x");
  EXPECT_FALSE(connection().quiet());
  connection().Flush();
  EXPECT_TRUE(connection().quiet());
}

TEST_F(ConnectionTest, NotQuietAfterOurOwnEnd) {
  owner_.CloseWrite();
  EXPECT_FALSE(connection().quiet());
}

TEST_F(ConnectionTest, NotQuietOnceBroken) {
  near_->Break(ECONNRESET);
  owner_.Write("x");
  EXPECT_FALSE(connection().quiet()) << "not even before it is told";
}

TEST_F(ConnectionTest, CheckAsksOnceAndKeepsReadiness) {
  const int reads = near_->reads();
  EXPECT_TRUE(connection().CheckQuiet());
  EXPECT_EQ(near_->reads(), reads + 1);
  EXPECT_EQ(loop_->slices().blocks_out(), 0u);
  far_->Send("hello");
  Settle();
  EXPECT_EQ(owner_.received(), "hello");
}

TEST_F(ConnectionTest, CheckAsksNothingWhenTheAnswerIsKnown) {
  connection().output().Append("x");
  const int reads = near_->reads();
  EXPECT_FALSE(connection().CheckQuiet());
  EXPECT_EQ(near_->reads(), reads);
}

TEST_F(ConnectionTest, CheckFindsBytesAndTellsThemLater) {
  far_->Send("hello");  // Not told yet.
  EXPECT_TRUE(connection().quiet());
  EXPECT_FALSE(connection().CheckQuiet());
  EXPECT_EQ(owner_.calls(), Calls());
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
  EXPECT_EQ(owner_.received(), "hello");
}

TEST_F(ConnectionTest, CheckFindsTheEndAndItIsToldOnceLater) {
  far_->CloseWrite();
  EXPECT_FALSE(connection().CheckQuiet());
  EXPECT_EQ(owner_.calls(), Calls());
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"end"}));
}

TEST_F(ConnectionTest, CheckFindsAResetAndItIsToldOnceLater) {
  near_->Break(ECONNRESET);
  EXPECT_FALSE(connection().CheckQuiet());
  EXPECT_FALSE(connection().CheckQuiet());
  EXPECT_EQ(owner_.calls(), Calls());
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_EQ(owner_.error(), ECONNRESET);
}

TEST_F(ConnectionTest, CheckOfAPausedConnectionLosesNothing) {
  connection().PauseReading();
  far_->Send("hello");
  far_->CloseWrite();
  EXPECT_FALSE(connection().CheckQuiet());
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());
  owner_.Resume();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "end"}));
  EXPECT_EQ(owner_.received(), "hello");
}

// --- Destruction in callbacks ---

TEST_F(ConnectionTest, OnInputMayDestroy) {
  owner_.DestroyInEveryCallback();
  far_->Send(std::string(3 * SlicePool::kBlockBytes, 'x'));
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
  EXPECT_TRUE(owner_.destroyed());
}

TEST_F(ConnectionTest, OnInputAfterResumingMayDestroy) {
  owner_.take_input_ = false;
  far_->Send("x");
  Settle();
  connection().PauseReading();
  owner_.Resume();
  owner_.DestroyInEveryCallback();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input", "input"}));
  EXPECT_TRUE(owner_.destroyed());
}

TEST_F(ConnectionTest, OnInputBehindAFailedWriteMayDestroy) {
  owner_.DestroyInEveryCallback();
  far_->Send("x");
  near_->Break(ECONNRESET);
  owner_.Write("y");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
  EXPECT_TRUE(owner_.destroyed());
}

TEST_F(ConnectionTest, OnInputEndMayDestroy) {
  owner_.DestroyInEveryCallback();
  far_->CloseWrite();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"end"}));
  EXPECT_TRUE(owner_.destroyed());
}

TEST_F(ConnectionTest, OnErrorMayDestroy) {
  owner_.DestroyInEveryCallback();
  near_->Break(ECONNRESET);
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_TRUE(owner_.destroyed());
}

TEST_F(ConnectionTest, OnErrorOfAFailedWriteMayDestroy) {
  owner_.DestroyInEveryCallback();
  near_->Break(ECONNRESET);
  owner_.Write("x");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_TRUE(owner_.destroyed());
}

TEST_F(ConnectionTest, OnErrorOfAPausedConnectionMayDestroy) {
  owner_.DestroyInEveryCallback();
  connection().PauseReading();
  near_->Break(ECONNRESET);
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_TRUE(owner_.destroyed());
}

TEST_F(NarrowConnectionTest, OnOutputDrainedMayDestroy) {
  owner_.DestroyInEveryCallback();
  owner_.Write("0123456789abc");
  Settle();
  EXPECT_EQ(far_->ReceiveAll(), "0123456789");
  far_->Send("x");
  Settle();
  EXPECT_EQ(owner_.calls(), Calls({"drained"}));
  EXPECT_TRUE(owner_.destroyed());
}

TEST_F(ConnectionTest, DestructionWithdrawsWhatIsDue) {
  connection().PauseReading();
  far_->Send("x");
  Settle();
  owner_.Resume();
  owner_.Destroy();
  Settle();
  EXPECT_EQ(owner_.calls(), Calls());
}

// --- Over real sockets ---

class SocketConnectionTest : public ::testing::Test {
 protected:
  SocketConnectionTest() { Connect(TcpPair()); }

  void Connect(std::pair<UniqueFd, UniqueFd> fds) {
    far_ = std::move(fds.second);
    owner_.Own(std::make_unique<Connection>(
        *loop_, std::make_unique<RawTransport>(*loop_, std::move(fds.first)),
        owner_));
    RunTurns(*loop_, 3);
  }

  Connection& connection() { return owner_.connection(); }
  void Send(absl::string_view bytes) {
    ASSERT_EQ(send(far_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  void CloseByReset() {
    ResetOnClose(far_.get());
    far_.Reset();
  }
  bool Told(absl::string_view call) {
    return RunUntil(*loop_, [&] { return owner_.Count(call) > 0; });
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  UniqueFd far_;
  Owner owner_;
};

TEST_F(SocketConnectionTest, BytesAndEndInOneEvent) {
  Send("bye");
  shutdown(far_.get(), SHUT_WR);
  ASSERT_TRUE(Told("end"));
  EXPECT_EQ(owner_.calls(), Calls({"input", "end"}));
  EXPECT_EQ(owner_.received(), "bye");

  owner_.Write("still here");
  char into[32];
  EXPECT_EQ(recv(far_.get(), into, sizeof(into), 0), 10);
}

TEST_F(SocketConnectionTest, BytesAndEndWhilePaused) {
  connection().PauseReading();
  Send("bye");
  shutdown(far_.get(), SHUT_WR);
  RunTurns(*loop_, 5);
  EXPECT_EQ(owner_.calls(), Calls());
  owner_.Resume();
  ASSERT_TRUE(Told("end"));
  EXPECT_EQ(owner_.calls(), Calls({"input", "end"}));
}

TEST_F(SocketConnectionTest, CloseWhilePausedIsAnEndNotAnError) {
  connection().PauseReading();
  Send("bye");
  far_.Reset();
  RunTurns(*loop_, 5);
  EXPECT_EQ(owner_.calls(), Calls());
  owner_.Resume();
  ASSERT_TRUE(Told("end"));
  EXPECT_EQ(owner_.received(), "bye");
}

TEST_F(SocketConnectionTest, ResetIsTold) {
  CloseByReset();
  ASSERT_TRUE(Told("error"));
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_EQ(owner_.error(), ECONNRESET);
}

TEST_F(SocketConnectionTest, ResetInOneEventWithBytesIsToldAfterThem) {
  Send("response");
  CloseByReset();
  ASSERT_TRUE(Told("error"));
  EXPECT_EQ(owner_.calls(), Calls({"input", "error"}));
  EXPECT_EQ(owner_.received(), "response");
}

TEST_F(SocketConnectionTest, ResetWhilePausedIsTold) {
  connection().PauseReading();
  Send("never read");
  CloseByReset();
  ASSERT_TRUE(Told("error"));
  EXPECT_EQ(owner_.calls(), Calls({"error"}));
  EXPECT_EQ(owner_.error(), ECONNRESET);
}

TEST_F(SocketConnectionTest, ResetAfterTheEndIsTold) {
  shutdown(far_.get(), SHUT_WR);
  ASSERT_TRUE(Told("end"));
  CloseByReset();
  ASSERT_TRUE(Told("error"));
  EXPECT_EQ(owner_.calls(), Calls({"end", "error"}));
}

TEST_F(SocketConnectionTest, ResetWithWaitingOutputIsToldOnce) {
  owner_.Write(std::string(64 * 1024 * 1024, 'x'));
  EXPECT_FALSE(connection().output().empty());
  CloseByReset();
  ASSERT_TRUE(Told("error"));
  RunTurns(*loop_, 5);
  EXPECT_EQ(owner_.Count("error"), 1);
  EXPECT_EQ(owner_.Count("end"), 0);
}

TEST_F(SocketConnectionTest, EarlyAnswerBeforeAResetIsRead) {
  Send("413");
  CloseByReset();
  owner_.Write("more body");
  ASSERT_TRUE(Told("error"));
  EXPECT_EQ(owner_.calls(), Calls({"input", "error"}));
  EXPECT_EQ(owner_.received(), "413");
}

TEST_F(SocketConnectionTest, ResetBeforeADueResumptionIsToldOnce) {
  owner_.take_input_ = false;
  Send("left");
  ASSERT_TRUE(Told("input"));
  connection().PauseReading();
  owner_.Resume();
  CloseByReset();
  ASSERT_TRUE(Told("error"));
  RunTurns(*loop_, 5);
  EXPECT_EQ(owner_.Count("error"), 1);
  EXPECT_EQ(owner_.calls().back(), "error");
}

TEST_F(SocketConnectionTest, BytesBeforeADueResumptionAreToldTogether) {
  owner_.Destroy();
  Connect(UnixPair());  // Delivers inside send.
  owner_.take_input_ = false;
  Send("left");
  ASSERT_TRUE(Told("input"));
  owner_.TakeCalls();
  connection().PauseReading();
  owner_.Resume();
  Send(" and new");
  RunTurns(*loop_, 5);
  EXPECT_EQ(owner_.calls(), Calls({"input"}));
  EXPECT_EQ(connection().input().ToString(), "left and new");
}

TEST_F(SocketConnectionTest, UnixPeerThatLeavesBytesUnreadIsAReset) {
  owner_.Destroy();
  Connect(UnixPair());
  connection().PauseReading();
  owner_.Write("unread");
  far_.Reset();
  ASSERT_TRUE(Told("error"));
  EXPECT_EQ(owner_.error(), ECONNRESET);
}

// Two connections stream both ways, while each pauses and resumes at random.
void StreamBothWays(EventLoop& loop, std::unique_ptr<Transport> a_transport,
                    std::unique_ptr<Transport> b_transport, unsigned seed) {
  constexpr size_t kBytes = 2 * 1024 * 1024;
  std::mt19937 random(seed);
  std::string text(kBytes, '\0');
  for (size_t at = 0; at < kBytes; at += 4) {
    const uint32_t word = random();
    std::memcpy(text.data() + at, &word, sizeof(word));
  }

  Owner a;
  Owner b;
  a.Own(std::make_unique<Connection>(loop, std::move(a_transport), a));
  b.Own(std::make_unique<Connection>(loop, std::move(b_transport), b));
  const auto pause_sometimes = [&](Owner& owner) {
    owner.on_input_ = [&] {
      if (random() % 3 == 0) owner.connection().PauseReading();
    };
  };
  pause_sometimes(a);
  pause_sometimes(b);
  for (Owner* owner : {&a, &b}) {
    owner->connection().output().Append(Slice::Copy(text));
    owner->CloseWrite();
  }
  ASSERT_TRUE(RunUntil(loop,
                       [&] {
                         if (random() % 2 == 0) a.connection().ResumeReading();
                         if (random() % 2 == 0) b.connection().ResumeReading();
                         return a.Count("end") > 0 && b.Count("end") > 0;
                       }))
      << "seed " << seed;
  EXPECT_TRUE(a.received() == text);
  EXPECT_TRUE(b.received() == text);
  EXPECT_EQ(a.Count("error") + b.Count("error"), 0);
}

TEST(ConnectionStreamTest, NothingIsLostOverTcp) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const std::unique_ptr<EventLoop> loop = *EventLoop::Create();
    auto [a, b] = TcpPair();
    StreamBothWays(*loop, std::make_unique<RawTransport>(*loop, std::move(a)),
                   std::make_unique<RawTransport>(*loop, std::move(b)), seed);
  }
}

TEST(ConnectionStreamTest, NothingIsLostOverFakesWithOddSizes) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const std::unique_ptr<EventLoop> loop = *EventLoop::Create();
    auto [a, b] = FakeTransport::MakePair(*loop, 100003);
    a->SetReadBytesMax(30011);
    b->SetWriteBytesMax(20021);
    StreamBothWays(*loop, std::move(a), std::move(b), seed);
  }
}

}  // namespace
}  // namespace rproxy
