// Deterministic weights and inputs. Nothing here depends on XNNPACK.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_WEIGHTS_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shape.h"

namespace llm_block {

// Bytes that XNNPACK may read (never write) behind a buffer that is handed to it.
inline constexpr size_t kReadSlack = 64;

// The weights of a fully connected layer, quantised symmetrically with one scale per output
// channel: real = scale[channel] * (stored - zero_point).
struct Linear {
  size_t outputs = 0;
  size_t inputs = 0;
  // 8: one signed byte a weight, zero_point 0.
  // 4: two weights a byte, the even input in the low nibble, unsigned with zero_point 8.
  int bits = 8;
  std::vector<uint8_t> data;  // [outputs][inputs], and kReadSlack bytes
  std::vector<float> scale;   // [outputs]

  int zero_point() const { return bits == 4 ? 8 : 0; }
  // The stored weight less its zero point.
  int At(size_t output, size_t input) const;
};

struct Layer {
  std::vector<float> attention_norm;  // [model]
  Linear query, key, value, output;
  std::vector<float> ffn_norm;  // [model]
  Linear gate, up, down;
};

struct Weights {
  Dims dims;
  Variant variant = Variant::kQcInt8;
  std::vector<Layer> layers;
};

// All weights of a variant. Tensors that both variants have in common are equal.
Weights MakeWeights(const Dims& dims, Variant variant, uint64_t seed);

// FNV-1a-64 over all integer weights and over the bits of all scales and norms.
uint64_t Checksum(const Weights& weights);

// `count` floats of mean 0 and variance 1 (uniform), with kReadSlack bytes behind them.
std::vector<float> MakeNoise(size_t count, uint64_t seed, const std::string& name);

// The rotary embedding's table for positions first ... first + rows - 1: a row holds the cosines
// of head/2 angles, then their sines.
std::vector<float> MakeRotaryTable(size_t first, size_t rows, size_t head);

// What one invocation starts from.
struct Inputs {
  std::vector<float> tokens;               // [rows][model]
  std::vector<std::vector<float>> keys;    // a layer each, [context][head]; rows before the step's
  std::vector<std::vector<float>> values;  // first are filled, the others are zero
};

Inputs MakeInputs(const Dims& dims, const Step& step, uint64_t seed);

// FNV-1a-64 of `count` floats, each rounded to a multiple of 1/1024 and hashed as a 32-bit integer,
// least significant byte first.
uint64_t OutputChecksum(const float* values, size_t count);

// 16 lower-case hexadecimal digits.
std::string Hex(uint64_t value);

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_WEIGHTS_H_
