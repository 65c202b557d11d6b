#include "rproxy/core/buffer/buffer.h"

#include <sys/uio.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/buffer/slice.h"

namespace rproxy {
namespace {

// Below this, copying costs less than queueing one more slice.
constexpr size_t kShareBytesMin = 4 * 1024;
// A shared slice keeps at most four times its size alive.
constexpr size_t kShareFractionMin = 4;

// Sizes of the blocks that copies go into.
constexpr size_t kCopyBlockBytesMin = 512;
constexpr size_t kCopyBlockBytesMax = 16 * 1024;

// Slots for slices that an empty buffer may keep.
constexpr size_t kSlotsKeptMax = 4;

bool WorthSharing(size_t size, size_t block_capacity) {
  return size >= kShareBytesMin && size * kShareFractionMin >= block_capacity;
}

// Consecutive copies double, so that many small ones make few blocks, each no
// larger than what is already there.
size_t CopyBlockBytes(size_t wanted, size_t previous_capacity) {
  if (previous_capacity <= kCopyBlockBytesMax) {
    wanted = std::max(wanted, 2 * previous_capacity);
  }
  return std::bit_ceil(
      std::clamp(wanted, kCopyBlockBytesMin, kCopyBlockBytesMax));
}

}  // namespace

Buffer::Buffer(Buffer&& other) noexcept
    : slices_(std::exchange(other.slices_, {})),
      first_(std::exchange(other.first_, 0)),
      size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    slices_ = std::exchange(other.slices_, {});
    first_ = std::exchange(other.first_, 0);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

size_t Buffer::memory() const {
  size_t sum = 0;
  for (size_t i = first_; i < slices_.size(); ++i) {
    sum += slices_[i].block_capacity();
  }
  return sum;
}

void Buffer::Append(absl::string_view bytes) {
  if (!empty() && !bytes.empty()) {
    Slice& last = slices_.back();
    const size_t n = std::min(last.tail_room(), bytes.size());
    std::memcpy(last.mutable_data() + last.size(), bytes.data(), n);
    last.Extend(n);
    size_ += n;
    bytes.remove_prefix(n);
  }
  while (!bytes.empty()) {
    const size_t previous = empty() ? 0 : slices_.back().block_capacity();
    const size_t capacity = CopyBlockBytes(bytes.size(), previous);
    const size_t n = std::min(capacity, bytes.size());
    Slice slice = Slice::Allocate(capacity);
    std::memcpy(slice.mutable_data(), bytes.data(), n);
    slice.RemoveSuffix(capacity - n);
    PushSlice(std::move(slice));
    bytes.remove_prefix(n);
  }
}

void Buffer::Append(Slice slice) {
  if (slice.empty()) return;
  if (WorthSharing(slice.size(), slice.block_capacity())) {
    PushSlice(std::move(slice));
  } else {
    Append(slice.view());
  }
}

void Buffer::MoveFrom(Buffer& other) {
  CHECK(&other != this);
  if (empty()) {
    std::swap(slices_, other.slices_);
    std::swap(first_, other.first_);
    std::swap(size_, other.size_);
    return;
  }
  for (size_t i = other.first_; i < other.slices_.size(); ++i) {
    Append(std::move(other.slices_[i]));
  }
  other.Clear();
}

void Buffer::MoveFrom(Buffer& other, size_t n) {
  CHECK(n <= other.size_);
  if (n == other.size_) {
    MoveFrom(other);
    return;
  }
  CHECK(&other != this);
  while (n > 0) {
    Slice& front = other.slices_[other.first_];
    const size_t part = std::min(n, front.size());
    n -= part;
    if (part == front.size()) {
      other.size_ -= part;
      Append(std::move(front));
      other.PopFront();
      continue;
    }
    const absl::string_view bytes = front.view().substr(0, part);
    if (WorthSharing(part, front.block_capacity())) {
      PushSlice(front.Share(bytes));
    } else {
      Append(bytes);
    }
    front.RemovePrefix(part);
    other.size_ -= part;
  }
}

void Buffer::Drain(size_t n) {
  CHECK(n <= size_);
  size_ -= n;
  while (n > 0) {
    Slice& front = slices_[first_];
    if (n < front.size()) {
      front.RemovePrefix(n);
      return;
    }
    n -= front.size();
    PopFront();
  }
}

void Buffer::Clear() {
  slices_.clear();
  first_ = 0;
  size_ = 0;
  if (slices_.capacity() > kSlotsKeptMax) std::vector<Slice>().swap(slices_);
}

size_t Buffer::FillIovecs(absl::Span<iovec> into) const {
  const size_t count = std::min(into.size(), slices_.size() - first_);
  for (size_t i = 0; i < count; ++i) {
    const Slice& slice = slices_[first_ + i];
    into[i] = {.iov_base = const_cast<char*>(slice.data()),
               .iov_len = slice.size()};
  }
  return count;
}

std::string Buffer::ToString() const {
  std::string all;
  all.reserve(size_);
  for (size_t i = first_; i < slices_.size(); ++i) {
    all.append(slices_[i].data(), slices_[i].size());
  }
  return all;
}

void Buffer::PushSlice(Slice slice) {
  if (slices_.capacity() == 0) slices_.reserve(kSlotsKeptMax);
  // Reuse the dead slots at the front instead of growing, when they are many
  // enough to pay for moving the others.
  if (slices_.size() == slices_.capacity() && first_ * 4 >= slices_.size()) {
    slices_.erase(slices_.begin(),
                  slices_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
  size_ += slice.size();
  slices_.push_back(std::move(slice));
}

// Drops the first slice. The caller has accounted for its bytes.
void Buffer::PopFront() {
  slices_[first_].Reset();
  ++first_;
  if (first_ == slices_.size()) Clear();
}

}  // namespace rproxy
