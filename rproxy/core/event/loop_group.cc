#include "rproxy/core/event/loop_group.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/memory/memory.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/event/loop_thread.h"

namespace rproxy {

absl::StatusOr<std::unique_ptr<LoopGroup>> LoopGroup::Create(
    size_t size, absl::string_view name_prefix) {
  CHECK_GE(size, 1u);
  std::vector<std::unique_ptr<LoopThread>> threads;
  for (size_t i = 0; i < size; ++i) {
    absl::StatusOr<std::unique_ptr<LoopThread>> thread =
        LoopThread::Create(absl::StrCat(name_prefix, i));
    if (!thread.ok()) return thread.status();
    threads.push_back(*std::move(thread));
  }
  return absl::WrapUnique(new LoopGroup(std::move(threads)));
}

LoopGroup::LoopGroup(std::vector<std::unique_ptr<LoopThread>> threads)
    : threads_(std::move(threads)) {}

void LoopGroup::RunOnEach(absl::FunctionRef<void(size_t)> closure) {
  for (size_t i = 0; i < threads_.size(); ++i) {
    threads_[i]->RunAndWait([closure, i] { closure(i); });
  }
}

}  // namespace rproxy
