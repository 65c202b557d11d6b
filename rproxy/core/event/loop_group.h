// A fixed number of threads, each with a running event loop.
//
// A LoopGroup only starts and ends the threads. What lives on the loops is
// built and torn down through RunOnEach:
//
//   std::vector<std::unique_ptr<Worker>> workers(group.size());
//   group.RunOnEach([&](size_t i) {
//     workers[i] = std::make_unique<Worker>(group.loop(i));
//   });
//
// Threading: created, used and destroyed by one owner thread; `loop(i)` is
// what other threads post to.

#ifndef RPROXY_CORE_EVENT_LOOP_GROUP_H_
#define RPROXY_CORE_EVENT_LOOP_GROUP_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/loop_thread.h"

namespace rproxy {

class LoopGroup {
 public:
  // Starts `size` threads, at least 1, named `name_prefix` and their index.
  // If one cannot be started, none is left running.
  static absl::StatusOr<std::unique_ptr<LoopGroup>> Create(
      size_t size, absl::string_view name_prefix);

  LoopGroup(const LoopGroup&) = delete;
  LoopGroup& operator=(const LoopGroup&) = delete;
  // Ends the threads one after the other, as LoopThread does.
  ~LoopGroup() = default;

  size_t size() const { return threads_.size(); }

  // `i` is less than size().
  EventLoop& loop(size_t i) { return threads_[i]->loop(); }

  // Runs `closure` once on each loop, with the loop's index, and returns when
  // all have run. They run one after the other, in order, so that `closure`
  // needs no lock. Not from one of the loops.
  void RunOnEach(absl::FunctionRef<void(size_t)> closure);

 private:
  explicit LoopGroup(std::vector<std::unique_ptr<LoopThread>> threads);

  std::vector<std::unique_ptr<LoopThread>> threads_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_EVENT_LOOP_GROUP_H_
