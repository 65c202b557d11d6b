#include "rproxy/core/net/dialer.h"

#include <sys/socket.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/raw_transport.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/net/transport.h"

namespace rproxy {
namespace {

// Folds the many reasons into the few that callers tell apart.
absl::Status ForCaller(absl::Status status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return status;
    default:
      return absl::UnavailableError(status.message());
  }
}

}  // namespace

Dial::Dial(EventLoop& loop, const SocketAddress& address,
           const DialOptions& options, Callback callback)
    : loop_(loop),
      address_(address),
      options_(options),
      callback_(std::move(callback)),
      timer_(loop, [this] { OnTimer(); }) {
  early_failure_ = Begin();
  timer_.Schedule(early_failure_.ok() ? options_.timeout
                                      : absl::ZeroDuration());
}

Dial::~Dial() = default;

absl::Status Dial::Begin() {
  bool in_progress = false;
  absl::StatusOr<UniqueFd> fd = BeginConnect(address_, in_progress);
  if (!fd.ok()) return fd.status();
  fd_ = *std::move(fd);
  // A socket that is connected already is writable in the next turn, just as
  // one that is not becomes later.
  watcher_ =
      std::make_unique<FdWatcher>(loop_, fd_.get(), [this](FdEvents events) {
        if (events.writable) Finish(ConnectResult(fd_.get(), address_));
      });
  return watcher_->Start();
}

void Dial::OnTimer() {
  if (!early_failure_.ok()) {
    Finish(std::move(early_failure_));
    return;
  }
  Finish(absl::DeadlineExceededError(
      absl::StrCat("cannot connect to ", address_.ToString(), " within ",
                   absl::FormatDuration(options_.timeout))));
}

// The callback may destroy the dial: nothing follows it.
void Dial::Finish(absl::Status status) {
  timer_.Cancel();
  watcher_.reset();
  Callback callback = std::move(callback_);
  if (!status.ok()) {
    fd_.Reset();
    callback(ForCaller(std::move(status)));
    return;
  }
  if (address_.family() != AF_UNIX) SetNoDelay(fd_.get(), options_.no_delay);
  callback(std::make_unique<RawTransport>(loop_, std::move(fd_)));
}

}  // namespace rproxy
