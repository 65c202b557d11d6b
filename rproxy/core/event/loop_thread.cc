#include "rproxy/core/event/loop_thread.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/event/event_loop.h"

namespace rproxy {
namespace {

// The kernel's limit, without the terminating zero.
constexpr size_t kNameBytesMax = 15;

void* RunLoop(void* loop) {
  static_cast<EventLoop*>(loop)->Run();
  return nullptr;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoopThread>> LoopThread::Create(
    std::string name) {
  absl::StatusOr<std::unique_ptr<EventLoop>> loop = EventLoop::Create();
  if (!loop.ok()) return loop.status();
  auto thread = absl::WrapUnique(new LoopThread(*std::move(loop)));
  name.resize(std::min(name.size(), kNameBytesMax));
  absl::Status started = thread->Start(name);
  if (!started.ok()) return started;
  return thread;
}

LoopThread::LoopThread(std::unique_ptr<EventLoop> loop)
    : loop_(std::move(loop)) {}

LoopThread::~LoopThread() {
  if (!started_) return;
  loop_->Post([loop = loop_.get()] { loop->Stop(); });
  CHECK_EQ(0, pthread_join(thread_, nullptr));
}

// std::thread would end the process where pthread_create returns an error.
absl::Status LoopThread::Start(const std::string& name) {
  // A new thread inherits the mask, so that no signal can find it unprepared.
  sigset_t all, old;
  sigfillset(&all);
  CHECK_EQ(0, pthread_sigmask(SIG_SETMASK, &all, &old));
  const int error = pthread_create(&thread_, nullptr, &RunLoop, loop_.get());
  CHECK_EQ(0, pthread_sigmask(SIG_SETMASK, &old, nullptr));
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start a thread");
  started_ = true;
  pthread_setname_np(thread_, name.c_str());
  // From here on the loop knows its thread.
  RunAndWait([] {});
  return absl::OkStatus();
}

void LoopThread::RunAndWait(absl::AnyInvocable<void() &&> closure) {
  CHECK(!pthread_equal(thread_, pthread_self())) << "would wait for itself";
  absl::Notification done;
  loop_->Post([&] {
    std::move(closure)();
    done.Notify();
  });
  done.WaitForNotification();
}

}  // namespace rproxy
