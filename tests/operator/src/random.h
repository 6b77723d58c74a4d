// A pseudo-random stream that is the same on every platform, compiler and standard library.
#ifndef XNNKIT_TESTS_OPERATOR_RANDOM_H_
#define XNNKIT_TESTS_OPERATOR_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace operator_check {

// SplitMix64, named: what one stream gives does not depend on how much another was used.
class Random {
 public:
  Random(uint64_t seed, std::string_view name) : state_(seed) {
    for (char c : name) {
      state_ ^= static_cast<uint8_t>(c);
      state_ *= UINT64_C(0x100000001b3);
    }
  }

  uint64_t Next() {
    state_ += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
  }

  // From `low` to `high`, both included.
  size_t Between(size_t low, size_t high) {
    return low + static_cast<size_t>(Next() % (high - low + 1));
  }

  // True this many times out of a hundred.
  bool Percent(size_t often) { return Next() % 100 < often; }

  int8_t Int8() { return static_cast<int8_t>(static_cast<int>(Next() >> 56) - 128); }

  // Uniform, a multiple of 2^-24 of the width.
  float Real(float low, float high) {
    return low + (high - low) * (static_cast<float>(Next() >> 40) * 0x1p-24f);
  }

 private:
  uint64_t state_;
};

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_RANDOM_H_
