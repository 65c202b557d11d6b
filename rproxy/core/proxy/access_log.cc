#include "rproxy/core/proxy/access_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace rproxy {
namespace {

// A lock for each hundred lines or so.
constexpr size_t kBufferedBytesMax = 32 * 1024;

// Who watches a log does not notice this.
constexpr absl::Duration kBufferedTimeMax = absl::Milliseconds(100);

}  // namespace

Severity SeverityOf(Cause cause) {
  switch (cause) {
    case Cause::kConnectionsLimit:
    case Cause::kAborted:
    case Cause::kPendingTimeout:
    case Cause::kPendingOverflow:
    case Cause::kBackendUnavailable:
    case Cause::kBackendClosed:
    case Cause::kBackendBadResponse:
    case Cause::kBackendReadTimeout:
    case Cause::kBackendWriteTimeout:
      return Severity::kError;
    case Cause::kBadRequest:
    case Cause::kHeadTimeout:
    case Cause::kBodyTimeout:
    case Cause::kBodyTooSlow:
    case Cause::kBodyTooLarge:
    case Cause::kUnsupportedExpectation:
    case Cause::kClientGone:
    case Cause::kWriteTimeout:
    case Cause::kNoVhost:
    case Cause::kNoRule:
    case Cause::kMethodNotAllowed:
      return Severity::kWarning;
    case Cause::kNone:
    case Cause::kTunnelIdle:
    case Cause::kShutdown:
      return Severity::kNotice;
  }
  return Severity::kNotice;
}

AccessLog::AccessLog(EventLoop& loop, const Options& options)
    : options_(options), timer_(loop, [this] { Flush(); }) {}

AccessLog::~AccessLog() { Flush(); }

void AccessLog::OnExchangeEnd(const ExchangeSummary& summary) {
  if (options_.request_sink != nullptr) {
    options_.request_format->Append(summary, timestamps_, requests_.text);
    requests_.text.push_back('\n');
    ++requests_.count;
  }
  if (options_.error_sink != nullptr && summary.notes.cause != Cause::kNone &&
      SeverityOf(summary.notes.cause) <= options_.error_level) {
    options_.error_format->Append(summary, timestamps_, errors_.text);
    absl::StrAppend(&errors_.text, ", ",
                    ToString(summary.notes.cause, summary.notes.parse_error),
                    "\n");
    ++errors_.count;
  }
  if (requests_.text.size() + errors_.text.size() >= kBufferedBytesMax) {
    Flush();
  } else if (!timer_.pending() && requests_.count + errors_.count > 0) {
    timer_.Schedule(kBufferedTimeMax);
  }
}

void AccessLog::Flush() {
  timer_.Cancel();
  HandOver(options_.request_sink, requests_);
  HandOver(options_.error_sink, errors_);
}

void AccessLog::HandOver(LogSink* sink, Lines& lines) {
  if (lines.count == 0) return;
  sink->Append(std::move(lines.text), lines.count);
  lines = Lines();
}

}  // namespace rproxy
