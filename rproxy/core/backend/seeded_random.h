// Pseudo-random numbers that are the same for the same seed, everywhere.
//
// For spreading load and delays, never for secrets. Unlike the standard
// library's distributions, the results do not depend on the library.
//
// Threading: belongs to one thread.

#ifndef RPROXY_CORE_BACKEND_SEEDED_RANDOM_H_
#define RPROXY_CORE_BACKEND_SEEDED_RANDOM_H_

#include <cstdint>

namespace rproxy {

class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}

  // Any 64 bits. (SplitMix64, by Sebastiano Vigna, public domain.)
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // 0 to bound - 1; `bound` is at least 1. The bias is below bound / 2^32.
  uint32_t Below(uint32_t bound) {
    return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32);
  }

 private:
  uint64_t state_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_SEEDED_RANDOM_H_
