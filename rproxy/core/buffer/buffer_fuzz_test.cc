// Two buffers and one pool against two strings. Each input byte is one
// operation: its low three bits choose which, the others a size.
//
// Properties: a buffer always equals its string, its iovecs are the same bytes
// and none of them is empty, and when both buffers are gone every block is
// back in the pool.

#include "rproxy/core/buffer/buffer.h"

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/buffer/slice.h"

namespace rproxy {
namespace {

// Around the sizes at which a buffer decides differently.
constexpr size_t kSizes[32] = {
    0,     1,     2,     3,     10,    100,   510,   511,   512,   513,   1000,
    2048,  4000,  4095,  4096,  4097,  5000,  8191,  8192,  8193,  12000, 16383,
    16384, 16385, 20000, 30000, 32768, 40000, 50000, 65535, 65536, 70000};

// Appending stops here, so that one input takes bounded memory.
constexpr size_t kBytesMax = 160 * 1024;

// Comparing all bytes after every operation would take all the time.
constexpr size_t kCompareAlwaysMax = 4096;

std::string Stream() {
  std::string stream(512 * 1024, '\0');
  uint32_t state = 1;
  for (char& c : stream) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return stream;
}

struct Pair {
  Buffer buffer;
  std::string model;
};

class Fuzzer {
 public:
  void Apply(uint8_t byte) {
    const size_t size = kSizes[byte >> 3];
    switch (byte & 7) {
      case 0:
        AppendBytes(size);
        break;
      case 1:
        AppendPoolSlice(size);
        break;
      case 2:
        AppendPartOfPoolSlice(size);
        break;
      case 3:
        AppendMallocSlice(size);
        break;
      case 4:
        Drain(size);
        break;
      case 5:
        MovePart(size);
        break;
      case 6:
        MoveAll();
        break;
      case 7:
        SwapOrClear(size);
        break;
    }
    Check(one_, one_.model.size() <= kCompareAlwaysMax);
    Check(two_, two_.model.size() <= kCompareAlwaysMax);
  }

  void Finish() {
    Check(one_, true);
    Check(two_, true);
    one_.buffer.Clear();
    two_.buffer = Buffer();
    CHECK_EQ(pool_.blocks_out(), 0u);
  }

 private:
  // The next `n` bytes of a stream without repetition nearby.
  std::string NextBytes(size_t n) {
    static const std::string& stream = *new std::string(Stream());
    if (offset_ + n > stream.size()) offset_ %= 251;
    std::string bytes = stream.substr(offset_, n);
    offset_ += n;
    return bytes;
  }

  bool Full() const {
    return one_.model.size() + two_.model.size() > kBytesMax;
  }

  void AppendBytes(size_t size) {
    if (Full()) return;
    const std::string bytes = NextBytes(size);
    one_.buffer.Append(bytes);
    one_.model += bytes;
  }

  // A read of `size` bytes into a block that is then given away.
  void AppendPoolSlice(size_t size) {
    if (Full()) return;
    const std::string bytes = NextBytes(std::min(size, SlicePool::kBlockBytes));
    Slice slice = pool_.Take();
    std::memcpy(slice.mutable_data(), bytes.data(), bytes.size());
    slice.RemoveSuffix(slice.size() - bytes.size());
    one_.buffer.Append(std::move(slice));
    one_.model += bytes;
  }

  // A read of which the middle goes to one buffer and the end to the other.
  void AppendPartOfPoolSlice(size_t size) {
    if (Full()) return;
    const std::string bytes = NextBytes(SlicePool::kBlockBytes);
    Slice slice = pool_.Take();
    std::memcpy(slice.mutable_data(), bytes.data(), bytes.size());
    const size_t begin = std::min<size_t>(size / 2, 100);
    const absl::string_view middle = slice.view().substr(begin, size);
    const absl::string_view end = slice.view().substr(begin + middle.size());
    one_.buffer.Append(slice.Share(middle));
    two_.buffer.Append(slice.Share(end));
    one_.model += middle;
    two_.model += end;
  }

  void AppendMallocSlice(size_t size) {
    if (Full()) return;
    const std::string bytes = NextBytes(size);
    one_.buffer.Append(Slice::Copy(bytes));
    one_.model += bytes;
  }

  void Drain(size_t size) {
    const size_t n = std::min(size, one_.model.size());
    one_.buffer.Drain(n);
    one_.model.erase(0, n);
  }

  void MovePart(size_t size) {
    const size_t n = std::min(size, two_.model.size());
    one_.buffer.MoveFrom(two_.buffer, n);
    one_.model += two_.model.substr(0, n);
    two_.model.erase(0, n);
  }

  void MoveAll() {
    one_.buffer.MoveFrom(two_.buffer);
    one_.model += two_.model;
    two_.model.clear();
  }

  void SwapOrClear(size_t size) {
    if (size == 0) {
      one_.buffer.Clear();
      one_.model.clear();
    } else {
      std::swap(one_, two_);
    }
  }

  static void Check(const Pair& pair, bool all) {
    CHECK_EQ(pair.buffer.size(), pair.model.size());
    CHECK_EQ(pair.buffer.empty(), pair.model.empty());
    CHECK_GE(pair.buffer.memory(), pair.buffer.size());
    if (pair.model.empty()) {
      CHECK_EQ(pair.buffer.memory(), 0u);
      return;
    }
    const absl::string_view front = pair.buffer.front().view();
    CHECK(!front.empty());
    CHECK(front.substr(0, 64) ==
          absl::string_view(pair.model).substr(0, front.size()).substr(0, 64));
    if (!all) return;
    CHECK(pair.buffer.ToString() == pair.model);
    CheckIovecs(pair);
  }

  static void CheckIovecs(const Pair& pair) {
    iovec pieces[8];
    const size_t count = pair.buffer.FillIovecs(absl::MakeSpan(pieces));
    absl::string_view rest = pair.model;
    for (const iovec& piece : absl::MakeSpan(pieces, count)) {
      CHECK_GT(piece.iov_len, 0u);
      CHECK_LE(piece.iov_len, rest.size());
      CHECK_EQ(0, std::memcmp(piece.iov_base, rest.data(), piece.iov_len));
      rest.remove_prefix(piece.iov_len);
    }
    CHECK(rest.empty() || count == std::size(pieces));
  }

  // Before the pairs, which hold its blocks.
  SlicePool pool_{2};
  Pair one_;
  Pair two_;
  size_t offset_ = 0;
};

}  // namespace
}  // namespace rproxy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rproxy::Fuzzer fuzzer;
  for (size_t i = 0; i < size; ++i) fuzzer.Apply(data[i]);
  fuzzer.Finish();
  return 0;
}
