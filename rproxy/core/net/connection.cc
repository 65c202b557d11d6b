#include "rproxy/core/net/connection.h"

#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/buffer/slice.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/net/transport.h"

namespace rproxy {
namespace {

// Reads of one connection before the loop's others get their turn: four
// blocks, if the peer sends that fast.
constexpr int kReadsPerTurnMax = 4;

// Pieces gathered by one write.
constexpr size_t kPiecesMax = 16;

}  // namespace

Connection::Connection(EventLoop& loop, std::unique_ptr<Transport> transport,
                       Events& events)
    : loop_(loop), events_(events), transport_(std::move(transport)) {}

Connection::~Connection() {
  if (destroyed_ != nullptr) *destroyed_ = true;
}

absl::Status Connection::Start() { return transport_->Start(*this); }

void Connection::Flush() {
  if (error_ == 0) WriteOutput();
}

void Connection::CloseWriteAfterFlush() {
  close_write_wanted_ = true;
  Flush();
}

void Connection::ResumeReading() {
  if (!reading_paused_) return;
  reading_paused_ = false;
  if (error_ != 0) return;
  if (input_.empty() && !readable_) return;
  resumed_ = true;
  ContinueLater();
}

bool Connection::quiet() const {
  return input_.empty() && output_.empty() && !readable_ && !peer_closed_ &&
         !input_ended_ && !close_write_wanted_ && error_ == 0;
}

bool Connection::CheckQuiet() {
  const bool was_readable = std::exchange(readable_, false);
  if (!quiet()) {
    readable_ = was_readable;
    return false;
  }
  Slice block = loop_.slices().Take();
  const IoResult result =
      transport_->Read({block.mutable_data(), block.size()});
  switch (result.status) {
    case IoResult::Status::kWouldBlock:
      return true;
    case IoResult::Status::kOk:
      block.RemoveSuffix(block.size() - result.bytes);
      input_.Append(std::move(block));
      bytes_read_ += result.bytes;
      resumed_ = true;
      readable_ = true;
      ContinueLater();
      return false;
    case IoResult::Status::kEnd:
      // The end can be read again.
      peer_closed_ = true;
      readable_ = true;
      ContinueLater();
      return false;
    case IoResult::Status::kError:
      FailLater(result.error);
      return false;
  }
  return false;
}

void Connection::Silence() {
  silenced_ = true;
  reading_paused_ = true;
  if (later_ != nullptr) later_->Cancel();
}

void Connection::OnReady(FdEvents events) {
  if (silenced_) return;
  // A failure is about to be reported, or has been.
  if (error_ != 0) return;
  if (events.closed) peer_closed_ = true;
  if (events.readable || events.closed) readable_ = !input_ended_;

  // Writing comes first, so that output that waited is never written by a
  // Flush inside OnInput, which would keep OnOutputDrained from its owner.
  if (events.writable) {
    writable_ = true;
    if (!WriteWaiting() || error_ != 0) return;
  }
  if (!reading_paused_ && !input_ended_) {
    ReadAll();
    return;
  }
  // Nobody reads, so nobody would learn of a reset, which shows as all three.
  if (events.readable && events.writable && events.closed) {
    const int error = transport_->TakeError();
    if (error != 0) Fail(error);
  }
}

void Connection::OnLater() {
  if (silenced_) return;
  // What arrived before a failed write is still wanted: a backend may answer
  // and reset the rest of the request.
  const bool failing = error_ != 0;
  if (!reading_paused_) {
    const bool resumed = std::exchange(resumed_, false);
    if (resumed && !input_.empty() && !Tell(&Events::OnInput)) return;
    if (failing) readable_ = !input_ended_;
    if (!ReadAll()) return;
  }
  if (failing) Fail(error_);
}

bool Connection::ReadAll() {
  for (int reads = 0; readable_ && !reading_paused_; ++reads) {
    if (reads == kReadsPerTurnMax) {
      ContinueLater();
      return true;
    }
    Slice block = loop_.slices().Take();
    const IoResult result =
        transport_->Read({block.mutable_data(), block.size()});
    switch (result.status) {
      case IoResult::Status::kOk:
        break;
      case IoResult::Status::kWouldBlock:
        readable_ = false;
        return true;
      case IoResult::Status::kEnd:
        readable_ = false;
        // After a failed write an end is no proof that the peer sent all: the
        // write has consumed the reset that the read would have told of.
        if (error_ != 0) return true;
        block.Reset();
        // Input that was left is told first. Whoever pauses then reads the end
        // once more later.
        if (std::exchange(resumed_, false) && !input_.empty()) {
          readable_ = true;
          if (!Tell(&Events::OnInput)) return false;
          if (reading_paused_) return true;
          readable_ = false;
        }
        input_ended_ = true;
        return Tell(&Events::OnInputEnd);
      case IoResult::Status::kError:
        readable_ = false;
        if (error_ != 0) return true;
        block.Reset();
        return Fail(result.error);
    }
    block.RemoveSuffix(block.size() - result.bytes);
    input_.Append(std::move(block));
    bytes_read_ += result.bytes;
    // The end comes without an edge of its own once `closed` has been told.
    if (result.drained && !peer_closed_) readable_ = false;
    resumed_ = false;
    if (!Tell(&Events::OnInput)) return false;
  }
  return true;
}

bool Connection::WriteWaiting() {
  const size_t before = output_.size();
  if (before == 0) return true;
  WriteOutput();
  if (error_ != 0) return true;
  const size_t after = output_.size();
  const bool fell = before > output_low_ && after <= output_low_;
  if (!fell && after > 0) return true;
  return Tell(&Events::OnOutputDrained);
}

void Connection::WriteOutput() {
  std::array<iovec, kPiecesMax> pieces;
  while (writable_ && !output_.empty()) {
    const size_t count = output_.FillIovecs(absl::MakeSpan(pieces));
    const IoResult result =
        transport_->Write(absl::MakeConstSpan(pieces.data(), count));
    switch (result.status) {
      case IoResult::Status::kOk:
        output_.Drain(result.bytes);
        bytes_written_ += result.bytes;
        if (result.drained) writable_ = false;
        break;
      case IoResult::Status::kWouldBlock:
        writable_ = false;
        break;
      case IoResult::Status::kEnd:
        LOG(DFATAL) << "writing has no end";
        FailLater(EPIPE);
        return;
      case IoResult::Status::kError:
        FailLater(result.error);
        return;
    }
  }
  if (close_write_wanted_ && !write_closed_ && output_.empty()) {
    write_closed_ = true;
    transport_->CloseWrite();
  }
}

bool Connection::Tell(void (Events::*callback)()) {
  if (silenced_) return false;
  bool destroyed = false;
  destroyed_ = &destroyed;
  (events_.*callback)();
  if (destroyed) return false;
  destroyed_ = nullptr;
  return !silenced_;
}

bool Connection::Fail(int error) {
  if (silenced_) return false;
  error_ = error;
  readable_ = false;
  if (later_ != nullptr) later_->Cancel();
  events_.OnError(error);  // May destroy this.
  return false;
}

void Connection::FailLater(int error) {
  error_ = error;
  ContinueLater();
}

void Connection::ContinueLater() {
  if (silenced_) return;
  if (later_ == nullptr) {
    later_ = std::make_unique<Timer>(loop_, [this] { OnLater(); });
  }
  later_->Schedule(absl::ZeroDuration());
}

}  // namespace rproxy
