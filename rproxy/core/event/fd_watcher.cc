#include "rproxy/core/event/fd_watcher.h"

#include <event2/event.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {

FdWatcher::FdWatcher(EventLoop& loop, int fd, Callback callback)
    : loop_(loop), fd_(fd), callback_(std::move(callback)) {}

FdWatcher::~FdWatcher() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  if (event_ != nullptr) event_free(event_);
}

absl::Status FdWatcher::Start() {
  CHECK(event_ == nullptr) << "started twice";
  event_ = event_new(loop_.base(), fd_,
                     EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST,
                     &FdWatcher::OnEvent, this);
  CHECK(event_ != nullptr);
  if (event_add(event_, nullptr) == 0) return absl::OkStatus();
  absl::Status status = absl::ErrnoToStatus(errno, "cannot watch descriptor");
  event_free(std::exchange(event_, nullptr));
  return status;
}

void FdWatcher::OnEvent(int /*fd*/, short what, void* self) {
  FdWatcher& watcher = *static_cast<FdWatcher*>(self);
  watcher.loop_.BeginTurn();

  bool destroyed = false;
  watcher.destroyed_ = &destroyed;
  // On the stack, because the callback may destroy the watcher, and what it
  // has captured must outlast it.
  Callback callback = std::move(watcher.callback_);
  callback({.readable = (what & EV_READ) != 0,
            .writable = (what & EV_WRITE) != 0,
            .closed = (what & EV_CLOSED) != 0});
  if (destroyed) return;
  watcher.callback_ = std::move(callback);
  watcher.destroyed_ = nullptr;
}

}  // namespace rproxy
