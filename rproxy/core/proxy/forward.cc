#include "rproxy/core/proxy/forward.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rproxy/core/http/http_types.h"
#include "rproxy/core/proxy/forwarded_headers.h"

namespace rproxy {
namespace {

// How often a request is sent again because a connection that had served others
// was hung up. A backend that ends every connection after a response, without
// saying so, may make several of them stale at once.
constexpr int kStaleRepeatsMax = 16;

Cause ToCause(BackendFailure failure) {
  switch (failure) {
    case BackendFailure::kClosed:
      return Cause::kBackendClosed;
    case BackendFailure::kBadResponse:
      return Cause::kBackendBadResponse;
    case BackendFailure::kReadTimeout:
      return Cause::kBackendReadTimeout;
    case BackendFailure::kWriteTimeout:
      return Cause::kBackendWriteTimeout;
  }
  return Cause::kBackendClosed;
}

}  // namespace

Forward::Forward(Exchange& exchange, ConnectionPool& pool,
                 const ForwardRule& rule)
    : exchange_(&exchange),
      pool_(pool),
      rule_(rule),
      request_framing_(exchange.request_framing()),
      has_body_(request_framing_.kind == BodyFraming::Kind::kChunked ||
                (request_framing_.kind == BodyFraming::Kind::kContentLength &&
                 request_framing_.length > 0)) {}

Forward::~Forward() = default;

void Forward::Start() {
  RequestEdits edits;
  edits.x_forwarded_for = rule_.x_forwarded_for;
  if (edits.x_forwarded_for) {
    edits.client_host = exchange_->client_address().HostToString();
  }
  edits.via = rule_.via;
  RequestHead& request = exchange_->request();
  if (MayUpgrade()) upgrade_ = *request.headers.Find(FieldId::kUpgrade);
  exchange_->notes().rule = rule_.name;
  PrepareRequest(request_framing_, edits, request);
  if (rule_.x_request_id) {
    request.headers.Set("X-Request-Id", exchange_->id().ToString());
  }
  if (!upgrade_.empty()) {
    request.headers.Add("Connection", "upgrade");
    request.headers.Add("Upgrade", upgrade_);
  }
  Acquire();
}

// RFC 9110 section 7.8. Bodies before an upgrade are legal, but nobody sends
// them, and they would have to be framed and tunnelled at once.
bool Forward::MayUpgrade() const {
  const RequestHead& request = exchange_->request();
  if (request.version == HttpVersion::kHttp10 || has_body_ ||
      request.headers.Count(FieldId::kUpgrade) != 1 ||
      !request.headers.ListContains(FieldId::kConnection, "upgrade")) {
    return false;
  }
  return rule_.any_upgrade ||
         absl::EqualsIgnoreCase(*request.headers.Find(FieldId::kUpgrade),
                                "websocket");
}

void Forward::Acquire() {
  // Each turn but the last takes an idle connection away.
  for (;;) {
    ConnectionPool::AcquireResult result = pool_.Acquire(rule_.set, *this);
    switch (result.kind) {
      case PoolState::Grant::Kind::kAssigned:
        if (Begin(std::move(result.stream))) return;
        continue;
      case PoolState::Grant::Kind::kWaiting:
        ticket_ = std::move(result.ticket);
        // The body stays in the client's socket until there is a place for it.
        if (has_body_ && !request_ended_) {
          body_paused_ = true;
          exchange_->PauseRequestBody();
        }
        return;
      case PoolState::Grant::Kind::kOverloaded:
        OnRefused(PoolRefusal::kOverloaded);
        return;
      case PoolState::Grant::Kind::kUnavailable:
        OnRefused(PoolRefusal::kUnavailable);
        return;
    }
  }
}

void Forward::OnStream(BackendStream stream) {
  ticket_ = PoolTicket();
  if (exchange_ == nullptr) return;
  if (!Begin(std::move(stream))) {
    Acquire();
    return;
  }
  stream_.Flush();
  if (body_paused_) {
    body_paused_ = false;
    exchange_->ResumeRequestBody();
  }
}

bool Forward::Begin(BackendStream stream) {
  stream_ = std::move(stream);
  // A request that cannot or may not be repeated (again) deserves a look before
  // it is sent. The others save the system call: see MayRetry.
  const bool repeatable =
      repeats_ == 0 && IsIdempotent(exchange_->request().method) &&
      request_framing_.kind != BodyFraming::Kind::kChunked &&
      request_framing_.length <= rule_.replay_bytes_max;
  if (!repeatable && !stream_.CheckOpen()) {
    return false;
  }
  ExchangeNotes& notes = exchange_->notes();
  ++notes.attempts;
  notes.reused = stream_.reused();
  notes.backend = &stream_.backend_address();
  notes.backend_local_port = stream_.local_port();
  stream_.Begin(*this);
  if (!upgrade_.empty()) stream_.AllowTunnel();
  stream_.SendHead(exchange_->request(), request_framing_);
  for (const Slice& bytes : replay_.slices()) {
    stream_.SendBody(bytes.Share(bytes.view()));
  }
  if (request_ended_) stream_.FinishRequest(trailers_);
  // Bytes of the request that have come already follow at once; OnBatchEnd
  // flushes them together with the head.
  return true;
}

void Forward::OnRefused(PoolRefusal refusal) {
  ticket_ = PoolTicket();
  if (exchange_ == nullptr) return;
  switch (refusal) {
    case PoolRefusal::kOverloaded:
      ReplyError(503, Cause::kPendingOverflow);
      return;
    case PoolRefusal::kExpired:
      ReplyError(503, Cause::kPendingTimeout);
      return;
    case PoolRefusal::kUnavailable:
      ReplyError(502, Cause::kBackendUnavailable);
      return;
  }
}

// --- Client to backend ---------------------------------------------------

void Forward::OnBody(Slice bytes) {
  if (exchange_ == nullptr || !stream_.valid()) return;
  if (replayable_) {
    if (replay_.size() + bytes.size() > rule_.replay_bytes_max) {
      ForgetReplay();
    } else {
      replay_.Append(bytes.Share(bytes.view()));
    }
  }
  stream_.SendBody(std::move(bytes));
  if (!stream_.full()) return;
  stream_.Flush();
  if (stream_.full() && !body_paused_) {
    body_paused_ = true;
    exchange_->PauseRequestBody();
  }
}

void Forward::OnRequestEnd(const HeaderMap& trailers) {
  request_ended_ = true;
  if (replayable_ && !trailers.empty()) trailers_ = trailers;
  if (stream_.valid()) stream_.FinishRequest(trailers);
}

void Forward::OnBatchEnd() {
  if (stream_.valid()) stream_.Flush();
}

void Forward::OnBackendDrained() {
  if (!body_paused_ || exchange_ == nullptr) return;
  body_paused_ = false;
  exchange_->ResumeRequestBody();
}

// --- Backend to client ---------------------------------------------------

void Forward::OnInterimResponse(ResponseHead head) {
  ForgetReplay();
  if (exchange_ == nullptr) return;
  RemoveHopByHopFields(head.headers);
  head.version = HttpVersion::kHttp11;
  // RFC 9110 section 8.6: it has none, and a client might wait for a body.
  head.headers.Remove(FieldId::kContentLength);
  exchange_->SendInterim(head);
  exchange_->Flush();
}

void Forward::OnResponseHead(ResponseHead head, const BodyFraming& framing) {
  ForgetReplay();
  if (exchange_ == nullptr) return;
  std::string upgrade;
  if (framing.kind == BodyFraming::Kind::kTunnel) {
    upgrade = std::string(head.headers.Find(FieldId::kUpgrade).value_or(""));
  }
  PrepareResponse(framing, rule_.strip_response_headers, rule_.via, head);
  if (!upgrade.empty()) head.headers.Add("Upgrade", upgrade);
  exchange_->SendHead(std::move(head), framing);
}

void Forward::OnResponseBody(Slice bytes) {
  if (exchange_ == nullptr) return;
  exchange_->SendBody(std::move(bytes));
  if (!exchange_->output_full()) return;
  exchange_->Flush();
  if (exchange_ != nullptr && exchange_->output_full()) {
    response_paused_ = true;
    stream_.PauseResponse();
  }
}

void Forward::OnResponseBatchEnd() {
  if (exchange_ != nullptr) exchange_->Flush();
}

void Forward::OnOutputDrained() {
  if (!response_paused_) return;
  response_paused_ = false;
  if (stream_.valid()) stream_.ResumeResponse();
}

void Forward::OnResponseEnd(const HeaderMap& trailers) {
  Exchange* exchange = std::exchange(exchange_, nullptr);
  if (exchange != nullptr) exchange->Finish(trailers);
}

void Forward::OnFailure(BackendFailure failure) {
  if (exchange_ == nullptr) return;
  if (exchange_->response_started()) {
    exchange_->notes().SetCause(ToCause(failure));
    std::exchange(exchange_, nullptr)->Abort();
    return;
  }
  if (failure == BackendFailure::kClosed && MayRetry()) {
    ++repeats_;
    stream_ = BackendStream();
    Acquire();
    if (stream_.valid()) stream_.Flush();
    return;
  }
  ReplyError(failure == BackendFailure::kReadTimeout ||
                     failure == BackendFailure::kWriteTimeout
                 ? 504
                 : 502,
             ToCause(failure));
}

// A backend may close an idle connection just when a request is written to it.
// If no byte of it was written, nobody has seen it. If some were, nobody has,
// as far as anyone can tell, and asking once more is safe for methods that may
// be repeated. RFC 9110 section 9.2.2.
bool Forward::MayRetry() const {
  if (!stream_.valid()) return false;
  const int repeats_max = stream_.reused() ? kStaleRepeatsMax : 1;
  return repeats_ < repeats_max && replayable_ && stream_.received_nothing() &&
         (stream_.sent_nothing() || IsIdempotent(exchange_->request().method));
}

void Forward::ForgetReplay() {
  replayable_ = false;
  replay_.Clear();
  trailers_ = HeaderMap();
}

void Forward::ReplyError(int status, Cause cause) {
  Exchange* exchange = std::exchange(exchange_, nullptr);
  HeaderMap extra;
  if (status == 503) {
    extra.Add("Retry-After", absl::StrCat(rule_.retry_after_seconds));
  }
  exchange->ReplyError(status, cause, extra);
}

}  // namespace rproxy
