// Ways to cut a fuzzer's input into pieces, taken from the input itself, so
// that corpora are plain messages.
//
// Threading: plain values.

#ifndef RPROXY_CORE_HTTP_FUZZ_SPLIT_H_
#define RPROXY_CORE_HTTP_FUZZ_SPLIT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace rproxy::test {

// Numbers that depend on every byte of a text (FNV-1a, then xorshift).
class TextRandom {
 public:
  explicit TextRandom(absl::string_view text) {
    for (const char c : text) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    if (state_ == 0) state_ = 1;
  }

  uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  bool NextBool() { return (Next() >> 32) % 2 == 0; }

  // Mostly small, sometimes up to 256.
  size_t NextPieceSize() {
    const uint64_t number = Next() >> 16;
    return 1 + (number >> 8) % (number % 4 == 0 ? 256 : 8);
  }

 private:
  uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace rproxy::test

#endif  // RPROXY_CORE_HTTP_FUZZ_SPLIT_H_
