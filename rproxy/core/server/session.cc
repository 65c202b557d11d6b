#include "rproxy/core/server/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/parse_error.h"
#include "rproxy/core/http/serializer.h"
#include "rproxy/core/server/http_date.h"

namespace rproxy {
namespace {

// How long a client may go on sending after our last byte. Long enough for the
// response to cross a slow link, short enough that nobody gains by it.
constexpr absl::Duration kLingerTimeMax = absl::Seconds(5);

// Over which a minimum body rate is measured.
constexpr absl::Duration kRateWindow = absl::Seconds(10);

bool StatusForbidsBody(int status) {
  return status / 100 == 1 || status == 204 || status == 304;
}

}  // namespace

Session::Session(HttpServer& server, std::unique_ptr<Transport> transport,
                 const SocketAddress& client_address,
                 const SocketAddress& local_address,
                 ConnectionLimiter::Permit permit)
    : server_(server),
      permit_(std::move(permit)),
      client_address_(client_address),
      local_address_(local_address),
      connection_(server.loop_, std::move(transport), *this),
      parser_(server.options_.policy, *this),
      timer_(server.loop_, [this] { OnTimer(); }),
      waiting_since_(server.loop_.Now()),
      write_progress_at_(server.loop_.Now()) {
  connection_.SetOutputLow(server.options_.output_high_bytes / 2);
}

Session::~Session() { ReportEnd(Cause::kShutdown); }

absl::Status Session::Start() {
  absl::Status status = connection_.Start();
  if (status.ok()) Rearm();
  return status;
}

void Session::StartRefused() {
  refused_ = true;
  if (connection_.Start().ok()) {
    Refuse(503, Cause::kConnectionsLimit);
  } else {
    Close();
  }
}

void Session::Drain() {
  if (stage_ != Stage::kOpen) return;
  keep_alive_ = false;
  if (!exchanging_ && parser_.between_messages() &&
      connection_.input().empty()) {
    CloseWhenFlushed();
  }
}

const PeerIdentity* Session::peer_identity() const {
  return const_cast<Connection&>(connection_).transport().peer_identity();
}

// --- The request ---------------------------------------------------------

void Session::OnInput() { ProcessInput(); }

void Session::ProcessInput() {
  if (stage_ == Stage::kLingering || stage_ == Stage::kClosing) {
    connection_.input().Clear();
    return;
  }
  if (tunnel()) {
    ForwardTunnelInput();
    return;
  }
  // The time for a head begins with its first byte.
  if (!exchanging_ && parser_.between_messages()) {
    waiting_since_ = server_.loop_.Now();
  }
  in_process_ = true;
  Buffer& input = connection_.input();
  while (stage_ == Stage::kOpen && !input.empty() && !request_paused_ &&
         !tunnel()) {
    if (exchanging_ && request_complete_) break;  // Pipelined: its turn comes.
    if (!exchanging_ && output_full()) {
      // Whoever does not read its answers gets no more of them.
      waits_for_output_ = true;
      connection_.PauseReading();
      break;
    }
    input.Drain(parser_.Parse(input.front().view()));
    if (parser_.state() == ParserState::kFailed) {
      Refuse(StatusFor(parser_.error()), Cause::kBadRequest, parser_.error());
      break;
    }
    if (request_paused_ && input.empty()) {
      // A pause at the last byte of a body does not hold back its end.
      parser_.Parse({});
    }
    if (exchanging_ && request_complete_ && response_complete_) EndExchange();
  }
  in_process_ = false;
  if (stage_ != Stage::kOpen) {
    input.Clear();
    return;
  }
  if (responder_ != nullptr) responder_->OnBatchEnd();
  if (stage_ != Stage::kOpen) return;
  if (connection_.input_ended() && input.empty() && !request_paused_) {
    // It was told while an earlier request was being answered.
    OnInputEnd();
    return;
  }
  if (exchanging_ && input.size() > server_.options_.pipelined_bytes_max) {
    connection_.PauseReading();
  }
  Rearm();
}

void Session::ForwardTunnelInput() {
  waiting_since_ = server_.loop_.Now();
  Buffer& input = connection_.input();
  while (responder_ != nullptr && !input.empty() && !request_paused_) {
    Slice bytes = input.front().Share(input.front().view());
    input.Drain(bytes.size());
    body_bytes_ += bytes.size();
    responder_->OnBody(std::move(bytes));
  }
  if (stage_ == Stage::kOpen && connection_.input_ended() && input.empty() &&
      !request_complete_) {
    EndTunnelInput();
  }
  if (responder_ != nullptr) responder_->OnBatchEnd();
  Rearm();
}

void Session::OnHead(RequestHead head, const BodyFraming& framing) {
  ++server_.requests_;
  // The handler may rewrite the request; what its sender understands stays.
  client_version_ = head.version;
  to_head_ = head.method == "HEAD";
  request_ = std::move(head);
  request_framing_ = framing;
  request_complete_ = false;
  request_paused_ = false;
  response_started_ = false;
  response_complete_ = false;
  full_reported_ = false;
  drained_bytes_ = 0;
  exchanging_ = true;
  ++requests_;
  waiting_since_ = server_.loop_.Now();
  BeginExchange(waiting_since_);
  if (observed_ != nullptr) {
    observed_->request = request_;
    observed_->has_request = true;
  }
  StartRateWindow();
  keep_alive_ = !server_.draining_ &&
                requests_ < server_.options_.requests_max &&
                WantsKeepAlive(request_.version, request_.headers);
  expects_continue_ =
      request_.version == HttpVersion::kHttp11 &&
      request_.headers.ListContains(FieldId::kExpect, "100-continue");
  const Cause against = CauseAgainst(request_, framing);
  if (against != Cause::kNone) {
    parser_.Pause();
    Refuse(against == Cause::kBodyTooLarge ? 413 : 417, against);
    return;
  }
  std::unique_ptr<Responder> responder = server_.handler_.Handle(*this);
  if (exchanging_ && !response_complete_ && stage_ == Stage::kOpen) {
    CHECK(responder != nullptr)
        << "a handler that has not answered must return a responder";
    responder_ = std::move(responder);
  } else {
    server_.loop_.DeleteLater(std::move(responder));
  }
}

Cause Session::CauseAgainst(const RequestHead& head,
                            const BodyFraming& framing) const {
  if (framing.kind == BodyFraming::Kind::kContentLength &&
      framing.length > server_.options_.body_bytes_max) {
    return Cause::kBodyTooLarge;
  }
  // RFC 9110 section 10.1.1: there is one expectation.
  if (head.version == HttpVersion::kHttp11 &&
      head.headers.Count(FieldId::kExpect) > 0 &&
      (head.headers.Count(FieldId::kExpect) > 1 ||
       !absl::EqualsIgnoreCase(*head.headers.Find(FieldId::kExpect),
                               "100-continue"))) {
    return Cause::kUnsupportedExpectation;
  }
  return Cause::kNone;
}

void Session::StartRateWindow() {
  rate_bytes_ = 0;
  rate_window_since_ = server_.loop_.Now();
}

void Session::OnBody(absl::string_view bytes) {
  waiting_since_ = server_.loop_.Now();
  if (stage_ != Stage::kOpen) return;
  rate_bytes_ += bytes.size();
  body_bytes_ += bytes.size();
  if (body_bytes_ > server_.options_.body_bytes_max && !response_complete_) {
    parser_.Pause();
    Refuse(413, Cause::kBodyTooLarge);
    return;
  }
  if (responder_ != nullptr) {
    responder_->OnBody(connection_.input().front().Share(bytes));
    return;
  }
  drained_bytes_ += bytes.size();
  if (drained_bytes_ > server_.options_.drain_bytes_max) {
    parser_.Pause();
    Linger();
  }
}

void Session::OnTrailers(const HeaderMap& trailers) {
  request_trailers_ = trailers;
}

void Session::OnMessageEnd() {
  request_complete_ = true;
  if (request_paused_) {
    request_paused_ = false;
    connection_.ResumeReading();
  }
  if (responder_ != nullptr) responder_->OnRequestEnd(request_trailers_);
  request_trailers_ = HeaderMap();
}

void Session::PauseRequestBody() {
  if (request_complete_ || request_paused_ || stage_ != Stage::kOpen) return;
  request_paused_ = true;
  parser_.Pause();
  connection_.PauseReading();
}

void Session::ResumeRequestBody() {
  if (!request_paused_) return;
  request_paused_ = false;
  waiting_since_ = server_.loop_.Now();
  StartRateWindow();
  if (stage_ != Stage::kOpen) return;
  connection_.ResumeReading();
  Rearm();
}

void Session::OnInputEnd() {
  switch (stage_) {
    case Stage::kClosed:
    case Stage::kClosing:
      return;
    case Stage::kLingering:
      if (connection_.output().empty()) Close();
      return;
    case Stage::kOpen:
      break;
  }
  if (exchanging_) {
    // A client may end its side and still wait for the answer.
    if (request_complete_) return;
    if (tunnel() && responder_ != nullptr) {
      request_complete_ = true;
      responder_->OnRequestEnd(HeaderMap());
      if (responder_ != nullptr) responder_->OnBatchEnd();
      return;
    }
    ReportEnd(Cause::kClientGone);
    DropResponder();
    Close();
    return;
  }
  CloseWhenFlushed();
}

// --- The response --------------------------------------------------------

void Session::SendInterim(const ResponseHead& head) {
  if (stage_ != Stage::kOpen || response_started_) return;
  if (client_version_ == HttpVersion::kHttp10) return;
  expects_continue_ = expects_continue_ && head.status != 100;
  std::string text;
  SerializeHead(head, text);
  connection_.output().Append(text);
}

void Session::SendHead(ResponseHead head, const BodyFraming& framing) {
  if (stage_ != Stage::kOpen) return;
  DCHECK(exchanging_ && !response_started_);
  response_started_ = true;
  // A client that waits for 100 may or may not send its body now: nobody can
  // tell what its next byte means.
  if (expects_continue_ && !request_complete_) keep_alive_ = false;
  if (server_.draining_) keep_alive_ = false;

  head.version = HttpVersion::kHttp11;
  response_framing_ = BodyFraming();
  switch (framing.kind) {
    case BodyFraming::Kind::kNone:
      if (!to_head_ && !StatusForbidsBody(head.status)) {
        head.headers.Set("Content-Length", "0");
      }
      break;
    case BodyFraming::Kind::kTunnel:
      response_framing_ = framing;
      break;
    case BodyFraming::Kind::kContentLength:
      head.headers.Set("Content-Length", absl::StrCat(framing.length));
      response_framing_ = framing;
      break;
    case BodyFraming::Kind::kChunked:
    case BodyFraming::Kind::kUntilClose:
      if (client_version_ == HttpVersion::kHttp11) {
        head.headers.Set("Transfer-Encoding", "chunked");
        response_framing_.kind = BodyFraming::Kind::kChunked;
      } else {
        keep_alive_ = false;
        response_framing_.kind = BodyFraming::Kind::kUntilClose;
      }
      break;
  }
  if (to_head_) response_framing_ = BodyFraming();
  if (tunnel()) {
    BeginTunnel(head.headers);
  } else if (!keep_alive_) {
    head.headers.Set("Connection", "close");
  } else if (client_version_ == HttpVersion::kHttp10) {
    head.headers.Set("Connection", "keep-alive");
  }
  if (!head.headers.Find(FieldId::kDate)) {
    head.headers.Add("Date", server_.date_->Now());
  }
  if (!server_.options_.server_name.empty() &&
      !head.headers.Find(FieldId::kServer)) {
    head.headers.Add("Server", server_.options_.server_name);
  }
  std::string text;
  SerializeHead(head, text);
  connection_.output().Append(text);
  if (observed_ != nullptr) {
    observed_->response = std::move(head);
    observed_->has_response = true;
  }
}

void Session::BeginTunnel(HeaderMap& headers) {
  DCHECK(request_complete_);
  headers.Set("Connection", "upgrade");
  keep_alive_ = false;
  request_complete_ = false;
  waiting_since_ = server_.loop_.Now();
  // What the client sent ahead of the 101 is part of the tunnel now.
  connection_.PauseReading();
  connection_.ResumeReading();
  // A client may have ended its side before the tunnel began.
  if (connection_.input_ended() && connection_.input().empty())
    EndTunnelInput();
}

void Session::EndTunnelInput() {
  request_complete_ = true;
  if (responder_ != nullptr) responder_->OnRequestEnd(HeaderMap());
}

void Session::SendBody(Slice bytes) {
  if (stage_ != Stage::kOpen || bytes.empty()) return;
  DCHECK(response_started_ && !response_complete_);
  Buffer& output = connection_.output();
  switch (response_framing_.kind) {
    case BodyFraming::Kind::kNone:
      return;
    case BodyFraming::Kind::kContentLength:
      DCHECK_LE(bytes.size(), response_framing_.length);
      if (bytes.size() > response_framing_.length) {
        bytes.RemoveSuffix(bytes.size() - response_framing_.length);
        keep_alive_ = false;
      }
      response_framing_.length -= bytes.size();
      response_bytes_ += bytes.size();
      output.Append(std::move(bytes));
      return;
    case BodyFraming::Kind::kChunked: {
      std::string start;
      SerializeChunkStart(bytes.size(), start);
      response_bytes_ += bytes.size();
      output.Append(start);
      output.Append(std::move(bytes));
      output.Append(kChunkEnd);
      return;
    }
    case BodyFraming::Kind::kTunnel:
      waiting_since_ = server_.loop_.Now();
      response_bytes_ += bytes.size();
      output.Append(std::move(bytes));
      return;
    case BodyFraming::Kind::kUntilClose:
      response_bytes_ += bytes.size();
      output.Append(std::move(bytes));
      return;
  }
}

void Session::Finish(const HeaderMap& trailers) {
  if (stage_ != Stage::kOpen) return;
  DCHECK(response_started_ && !response_complete_);
  if (response_framing_.kind == BodyFraming::Kind::kChunked) {
    std::string end;
    SerializeLastChunk(trailers, end);
    connection_.output().Append(end);
  } else if (response_framing_.kind == BodyFraming::Kind::kContentLength &&
             response_framing_.length > 0) {
    Abort();
    return;
  }
  response_complete_ = true;
  DropResponder();
  connection_.Flush();
  if (request_paused_) ResumeRequestBody();
  if (request_complete_) {
    if (!in_process_) EndExchange();
  } else if (!keep_alive_) {
    Linger();
  }
  Rearm();
}

void Session::Reply(int status, absl::string_view content_type,
                    absl::string_view body, const HeaderMap& extra) {
  ResponseHead head;
  head.status = status;
  head.reason = std::string(ReasonPhrase(status));
  head.headers = extra;
  if (!StatusForbidsBody(status)) {
    head.headers.Set("Content-Type", content_type);
  }
  BodyFraming framing;
  if (!StatusForbidsBody(status)) {
    framing = {BodyFraming::Kind::kContentLength, body.size()};
  }
  SendHead(std::move(head), framing);
  if (!body.empty()) SendBody(Slice::Copy(body));
  Finish(HeaderMap());
}

void Session::ReplyError(int status, Cause cause, const HeaderMap& extra) {
  notes_.SetCause(cause);
  HeaderMap headers = extra;
  headers.Set("X-Request-Id", id_.ToString());
  for (const ErrorPage& page : server_.options_.error_pages) {
    if (page.status != status) continue;
    Reply(status, page.content_type, page.body, headers);
    return;
  }
  Reply(status, "text/plain; charset=utf-8",
        absl::StrCat(status, " ", ReasonPhrase(status), "\n"), headers);
}

void Session::Flush() {
  if (stage_ == Stage::kClosed) return;
  connection_.Flush();
  Rearm();
}

bool Session::output_full() const {
  const bool full =
      connection_.output().size() > server_.options_.output_high_bytes;
  return full;
}

void Session::Abort() {
  if (stage_ != Stage::kOpen) return;
  ReportEnd(Cause::kAborted);
  DropResponder();
  if (!response_started_ ||
      response_framing_.kind == BodyFraming::Kind::kUntilClose) {
    connection_.Abort();
    Close();
    return;
  }
  // The framing shows that bytes are missing, so what is there may arrive.
  keep_alive_ = false;
  CloseWhenFlushed();
}

void Session::OnOutputDrained() {
  if (stage_ == Stage::kClosing) {
    if (connection_.output().empty()) Close();
    return;
  }
  if (stage_ == Stage::kLingering) {
    if (!connection_.output().empty()) return;
    if (connection_.input_ended()) {
      Close();
      return;
    }
    waiting_since_ = server_.loop_.Now();
    Rearm();
    return;
  }
  if (stage_ != Stage::kOpen) return;
  if (waits_for_output_) {
    waits_for_output_ = false;
    connection_.ResumeReading();
  }
  if (responder_ != nullptr) responder_->OnOutputDrained();
  Rearm();
}

// --- Endings -------------------------------------------------------------

void Session::DropResponder() {
  server_.loop_.DeleteLater(std::move(responder_));
}

void Session::BeginExchange(absl::Time since) {
  id_ = server_.ids_.Next();
  exchanging_since_ = since;
  body_bytes_ = 0;
  response_bytes_ = 0;
  notes_ = ExchangeNotes();
  unreported_ = true;
  if (server_.options_.observer != nullptr) {
    observed_ = std::make_unique<Observed>();
  }
}

void Session::ReportEnd(Cause otherwise) {
  if (!unreported_) return;
  unreported_ = false;
  if (observed_ == nullptr) return;
  if (!response_complete_) notes_.SetCause(otherwise);
  server_.options_.observer->OnExchangeEnd(
      {.request = observed_->has_request ? &observed_->request : nullptr,
       .response = observed_->has_response ? &observed_->response : nullptr,
       .client = client_address_,
       .id = id_,
       .notes = notes_,
       .bytes_in = body_bytes_,
       .bytes_out = response_bytes_,
       .ended = server_.loop_.clock().WallNow(),
       .duration = server_.loop_.Now() - exchanging_since_});
  observed_ = nullptr;
}

void Session::EndExchange() {
  ReportEnd(Cause::kNone);
  exchanging_ = false;
  request_ = RequestHead();
  waiting_since_ = server_.loop_.Now();
  if (!keep_alive_) {
    CloseWhenFlushed();
    return;
  }
  parser_.Next();
  if (!connection_.input().empty()) {
    // The next request is here already. Outside of ProcessInput, let the
    // handler's call return first.
    if (!in_process_) {
      connection_.PauseReading();
      connection_.ResumeReading();
    } else if (connection_.reading_paused()) {
      connection_.ResumeReading();
    }
  } else if (connection_.input_ended()) {
    CloseWhenFlushed();
  } else if (connection_.reading_paused()) {
    connection_.ResumeReading();
  }
}

void Session::Refuse(int status, Cause cause, ParseError error) {
  DropResponder();
  if (!unreported_) BeginExchange(waiting_since_);
  notes_.SetCause(cause, error);
  if (response_started_ && exchanging_) {
    CloseWhenFlushed();
    return;
  }
  keep_alive_ = false;
  if (!exchanging_) {
    client_version_ = HttpVersion::kHttp11;
    to_head_ = false;
  }
  exchanging_ = true;
  request_complete_ = false;
  request_paused_ = false;
  response_started_ = false;
  response_complete_ = false;
  ReplyError(status, cause, HeaderMap());
}

void Session::CloseWhenFlushed() {
  if (stage_ == Stage::kClosed) return;
  ReportEnd(Cause::kAborted);
  // Closing a socket that still has something to read resets it, and a reset
  // may destroy what the client has not read yet.
  if (!connection_.input_ended() &&
      (!connection_.input().empty() || (exchanging_ && !request_complete_))) {
    Linger();
    return;
  }
  stage_ = Stage::kClosing;
  connection_.SetOutputLow(0);
  connection_.Flush();
  if (connection_.output().empty()) {
    Close();
  } else {
    Rearm();
  }
}

void Session::Linger() {
  if (stage_ != Stage::kOpen) return;
  ReportEnd(Cause::kAborted);
  stage_ = Stage::kLingering;
  DropResponder();
  waiting_since_ = server_.loop_.Now();
  if (!in_process_) connection_.input().Clear();
  connection_.SetOutputLow(0);
  connection_.CloseWriteAfterFlush();
  if (connection_.input_ended() && connection_.output().empty()) {
    Close();
    return;
  }
  connection_.ResumeReading();
  Rearm();
}

void Session::Close() {
  if (stage_ == Stage::kClosed) return;
  ReportEnd(Cause::kAborted);
  stage_ = Stage::kClosed;
  timer_.Cancel();
  connection_.Silence();
  DropResponder();
  server_.Remove(*this);  // Destroys this at the end of the turn.
}

void Session::OnError(int) {
  ReportEnd(Cause::kClientGone);
  Close();
}

// --- Time ----------------------------------------------------------------

absl::Time Session::Deadline() const {
  const HttpServerOptions& options = server_.options_;
  absl::Time deadline = absl::InfiniteFuture();
  switch (stage_) {
    case Stage::kClosed:
      return deadline;
    case Stage::kLingering:
      // Counts from the last byte that we had to send.
      if (connection_.output().empty()) return waiting_since_ + kLingerTimeMax;
      break;
    case Stage::kClosing:
      break;
    case Stage::kOpen:
      if (!exchanging_) {
        const bool idle = requests_ > 0 && parser_.between_messages();
        deadline = waiting_since_ +
                   (idle ? options.keep_alive_max : options.head_time_max);
      } else if (tunnel()) {
        deadline = waiting_since_ + options.tunnel_idle_max;
      } else if (!request_complete_ && !request_paused_) {
        deadline = waiting_since_ + options.body_idle_max;
        if (options.body_rate_min > 0) {
          deadline = std::min(deadline, rate_window_since_ + kRateWindow);
        }
      }
      break;
  }
  if (!connection_.output().empty()) {
    deadline = std::min(deadline, write_progress_at_ + options.write_idle_max);
  }
  return deadline;
}

void Session::Rearm() {
  if (stage_ == Stage::kClosed) return;
  if (connection_.output().empty() ||
      connection_.bytes_written() != written_then_) {
    written_then_ = connection_.bytes_written();
    write_progress_at_ = server_.loop_.Now();
  }
  timer_.ScheduleAt(Deadline());
}

void Session::OnTimer() {
  if (stage_ == Stage::kClosed) return;
  const absl::Time now = server_.loop_.Now();
  // Progress since the timer was set counts from now: a write deadline is met
  // or missed with the grain of one period.
  if (connection_.bytes_written() != written_then_) Rearm();
  if (exchanging_ && now >= rate_window_since_ + kRateWindow &&
      rate_bytes_ >=
          server_.options_.body_rate_min * absl::ToInt64Seconds(kRateWindow)) {
    StartRateWindow();
  }
  if (now < Deadline()) {
    timer_.ScheduleAt(Deadline());
    return;
  }
  const bool write_stalled =
      !connection_.output().empty() &&
      now >= write_progress_at_ + server_.options_.write_idle_max;
  if (stage_ == Stage::kLingering && !write_stalled) {
    // What the system still holds of the response goes on its way.
    Close();
    return;
  }
  if (stage_ != Stage::kOpen || write_stalled || tunnel()) {
    ReportEnd(write_stalled ? Cause::kWriteTimeout : Cause::kTunnelIdle);
    connection_.Abort();
    Close();
    return;
  }
  if (!exchanging_) {
    if (parser_.between_messages()) {
      Close();
    } else {
      Refuse(408, Cause::kHeadTimeout);
    }
    return;
  }
  const bool silent = now >= waiting_since_ + server_.options_.body_idle_max;
  Refuse(408, silent ? Cause::kBodyTimeout : Cause::kBodyTooSlow);
}

}  // namespace rproxy
