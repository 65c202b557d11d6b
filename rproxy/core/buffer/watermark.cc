#include "rproxy/core/buffer/watermark.h"

#include "rproxy/core/base/logging.h"

namespace rproxy {

Watermark::Watermark(size_t high) : high_(high) { CHECK_GE(high, 1u); }

Watermark::Change Watermark::Update(size_t size) {
  if (!paused_ && size > high_) {
    paused_ = true;
    return Change::kPause;
  }
  if (paused_ && size <= low()) {
    paused_ = false;
    return Change::kResume;
  }
  return Change::kNone;
}

}  // namespace rproxy
