// Decides from a byte count when a sender must pause and when it may go on.
//
//            size > high
//   kFlowing ------------> kPaused
//            <------------
//             size <= low
//
// Threading: a plain value.

#ifndef RPROXY_CORE_BUFFER_WATERMARK_H_
#define RPROXY_CORE_BUFFER_WATERMARK_H_

#include <cstddef>

namespace rproxy {

class Watermark {
 public:
  enum class Change { kNone, kPause, kResume };

  // `high` in bytes, at least 1. The low mark is half of it.
  explicit Watermark(size_t high);

  // Tells the mark that `size` bytes are held now, and returns what the sender
  // must be told, if anything. Each kPause is followed by one kResume before
  // the next kPause.
  Change Update(size_t size);

  bool paused() const { return paused_; }
  size_t high() const { return high_; }
  size_t low() const { return high_ / 2; }

 private:
  size_t high_;
  bool paused_ = false;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BUFFER_WATERMARK_H_
