#include "weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "random.h"

namespace llm_block {
namespace {

// The root mean square of uniform integers in [-127, 127] and in [-8, 7].
constexpr float kRms8 = 73.32f;
constexpr float kRms4 = 4.637f;

// A factor in [0.75, 1.25): makes each channel's scale its own, so that a kernel which mixes up
// channels is found out.
float Jitter(RandomStream& random) { return 0.75f + 0.5f * random.NextUnit(); }

size_t SlackElements() { return kReadSlack / sizeof(float); }

std::vector<float> MakeNorm(size_t width, uint64_t seed, const std::string& name) {
  RandomStream random(seed, name);
  std::vector<float> norm(width + SlackElements());
  std::generate_n(norm.begin(), width, [&] { return Jitter(random); });
  return norm;
}

// Scaled so that inputs of variance 1 give outputs of variance about 1.
Linear MakeLinear(size_t outputs, size_t inputs, int bits, uint64_t seed, const std::string& name) {
  Linear linear;
  linear.outputs = outputs;
  linear.inputs = inputs;
  linear.bits = bits;

  RandomStream random(seed, name);
  const size_t bytes = outputs * inputs * static_cast<size_t>(bits) / 8;
  linear.data.resize(bytes + kReadSlack);
  for (size_t at = 0; at < bytes;) {
    uint64_t word = random.Next();
    for (size_t n = 0; n < 8 && at < bytes; ++n, ++at, word >>= 8) {
      uint8_t byte = static_cast<uint8_t>(word);
      if (bits == 8 && byte == 0x80) byte = 0x81;  // symmetric: -127 ... 127
      linear.data[at] = byte;
    }
  }

  RandomStream scales(seed, name + ".scale");
  const float base =
      1.0f / ((bits == 4 ? kRms4 : kRms8) * std::sqrt(static_cast<float>(inputs)));
  linear.scale.resize(outputs);
  std::generate(linear.scale.begin(), linear.scale.end(), [&] { return base * Jitter(scales); });
  return linear;
}

void AddFloats(Fnv1a& hash, const std::vector<float>& values) {
  for (float value : values) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    hash.Add32(bits);
  }
}

void AddLinear(Fnv1a& hash, const Linear& linear) {
  for (uint8_t byte : linear.data) hash.Add(byte);
  AddFloats(hash, linear.scale);
}

}  // namespace

int Linear::At(size_t output, size_t input) const {
  const size_t at = output * inputs + input;
  if (bits == 8) return static_cast<int8_t>(data[at]);
  return ((data[at / 2] >> (at % 2 * 4)) & 0xf) - 8;
}

Weights MakeWeights(const Dims& dims, Variant variant, uint64_t seed) {
  Weights weights;
  weights.dims = dims;
  weights.variant = variant;
  const int ffn_bits = variant == Variant::kMixedInt48 ? 4 : 8;
  for (size_t i = 0; i < dims.layers; ++i) {
    const std::string prefix = "layer" + std::to_string(i) + ".";
    const auto linear = [&](const char* name, size_t outputs, size_t inputs, int bits) {
      return MakeLinear(outputs, inputs, bits, seed, prefix + name);
    };
    Layer layer;
    layer.attention_norm = MakeNorm(dims.model, seed, prefix + "attention_norm");
    layer.query = linear("query", dims.query_width(), dims.model, 8);
    layer.key = linear("key", dims.head, dims.model, 8);
    layer.value = linear("value", dims.head, dims.model, 8);
    layer.output = linear("output", dims.model, dims.query_width(), 8);
    layer.ffn_norm = MakeNorm(dims.model, seed, prefix + "ffn_norm");
    layer.gate = linear("gate", dims.hidden, dims.model, ffn_bits);
    layer.up = linear("up", dims.hidden, dims.model, ffn_bits);
    layer.down = linear("down", dims.model, dims.hidden, ffn_bits);
    weights.layers.push_back(std::move(layer));
  }
  return weights;
}

uint64_t Checksum(const Weights& weights) {
  Fnv1a hash;
  for (const Layer& layer : weights.layers) {
    AddFloats(hash, layer.attention_norm);
    AddFloats(hash, layer.ffn_norm);
    for (const Linear* linear : {&layer.query, &layer.key, &layer.value, &layer.output,
                                 &layer.gate, &layer.up, &layer.down}) {
      AddLinear(hash, *linear);
    }
  }
  return hash.value();
}

std::vector<float> MakeNoise(size_t count, uint64_t seed, const std::string& name) {
  constexpr float kWidth = 3.4641016f;  // sqrt(12): a uniform interval of variance 1
  RandomStream random(seed, name);
  std::vector<float> noise(count + SlackElements());
  std::generate_n(noise.begin(), count, [&] { return kWidth * (random.NextUnit() - 0.5f); });
  return noise;
}

std::vector<float> MakeRotaryTable(size_t first, size_t rows, size_t head) {
  const size_t half = head / 2;
  std::vector<float> table(rows * head + SlackElements());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(first + row) *
                           std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(half));
      table[row * head + i] = static_cast<float>(std::cos(angle));
      table[row * head + half + i] = static_cast<float>(std::sin(angle));
    }
  }
  return table;
}

Inputs MakeInputs(const Dims& dims, const Step& step, uint64_t seed) {
  Inputs inputs;
  inputs.tokens = MakeNoise(step.rows * dims.model, seed, "tokens");
  for (size_t i = 0; i < dims.layers; ++i) {
    const std::string prefix = "layer" + std::to_string(i) + ".";
    const auto cache = [&](const char* name) {
      std::vector<float> content = MakeNoise(step.context * dims.head, seed, prefix + name);
      std::fill(content.begin() + static_cast<std::ptrdiff_t>(step.first() * dims.head),
                content.end(), 0.0f);
      return content;
    };
    inputs.keys.push_back(cache("key_cache"));
    inputs.values.push_back(cache("value_cache"));
  }
  return inputs;
}

uint64_t OutputChecksum(const float* values, size_t count) {
  Fnv1a hash;
  for (size_t i = 0; i < count; ++i) {
    // Out of range or not a number: a value that no rounded output has.
    const float scaled = values[i] * 1024.0f;
    const bool fits = std::fabs(scaled) < 0x1p30f;
    hash.Add32(fits ? static_cast<uint32_t>(static_cast<int32_t>(std::lrint(scaled)))
                    : UINT32_C(0x80000000));
  }
  return hash.value();
}

std::string Hex(uint64_t value) {
  std::string digits(16, '0');
  for (size_t i = 16; i-- > 0; value >>= 4) digits[i] = "0123456789abcdef"[value & 0xf];
  return digits;
}

}  // namespace llm_block
