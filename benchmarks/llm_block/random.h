// A pseudo-random stream that is the same on every platform, compiler and standard library.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_RANDOM_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_RANDOM_H_

#include <cstdint>
#include <string_view>

namespace llm_block {

// FNV-1a over bytes, 64 bit.
class Fnv1a {
 public:
  void Add(uint8_t byte) {
    state_ ^= byte;
    state_ *= UINT64_C(0x100000001b3);
  }
  void Add(std::string_view bytes) {
    for (char c : bytes) Add(static_cast<uint8_t>(c));
  }
  // Four bytes, least significant first, whatever the host's order is.
  void Add32(uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8) Add(static_cast<uint8_t>(word >> shift));
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = UINT64_C(0xcbf29ce484222325);
};

// SplitMix64. A stream is named, so that a tensor's content depends on the seed and on its own
// name only, not on the order in which tensors are filled.
class RandomStream {
 public:
  RandomStream(uint64_t seed, std::string_view name) {
    Fnv1a hash;
    hash.Add(name);
    state_ = seed ^ hash.value();
  }

  uint64_t Next() {
    state_ += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
  }

  // Uniform in [0, 1), a multiple of 2^-24: exact in a float, so no rounding mode matters.
  float NextUnit() { return static_cast<float>(Next() >> 40) * 0x1p-24f; }

 private:
  uint64_t state_;
};

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_RANDOM_H_
