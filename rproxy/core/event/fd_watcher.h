// Watches one descriptor, edge-triggered, with one registration for its life.
//
// The callback is told what became possible since it last ran; whoever wants
// to go on must read or write until EAGAIN or a short count. No system call is
// made per event.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_EVENT_FD_WATCHER_H_
#define RPROXY_CORE_EVENT_FD_WATCHER_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "rproxy/core/event/event_loop.h"

struct event;

namespace rproxy {

struct FdEvents {
  bool readable = false;
  bool writable = false;
  // The peer has closed its sending side, or the socket failed (a reset, say;
  // then it is readable and writable too). Bytes may still be waiting to be
  // read before that: whoever reads must go on to the end or the error, however
  // short a read was, because no other event will come.
  bool closed = false;
};

class FdWatcher {
 public:
  using Callback = absl::AnyInvocable<void(FdEvents)>;

  // Does not own `fd`, which must stay open until the watcher is gone.
  // `loop` outlives the watcher. The callback may destroy the watcher.
  FdWatcher(EventLoop& loop, int fd, Callback callback);
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;
  ~FdWatcher();

  // Begins watching; once only. What is possible already is told in the next
  // turn. Fails when the kernel refuses the registration.
  absl::Status Start();

 private:
  static void OnEvent(int fd, short what, void* self);

  EventLoop& loop_;
  const int fd_;
  Callback callback_;
  event* event_ = nullptr;
  // Set while the callback runs: where to note the watcher's end.
  bool* destroyed_ = nullptr;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_EVENT_FD_WATCHER_H_
