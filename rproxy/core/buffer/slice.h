// Bytes that can be handed on without copying.
//
// A Slice is a view into a reference-counted Block. Blocks of `kBlockBytes`
// come from a SlicePool and go back to it when their last Slice dies, so that
// a read lands in a block, its body part travels to the other connection, and
// nothing is copied or allocated. Small and odd-sized blocks come from malloc.
//
// Threading: a pool, its blocks and their slices belong to one thread; the
// count is not atomic. The pool must outlive every block that it made.

#ifndef RPROXY_CORE_BUFFER_SLICE_H_
#define RPROXY_CORE_BUFFER_SLICE_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/string_view.h"

namespace rproxy {

class SlicePool;

// The header of a block; its bytes follow it in memory.
struct Block {
  uint32_t references;
  uint32_t capacity;
  SlicePool* pool;  // Null: from malloc.

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

class Slice {
 public:
  Slice() = default;
  Slice(Slice&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Slice& operator=(Slice&& other) noexcept;
  Slice(const Slice&) = delete;
  Slice& operator=(const Slice&) = delete;
  ~Slice() { Reset(); }

  // A slice of `capacity` uninitialised bytes in a malloc'ed block of its own.
  static Slice Allocate(size_t capacity);
  // A copy of `bytes` in a block of its own.
  static Slice Copy(absl::string_view bytes);

  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  absl::string_view view() const { return {data_, size_}; }

  // Another slice of the same block. `part` must lie inside view().
  Slice Share(absl::string_view part) const;

  void RemovePrefix(size_t n);
  void RemoveSuffix(size_t n);
  void Reset();

  // True if no other slice refers to the block: its bytes may be written.
  bool unique() const { return block_ != nullptr && block_->references == 1; }
  // Bytes of memory that this slice keeps alive.
  size_t block_capacity() const {
    return block_ == nullptr ? 0 : block_->capacity;
  }
  // Start of the writable bytes; only while unique().
  char* mutable_data() { return const_cast<char*>(data_); }
  // Unused bytes behind the view, and the way to take `n` of them into it
  // after writing there. Only while unique().
  size_t tail_room() const;
  void Extend(size_t n) { size_ += n; }

 private:
  friend class SlicePool;
  Slice(Block* block, char* data, size_t size)
      : block_(block), data_(data), size_(size) {}

  Block* block_ = nullptr;
  char* data_ = nullptr;
  size_t size_ = 0;
};

class SlicePool {
 public:
  // One read's worth. Large enough that system calls do not dominate a
  // stream, small enough for a second-level cache.
  static constexpr size_t kBlockBytes = 64 * 1024;

  // Keeps at most `blocks_kept_max` free blocks; others go back to malloc.
  explicit SlicePool(size_t blocks_kept_max = 16);
  SlicePool(const SlicePool&) = delete;
  SlicePool& operator=(const SlicePool&) = delete;
  ~SlicePool();  // Every block must be back.

  // An uninitialised slice of kBlockBytes, unique.
  Slice Take();

  size_t blocks_out() const { return blocks_out_; }

 private:
  friend class Slice;
  void GiveBack(Block* block);

  const size_t blocks_kept_max_;
  size_t blocks_out_ = 0;
  size_t free_size_ = 0;
  Block* free_ = nullptr;  // Linked through the blocks' first bytes.
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BUFFER_SLICE_H_
