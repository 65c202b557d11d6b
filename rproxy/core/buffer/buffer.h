// A queue of bytes, held as slices: appended at the end, drained at the front.
//
// Large pieces are shared, small ones copied into the last slice, so that a
// few bytes never pin a whole pool block. An empty buffer holds no block, and
// once it has been used at most the room for four slices (96 bytes).
//
// Threading: belongs to one thread, the one of the slices in it.

#ifndef RPROXY_CORE_BUFFER_BUFFER_H_
#define RPROXY_CORE_BUFFER_BUFFER_H_

#include <sys/uio.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rproxy/core/buffer/slice.h"

namespace rproxy {

class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Bytes of memory that the content keeps alive, blocks counted whole (a
  // block that two slices share counts twice).
  size_t memory() const;

  // Copies `bytes`.
  void Append(absl::string_view bytes);
  // Takes `slice`, or copies it if it is small or a small part of its block.
  void Append(Slice slice);
  // Moves everything out of `other`, which is empty afterwards.
  void MoveFrom(Buffer& other);
  // Moves the first `n` bytes out of `other`. `n` is at most other.size().
  void MoveFrom(Buffer& other, size_t n);

  // Drops the first `n` bytes. `n` is at most size().
  void Drain(size_t n);
  void Clear();

  // The first slice; the buffer must not be empty.
  const Slice& front() const { return slices_[first_]; }

  // All slices, in order. Valid until the buffer changes.
  absl::Span<const Slice> slices() const {
    return absl::MakeConstSpan(slices_).subspan(first_);
  }

  // Fills `into` with the first pieces, in order; returns how many it filled.
  size_t FillIovecs(absl::Span<iovec> into) const;

  // All of it, copied. For tests and small content.
  std::string ToString() const;

 private:
  void PushSlice(Slice slice);
  void PopFront();

  // slices_[first_, end) are live and none of them is empty. A vector with a
  // moving front allocates nothing while at most a few slices queue.
  std::vector<Slice> slices_;
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BUFFER_BUFFER_H_
