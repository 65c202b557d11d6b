#include "rproxy/core/backend/backend_connection.h"

#include <algorithm>
#include <utility>

#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/serializer.h"

namespace rproxy {

absl::string_view ToString(BackendFailure failure) {
  switch (failure) {
    case BackendFailure::kClosed:
      return "backend_closed";
    case BackendFailure::kBadResponse:
      return "backend_bad_response";
    case BackendFailure::kReadTimeout:
      return "backend_read_timeout";
    case BackendFailure::kWriteTimeout:
      return "backend_write_timeout";
  }
  return "";
}

BackendConnection::BackendConnection(EventLoop& loop,
                                     const BackendConnectionOptions& options,
                                     uint32_t id, Owner& owner)
    : loop_(loop),
      options_(options),
      id_(id),
      owner_(owner),
      timer_(loop, [this] { OnTimer(); }) {}

BackendConnection::~BackendConnection() = default;

void BackendConnection::Dial() {
  DCHECK(connection_ == nullptr && !assigned_);
  dial_ = std::make_unique<class Dial>(
      loop_, options_.address, options_.dial,
      [this](absl::StatusOr<std::unique_ptr<Transport>> transport) {
        OnDialResult(std::move(transport));
      });
}

void BackendConnection::OnDialResult(
    absl::StatusOr<std::unique_ptr<Transport>> transport) {
  loop_.DeleteLater(std::move(dial_));
  absl::Status status = transport.status();
  if (status.ok()) {
    connection_ = std::make_unique<Connection>(
        loop_, *std::move(transport), *static_cast<Connection::Events*>(this));
    connection_->SetOutputLow(options_.output_high_bytes / 2);
    status = connection_->Start();
  }
  if (!status.ok()) {
    connection_ = nullptr;
    owner_.OnDialFailed(id_, status);
    return;
  }
  local_port_ = connection_->transport().local_port();
  exchanges_ = 0;
  written_then_ = 0;
  parser_.emplace(options_.policy,
                  *static_cast<ResponseParser::Visitor*>(this));
  owner_.OnDialled(id_);
}

void BackendConnection::Close() {
  timer_.Cancel();
  dial_ = nullptr;
  EndStream();
  // Callers may be inside a callback of the connection, which lives until the
  // end of the turn.
  if (connection_ != nullptr) connection_->Silence();
  loop_.DeleteLater(std::move(connection_));
}

// --- The request ---------------------------------------------------------

void BackendConnection::Begin(uint64_t serial, BackendStreamEvents& events) {
  if (running(serial)) events_ = &events;
}

uint64_t BackendConnection::Assign() {
  DCHECK(connection_ != nullptr && !assigned_);
  assigned_ = true;
  ++exchanges_;
  request_finished_ = false;
  request_sent_ = false;
  response_paused_ = false;
  tunnel_allowed_ = false;
  tunnel_ = false;
  persistent_ = false;
  read_progress_at_ = write_progress_at_ = loop_.Now();
  written_before_ = connection_->bytes_written();
  read_before_ = connection_->bytes_read();
  if (!trailers_.empty()) trailers_ = HeaderMap();
  return ++serial_;
}

bool BackendConnection::CheckOpen(uint64_t serial) {
  if (!running(serial)) return false;
  if (connection_->CheckQuiet()) return true;
  EndStream();
  Close();
  owner_.OnConnectionClosed(id_);
  return false;
}

void BackendConnection::SendHead(uint64_t serial, const RequestHead& head,
                                 const BodyFraming& framing) {
  if (!running(serial)) return;
  request_framing_ = framing;
  parser_->ExpectResponseTo(head.method);
  std::string text;
  SerializeHead(head, text);
  connection_->output().Append(text);
}

void BackendConnection::AllowTunnel(uint64_t serial) {
  if (running(serial)) tunnel_allowed_ = true;
}

void BackendConnection::SendBody(uint64_t serial, Slice bytes) {
  if (!running(serial) || bytes.empty()) return;
  Buffer& output = connection_->output();
  if (tunnel_) {
    output.Append(std::move(bytes));
  } else if (request_framing_.kind == BodyFraming::Kind::kChunked) {
    std::string start;
    SerializeChunkStart(bytes.size(), start);
    output.Append(start);
    output.Append(std::move(bytes));
    output.Append(kChunkEnd);
  } else {
    DCHECK(request_framing_.kind == BodyFraming::Kind::kContentLength);
    output.Append(std::move(bytes));
  }
}

void BackendConnection::FinishRequest(uint64_t serial,
                                      const HeaderMap& trailers) {
  if (!running(serial)) return;
  if (tunnel_) {
    connection_->CloseWriteAfterFlush();
    return;
  }
  if (request_framing_.kind == BodyFraming::Kind::kChunked) {
    std::string end;
    SerializeLastChunk(trailers, end);
    connection_->output().Append(end);
  }
  request_finished_ = true;
}

void BackendConnection::Flush(uint64_t serial) {
  if (!running(serial)) return;
  connection_->Flush();
  CheckRequestSent();
  Rearm();
}

void BackendConnection::CheckRequestSent() {
  if (!request_finished_ || request_sent_) return;
  if (!connection_->output().empty()) return;
  request_sent_ = true;
  read_progress_at_ = loop_.Now();
  owner_.OnRequestComplete(id_);
}

bool BackendConnection::Full(uint64_t serial) const {
  return running(serial) &&
         connection_->output().size() > options_.output_high_bytes;
}

void BackendConnection::OnOutputDrained() {
  if (!assigned_) return;
  CheckRequestSent();
  Rearm();
  events_->OnBackendDrained();
}

// --- The response --------------------------------------------------------

void BackendConnection::PauseResponse(uint64_t serial) {
  if (!running(serial) || response_paused_) return;
  response_paused_ = true;
  parser_->Pause();
  connection_->PauseReading();
  Rearm();
}

void BackendConnection::ResumeResponse(uint64_t serial) {
  if (!running(serial) || !response_paused_) return;
  response_paused_ = false;
  read_progress_at_ = loop_.Now();
  connection_->ResumeReading();
  Rearm();
}

void BackendConnection::OnInput() {
  if (!assigned_) {
    // Nothing was asked: whatever this is, it answers no request of ours.
    Close();
    owner_.OnConnectionClosed(id_);
    return;
  }
  read_progress_at_ = loop_.Now();
  const uint64_t serial = serial_;
  Buffer& input = connection_->input();
  if (tunnel_) {
    ForwardTunnelInput();
    return;
  }
  while (running(serial) && !input.empty() && !response_paused_) {
    input.Drain(parser_->Parse(input.front().view()));
    if (!running(serial)) return;
    if (response_paused_ && input.empty()) {
      // A pause at the last byte of a body does not hold back its end.
      parser_->Parse({});
      if (!running(serial)) return;
    }
    if (parser_->state() == ParserState::kFailed) {
      Fail(BackendFailure::kBadResponse);
      return;
    }
    if (parser_->state() == ParserState::kDone) {
      if (tunnel_) {
        ForwardTunnelInput();
      } else {
        Complete();
      }
      return;
    }
  }
  events_->OnResponseBatchEnd();
  if (running(serial)) Rearm();
}

void BackendConnection::ForwardTunnelInput() {
  const uint64_t serial = serial_;
  Buffer& input = connection_->input();
  while (running(serial) && !input.empty() && !response_paused_) {
    Slice bytes = input.front().Share(input.front().view());
    input.Drain(bytes.size());
    events_->OnResponseBody(std::move(bytes));
  }
  if (!running(serial)) return;
  events_->OnResponseBatchEnd();
  if (running(serial)) Rearm();
}

void BackendConnection::OnHead(ResponseHead head, const BodyFraming& framing) {
  if (!assigned_) return;
  if (head.status / 100 == 1 && head.status != 101) {
    events_->OnInterimResponse(std::move(head));
    return;
  }
  persistent_ = framing.kind != BodyFraming::Kind::kUntilClose &&
                framing.kind != BodyFraming::Kind::kTunnel &&
                WantsKeepAlive(head.version, head.headers);
  owner_.OnResponseHeadSeen(id_);
  if (framing.kind == BodyFraming::Kind::kTunnel) {
    if (!tunnel_allowed_ || !request_sent_) {
      // Nobody asked for one.
      parser_->Pause();
      Fail(BackendFailure::kBadResponse);
      return;
    }
    tunnel_ = true;
  }
  events_->OnResponseHead(std::move(head), framing);
}

void BackendConnection::OnBody(absl::string_view bytes) {
  if (!assigned_) return;
  events_->OnResponseBody(connection_->input().front().Share(bytes));
}

void BackendConnection::OnTrailers(const HeaderMap& trailers) {
  trailers_ = trailers;
}

void BackendConnection::Complete() {
  CheckRequestSent();
  // A read that filled its block does not tell whether more is there. What is
  // there would answer the next request.
  const bool reusable =
      persistent_ && request_sent_ && connection_->input().empty() &&
      !connection_->input_ended() &&
      (!connection_->may_be_readable() || connection_->CheckQuiet());
  timer_.Cancel();
  if (connection_->reading_paused()) connection_->ResumeReading();
  if (reusable) parser_->Next();
  BackendStreamEvents* events = EndStream();
  events->OnResponseEnd(trailers_);
  owner_.OnResponseComplete(id_, reusable);
}

void BackendConnection::OnInputEnd() {
  if (!assigned_) {
    Close();
    owner_.OnConnectionClosed(id_);
    return;
  }
  if (tunnel_) {
    Complete();
    return;
  }
  parser_->ParseEnd();
  if (!assigned_) return;
  if (parser_->state() == ParserState::kDone) {
    Complete();
  } else {
    Fail(BackendFailure::kClosed);
  }
}

void BackendConnection::OnError(int) {
  if (!assigned_) {
    Close();
    owner_.OnConnectionClosed(id_);
    return;
  }
  Fail(BackendFailure::kClosed);
}

void BackendConnection::Fail(BackendFailure failure) {
  BackendStreamEvents* events = EndStream();
  sent_nothing_ = connection_->bytes_written() == written_before_;
  received_nothing_ = connection_->bytes_read() == read_before_;
  connection_->Abort();
  Close();
  owner_.OnConnectionClosed(id_);
  events->OnFailure(failure);
}

BackendStreamEvents* BackendConnection::EndStream() {
  assigned_ = false;
  return std::exchange(events_, nullptr);
}

void BackendConnection::Abandon(uint64_t serial) {
  if (!running(serial)) return;
  parser_->Pause();
  connection_->Abort();
  EndStream();
  owner_.OnStreamAbandoned(id_);
}

// --- Time ----------------------------------------------------------------

absl::Time BackendConnection::Deadline() const {
  absl::Time deadline = absl::InfiniteFuture();
  if (!assigned_) return deadline;
  if (request_sent_ && !response_paused_ && !tunnel_) {
    deadline = read_progress_at_ + options_.read_idle_max;
  }
  if (!connection_->output().empty()) {
    deadline = std::min(deadline, write_progress_at_ + options_.write_idle_max);
  }
  return deadline;
}

void BackendConnection::Rearm() {
  if (!assigned_) return;
  if (connection_->output().empty() ||
      connection_->bytes_written() != written_then_) {
    written_then_ = connection_->bytes_written();
    write_progress_at_ = loop_.Now();
  }
  timer_.ScheduleAt(Deadline());
}

void BackendConnection::OnTimer() {
  if (!assigned_) return;
  Rearm();
  if (loop_.Now() < Deadline()) return;
  Fail(connection_->output().empty() ? BackendFailure::kReadTimeout
                                     : BackendFailure::kWriteTimeout);
}

}  // namespace rproxy
