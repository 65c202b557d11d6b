#include "rproxy/testing/transport_contract.h"

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/net/transport.h"
#include "rproxy/testing/loop_runner.h"

namespace rproxy::test {
namespace {

// More than sockets hold while nobody reads.
constexpr size_t kTooManyBytes = 16 * 1024 * 1024;

// Enough for the writer to block and go on many times.
constexpr size_t kManyBytes = 2 * 1024 * 1024;

// A text in which no part looks like another.
std::string Pattern(size_t bytes) {
  std::string text(bytes, '.');
  for (uint64_t at = 0; at + sizeof(at) <= bytes; at += sizeof(at)) {
    std::memcpy(text.data() + at, &at, sizeof(at));
  }
  return text;
}

// One end under an observer that does what the contract asks of an owner, and
// nothing more: it touches the transport only after readiness.
class End final : private Transport::Observer {
 public:
  explicit End(std::unique_ptr<Transport> transport)
      : transport_(std::move(transport)) {}

  void Start() { ASSERT_TRUE(transport_->Start(*this).ok()); }

  void Send(std::string bytes) {
    outgoing_ += std::move(bytes);
    if (writable_) WriteAll();
  }
  void CloseWriteAfterwards() {
    close_write_ = true;
    if (writable_) WriteAll();
  }
  void Close() { transport_ = nullptr; }
  void PauseReading() { reading_ = false; }
  void ResumeReading() {
    reading_ = true;
    if (readable_) ReadAll();
  }
  void DestroyWhenReady() { destroy_when_ready_ = true; }
  void SetReadSize(size_t bytes) { read_size_ = bytes; }
  void SetPieceSize(size_t bytes) { piece_size_ = bytes; }

  Transport& transport() { return *transport_; }
  const std::string& received() const { return received_; }
  bool sent() const { return sent_bytes_ == outgoing_.size(); }
  bool ended() const { return ended_; }
  int error() const { return error_; }
  bool finished() const { return ended_ || error_ != 0; }
  int ready_calls() const { return ready_calls_; }
  // Readiness was told while one of our calls was on the stack.
  bool told_inside() const { return told_inside_; }

 private:
  void OnReady(FdEvents events) override {
    ++ready_calls_;
    if (inside_) told_inside_ = true;
    if (destroy_when_ready_) {
      transport_ = nullptr;
      return;
    }
    if (events.closed) peer_closed_ = true;
    if (events.readable || events.closed) readable_ = true;
    if (events.writable) writable_ = true;
    if (readable_ && reading_) ReadAll();
    if (writable_) WriteAll();
  }

  void ReadAll() {
    std::vector<char> into(read_size_);
    while (readable_ && !finished()) {
      inside_ = true;
      const IoResult result = transport_->Read(absl::MakeSpan(into));
      inside_ = false;
      switch (result.status) {
        case IoResult::Status::kOk:
          ASSERT_GE(result.bytes, 1u);
          ASSERT_LE(result.bytes, into.size());
          received_.append(into.data(), result.bytes);
          if (result.drained && !peer_closed_) readable_ = false;
          break;
        case IoResult::Status::kWouldBlock:
          readable_ = false;
          break;
        case IoResult::Status::kEnd:
          ended_ = true;
          break;
        case IoResult::Status::kError:
          ASSERT_NE(result.error, 0);
          error_ = result.error;
          break;
      }
    }
  }

  void WriteAll() {
    while (writable_ && !sent() && error_ == 0) {
      std::vector<iovec> pieces;
      for (size_t at = sent_bytes_; at < outgoing_.size() && pieces.size() < 16;
           at += piece_size_) {
        pieces.push_back(
            {.iov_base = outgoing_.data() + at,
             .iov_len = std::min(piece_size_, outgoing_.size() - at)});
      }
      inside_ = true;
      const IoResult result = transport_->Write(pieces);
      inside_ = false;
      switch (result.status) {
        case IoResult::Status::kOk:
          ASSERT_GE(result.bytes, 1u);
          sent_bytes_ += result.bytes;
          if (result.drained) writable_ = false;
          break;
        case IoResult::Status::kWouldBlock:
          writable_ = false;
          break;
        case IoResult::Status::kEnd:
          FAIL() << "writing has no end";
          break;
        case IoResult::Status::kError:
          ASSERT_NE(result.error, 0);
          error_ = result.error;
          break;
      }
    }
    if (close_write_ && sent() && error_ == 0) {
      close_write_ = false;
      transport_->CloseWrite();
    }
  }

  std::unique_ptr<Transport> transport_;
  std::string outgoing_;  // All of it, also what was sent.
  size_t sent_bytes_ = 0;
  std::string received_;
  size_t read_size_ = 64 * 1024;
  size_t piece_size_ = 16 * 1024;
  int ready_calls_ = 0;
  int error_ = 0;
  bool reading_ = true;
  bool readable_ = false;
  bool writable_ = false;
  bool peer_closed_ = false;
  bool ended_ = false;
  bool close_write_ = false;
  bool destroy_when_ready_ = false;
  bool inside_ = false;
  bool told_inside_ = false;
};

struct Ends {
  explicit Ends(TransportContractCase::Pair pair)
      : near(std::move(pair.first)), far(std::move(pair.second)) {}

  void Start() {
    near.Start();
    far.Start();
  }

  End near;
  End far;
};

// Starts both ends and moves a byte each way, so that no handshake is left.
void Connect(EventLoop& loop, Ends& ends) {
  ends.Start();
  ends.near.Send("<");
  ends.far.Send(">");
  ASSERT_TRUE(RunUntil(loop, [&] {
    return ends.far.received() == "<" && ends.near.received() == ">";
  }));
}

TEST_P(TransportContract, BytesArriveBothWays) {
  Ends ends(GetParam().make_pair(*loop_));
  ends.Start();
  ends.near.Send("ping");
  ends.far.Send("pong");
  EXPECT_TRUE(RunUntil(*loop_, [&] {
    return ends.far.received() == "ping" && ends.near.received() == "pong";
  }));
  EXPECT_FALSE(ends.near.told_inside());
  EXPECT_FALSE(ends.far.told_inside());
}

TEST_P(TransportContract, LongStreamsBothWaysLoseNothing) {
  Ends ends(GetParam().make_pair(*loop_));
  const std::string there = Pattern(kManyBytes);
  const std::string back = there.substr(1001);
  ends.near.SetReadSize(100001);
  ends.Start();
  ends.near.Send(there);
  ends.far.Send(back);
  ASSERT_TRUE(RunUntil(*loop_, [&] {
    return ends.far.received().size() == there.size() &&
           ends.near.received().size() == back.size();
  }));
  EXPECT_TRUE(ends.far.received() == there);
  EXPECT_TRUE(ends.near.received() == back);
  EXPECT_TRUE(ends.near.sent());
  EXPECT_TRUE(ends.far.sent());
}

TEST_P(TransportContract, SmallPiecesAndSmallReadsKeepTheOrder) {
  Ends ends(GetParam().make_pair(*loop_));
  const std::string text = Pattern(20000);
  ends.near.SetPieceSize(7);
  ends.far.SetReadSize(13);
  ends.Start();
  ends.near.Send(text);
  EXPECT_TRUE(RunUntil(*loop_, [&] { return ends.far.received() == text; }));
}

TEST_P(TransportContract, EachNewByteIsANewEdge) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  for (size_t i = 1; i <= 50; ++i) {
    ends.near.Send(".");
    ASSERT_TRUE(
        RunUntil(*loop_, [&] { return ends.far.received().size() == 1 + i; }));
  }
}

TEST_P(TransportContract, ReadingFromNothingWouldBlock) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  char byte;
  const IoResult result = ends.near.transport().Read(absl::MakeSpan(&byte, 1));
  EXPECT_EQ(result.status, IoResult::Status::kWouldBlock);
}

TEST_P(TransportContract, WritingBlocksUntilThePeerReads) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  ends.far.PauseReading();
  ends.near.Send(std::string(kTooManyBytes, 'x'));
  RunTurns(*loop_, 10);
  EXPECT_FALSE(ends.near.sent());

  ends.far.ResumeReading();
  EXPECT_TRUE(RunUntil(
      *loop_, [&] { return ends.far.received().size() == 1 + kTooManyBytes; }));
  EXPECT_TRUE(ends.near.sent());
}

TEST_P(TransportContract, EndComesAfterAllBytesAndLeavesTheOtherWayOpen) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  ends.near.Send(Pattern(kManyBytes));
  ends.near.CloseWriteAfterwards();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return ends.far.finished(); }));
  EXPECT_TRUE(ends.far.ended());
  EXPECT_EQ(ends.far.received().size(), 1 + kManyBytes);

  ends.far.Send("answer");
  EXPECT_TRUE(
      RunUntil(*loop_, [&] { return ends.near.received() == ">answer"; }));
  EXPECT_FALSE(ends.near.finished());
}

TEST_P(TransportContract, EndThatCameWithTheBytesIsNotLost) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  // Both are there before the far end runs again.
  ends.near.Send("last words");
  ends.near.CloseWriteAfterwards();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return ends.far.finished(); }));
  EXPECT_TRUE(ends.far.ended());
  EXPECT_EQ(ends.far.received(), "<last words");
}

TEST_P(TransportContract, EndThatCameWhileNobodyReadIsNotLost) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  ends.far.PauseReading();
  ends.near.Send("last words");
  ends.near.CloseWriteAfterwards();
  RunTurns(*loop_, 10);
  EXPECT_FALSE(ends.far.finished());

  ends.far.ResumeReading();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return ends.far.finished(); }));
  EXPECT_TRUE(ends.far.ended());
  EXPECT_EQ(ends.far.received(), "<last words");
}

TEST_P(TransportContract, DestructionDeliversWhatWasWrittenAndEnds) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  const std::string text = Pattern(30000);
  ends.near.Send(text);
  ASSERT_TRUE(RunUntil(*loop_, [&] { return ends.near.sent(); }));
  ends.near.Close();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return ends.far.finished(); }));
  EXPECT_TRUE(ends.far.ended());
  EXPECT_EQ(ends.far.received(), "<" + text);
}

TEST_P(TransportContract, AbortIsNoEnd) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  ends.near.transport().Abort();
  ends.near.Close();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return ends.far.finished(); }));
  if (GetParam().abort_is_seen) {
    EXPECT_NE(ends.far.error(), 0);
  }
}

TEST_P(TransportContract, AbortBehindBytesIsNotLost) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  ends.near.Send("partial");
  ends.near.transport().Abort();
  ends.near.Close();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return ends.far.finished(); }));
  if (GetParam().abort_is_seen) {
    EXPECT_NE(ends.far.error(), 0);
  }
}

TEST_P(TransportContract, AbortIsToldToWhoDoesNotRead) {
  if (!GetParam().abort_is_seen || !GetParam().takes_errors) {
    GTEST_SKIP() << "this transport does not tell a reset from an end";
  }
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  EXPECT_EQ(ends.far.transport().TakeError(), 0);
  ends.far.PauseReading();
  const int calls = ends.far.ready_calls();
  ends.near.transport().Abort();
  ends.near.Close();
  ASSERT_TRUE(RunUntil(*loop_, [&] { return ends.far.ready_calls() > calls; }));
  EXPECT_NE(ends.far.transport().TakeError(), 0);
}

TEST_P(TransportContract, WritingToAPeerThatIsGoneFails) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  ends.far.PauseReading();  // The end must not stop it.
  ends.near.Close();
  // The first bytes may still be taken; their answer is a reset.
  ASSERT_TRUE(RunUntil(*loop_, [&] {
    ends.far.Send("x");
    return ends.far.error() != 0;
  }));
}

TEST_P(TransportContract, ObserverMayDestroyTheTransport) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  ends.far.DestroyWhenReady();
  const int calls = ends.far.ready_calls();
  ends.near.Send("x");
  EXPECT_TRUE(RunUntil(*loop_, [&] { return ends.far.ready_calls() > calls; }));
  EXPECT_TRUE(RunUntil(*loop_, [&] { return ends.near.finished(); }));
}

TEST_P(TransportContract, DestructionTellsTheObserverNothing) {
  Ends ends(GetParam().make_pair(*loop_));
  Connect(*loop_, ends);
  ends.far.Send("x");
  const int calls = ends.near.ready_calls();
  ends.near.Close();
  RunTurns(*loop_, 10);
  EXPECT_EQ(ends.near.ready_calls(), calls);
}

}  // namespace
}  // namespace rproxy::test
