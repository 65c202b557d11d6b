#include "rproxy/core/buffer/slice.h"

#include <sanitizer/asan_interface.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <utility>

#include "absl/strings/string_view.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {
namespace {

Block* NewBlock(size_t capacity, SlicePool* pool) {
  CHECK(capacity <= std::numeric_limits<uint32_t>::max());
  void* memory = std::malloc(sizeof(Block) + capacity);
  CHECK(memory != nullptr) << "no memory for a block of " << capacity;
  return new (memory) Block{.references = 1,
                            .capacity = static_cast<uint32_t>(capacity),
                            .pool = pool};
}

// The link of a free block lives in its first bytes. memcpy, because those
// bytes have no type.
Block* NextFree(Block* block) {
  Block* next;
  std::memcpy(&next, block->bytes(), sizeof(next));
  return next;
}

void SetNextFree(Block* block, Block* next) {
  std::memcpy(block->bytes(), &next, sizeof(next));
}

// What lies behind the link must not be touched while the block is free. The
// address sanitizer watches it; without it these calls are nothing.
void Poison(Block* block) {
  ASAN_POISON_MEMORY_REGION(block->bytes() + sizeof(Block*),
                            block->capacity - sizeof(Block*));
}

void Unpoison(Block* block) {
  ASAN_UNPOISON_MEMORY_REGION(block->bytes() + sizeof(Block*),
                              block->capacity - sizeof(Block*));
}

}  // namespace

Slice& Slice::operator=(Slice&& other) noexcept {
  if (this != &other) {
    Reset();
    block_ = std::exchange(other.block_, nullptr);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Slice Slice::Allocate(size_t capacity) {
  if (capacity == 0) return Slice();
  Block* block = NewBlock(capacity, nullptr);
  return Slice(block, block->bytes(), capacity);
}

Slice Slice::Copy(absl::string_view bytes) {
  if (bytes.empty()) return Slice();
  Slice slice = Allocate(bytes.size());
  std::memcpy(slice.data_, bytes.data(), bytes.size());
  return slice;
}

Slice Slice::Share(absl::string_view part) const {
  // Nothing to share: do not keep the block alive for it.
  if (part.empty()) return Slice();
  CHECK(std::greater_equal<>()(part.data(), data_) &&
        std::less_equal<>()(part.data() + part.size(), data_ + size_))
      << "part lies outside its slice";
  ++block_->references;
  return Slice(block_, const_cast<char*>(part.data()), part.size());
}

void Slice::RemovePrefix(size_t n) {
  CHECK(n <= size_);
  data_ += n;
  size_ -= n;
}

void Slice::RemoveSuffix(size_t n) {
  CHECK(n <= size_);
  size_ -= n;
}

void Slice::Reset() {
  Block* block = std::exchange(block_, nullptr);
  data_ = nullptr;
  size_ = 0;
  if (block == nullptr || --block->references > 0) return;
  if (block->pool != nullptr) {
    block->pool->GiveBack(block);
  } else {
    std::free(block);
  }
}

size_t Slice::tail_room() const {
  if (!unique()) return 0;
  return static_cast<size_t>(block_->bytes() + block_->capacity -
                             (data_ + size_));
}

SlicePool::SlicePool(size_t blocks_kept_max)
    : blocks_kept_max_(blocks_kept_max) {}

SlicePool::~SlicePool() {
  CHECK(blocks_out_ == 0) << blocks_out_ << " blocks outlive their pool";
  while (free_ != nullptr) {
    Block* block = std::exchange(free_, NextFree(free_));
    Unpoison(block);
    std::free(block);
  }
}

Slice SlicePool::Take() {
  Block* block = free_;
  if (block == nullptr) {
    block = NewBlock(kBlockBytes, this);
  } else {
    free_ = NextFree(block);
    --free_size_;
    Unpoison(block);
    block->references = 1;
  }
  ++blocks_out_;
  return Slice(block, block->bytes(), kBlockBytes);
}

void SlicePool::GiveBack(Block* block) {
  --blocks_out_;
  if (free_size_ == blocks_kept_max_) {
    std::free(block);
    return;
  }
  SetNextFree(block, free_);
  Poison(block);
  free_ = block;
  ++free_size_;
}

}  // namespace rproxy
