#include "reference.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>

namespace llm_block {
namespace {

using Matrix = std::vector<double>;  // row major

constexpr double kNormEpsilon = 1e-6;

// A row of activations as signed bytes: real = (stored - zero_point) / scale.
struct QuantisedRow {
  std::vector<int8_t> stored;
  int32_t zero_point;
  float scale;
};

// Asymmetric quantisation over the whole range of int8, zero always representable. Done in float,
// in the order in which the kernels do it, because the zero point's rounding depends on that.
QuantisedRow Quantise(const double* row, size_t width) {
  std::vector<float> narrow(row, row + width);
  const float low = std::min(0.0f, *std::min_element(narrow.begin(), narrow.end()));
  const float high = std::max(0.0f, *std::max_element(narrow.begin(), narrow.end()));
  QuantisedRow result;
  result.scale = low == high ? 1.0f : 255.0f / (high - low);
  const float scaled_low = low * result.scale;
  const float scaled_high = high * result.scale;
  // Take the end of the range whose error is smaller as the fixed one.
  const float zero_point = (-128.0f + scaled_low) + (127.0f + scaled_high) > 0.0f
                               ? -128.0f - scaled_low
                               : 127.0f - scaled_high;
  result.zero_point =
      static_cast<int32_t>(std::lrint(std::min(std::max(zero_point, -128.0f), 127.0f)));
  result.stored.resize(width);
  for (size_t i = 0; i < width; ++i) {
    const int32_t value =
        static_cast<int32_t>(std::lrint(narrow[i] * result.scale)) + result.zero_point;
    result.stored[i] = static_cast<int8_t>(std::clamp(value, int32_t{-128}, int32_t{127}));
  }
  return result;
}

// One output channel's weights less their zero point, a byte each.
void Unpack(const Linear& linear, size_t output, std::vector<int8_t>& row) {
  row.resize(linear.inputs);
  for (size_t i = 0; i < linear.inputs; ++i) row[i] = static_cast<int8_t>(linear.At(output, i));
}

Matrix RmsNorm(const Matrix& input, size_t width, const std::vector<float>& weight) {
  Matrix output(input.size());
  for (size_t at = 0; at < input.size(); at += width) {
    double squares = 0.0;
    for (size_t i = 0; i < width; ++i) squares += input[at + i] * input[at + i];
    const double factor = 1.0 / std::sqrt(squares / static_cast<double>(width) + kNormEpsilon);
    for (size_t i = 0; i < width; ++i) output[at + i] = input[at + i] * factor * weight[i];
  }
  return output;
}

// Rotates the pairs (i, i + head/2) of every head by the angle of their row's position.
void Rotate(Matrix& heads, size_t heads_per_row, size_t head, const std::vector<float>& table) {
  const size_t half = head / 2;
  for (size_t h = 0; h < heads.size() / head; ++h) {
    const float* cosine = &table[h / heads_per_row * head];
    const float* sine = cosine + half;
    double* pair = &heads[h * head];
    for (size_t i = 0; i < half; ++i) {
      const double a = pair[i], b = pair[i + half];
      pair[i] = a * cosine[i] - b * sine[i];
      pair[i + half] = a * sine[i] + b * cosine[i];
    }
  }
}

// All query heads attend to one key/value head; a token sees itself and what precedes it.
Matrix Attend(const Matrix& queries, const Matrix& keys, const Matrix& values, const Dims& dims,
              const Step& step) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(dims.head));
  Matrix output(queries.size());
  std::vector<double> score(step.context);
  for (size_t q = 0; q < step.rows * dims.heads; ++q) {
    const size_t visible = step.first() + q / dims.heads + 1;
    double highest = -INFINITY;
    for (size_t k = 0; k < visible; ++k) {
      double dot = 0.0;
      for (size_t i = 0; i < dims.head; ++i) {
        dot += queries[q * dims.head + i] * keys[k * dims.head + i];
      }
      score[k] = dot * scale;
      highest = std::max(highest, score[k]);
    }
    double total = 0.0;
    for (size_t k = 0; k < visible; ++k) total += score[k] = std::exp(score[k] - highest);
    for (size_t k = 0; k < visible; ++k) {
      for (size_t i = 0; i < dims.head; ++i) {
        output[q * dims.head + i] += score[k] / total * values[k * dims.head + i];
      }
    }
  }
  return output;
}

void Add(Matrix& sum, const Matrix& term) {
  std::transform(sum.begin(), sum.end(), term.begin(), sum.begin(), std::plus<>());
}

// The rows of a cache before the step's first, followed by the new ones.
Matrix Extend(const std::vector<float>& cache, size_t old_count, const Matrix& fresh) {
  Matrix all(cache.begin(), cache.begin() + static_cast<std::ptrdiff_t>(old_count));
  all.insert(all.end(), fresh.begin(), fresh.end());
  return all;
}

}  // namespace

std::vector<double> ReferenceLinear(const Linear& linear, const std::vector<double>& input,
                                    Activations activations) {
  const size_t rows = input.size() / linear.inputs;
  std::vector<QuantisedRow> quantised;
  if (activations == Activations::kDynamicInt8) {
    for (size_t r = 0; r < rows; ++r) {
      quantised.push_back(Quantise(&input[r * linear.inputs], linear.inputs));
    }
  }
  Matrix output(rows * linear.outputs);
  std::vector<int8_t> weights;
  for (size_t o = 0; o < linear.outputs; ++o) {
    Unpack(linear, o, weights);
    for (size_t r = 0; r < rows; ++r) {
      double sum;
      if (activations == Activations::kFloat) {
        sum = 0.0;
        for (size_t i = 0; i < linear.inputs; ++i) sum += input[r * linear.inputs + i] * weights[i];
      } else {
        const QuantisedRow& row = quantised[r];
        int64_t total = 0;
        for (size_t i = 0; i < linear.inputs; ++i) {
          total += (row.stored[i] - row.zero_point) * weights[i];
        }
        sum = static_cast<double>(total) / row.scale;
      }
      output[r * linear.outputs + o] = sum * linear.scale[o];
    }
  }
  return output;
}

std::vector<double> Reference(const Weights& weights, const Step& step, const Inputs& inputs,
                              Activations activations) {
  const Dims& dims = weights.dims;
  const std::vector<float> rotary = MakeRotaryTable(step.first(), step.rows, dims.head);
  const auto linear = [&](const Linear& layer, const Matrix& input) {
    return ReferenceLinear(layer, input, activations);
  };

  Matrix stream(inputs.tokens.begin(),
                inputs.tokens.begin() + static_cast<std::ptrdiff_t>(step.rows * dims.model));
  for (size_t l = 0; l < dims.layers; ++l) {
    const Layer& layer = weights.layers[l];

    const Matrix normed = RmsNorm(stream, dims.model, layer.attention_norm);
    Matrix query = linear(layer.query, normed);
    Matrix key = linear(layer.key, normed);
    const Matrix value = linear(layer.value, normed);
    Rotate(query, dims.heads, dims.head, rotary);
    Rotate(key, 1, dims.head, rotary);
    const size_t old_count = step.first() * dims.head;
    const Matrix attended = Attend(query, Extend(inputs.keys[l], old_count, key),
                                   Extend(inputs.values[l], old_count, value), dims, step);
    Add(stream, linear(layer.output, attended));

    const Matrix ffn_input = RmsNorm(stream, dims.model, layer.ffn_norm);
    Matrix gated = linear(layer.gate, ffn_input);
    const Matrix up = linear(layer.up, ffn_input);
    for (size_t i = 0; i < gated.size(); ++i) {
      const double x = gated[i];
      gated[i] = 0.5 * x * (1.0 + std::erf(x * M_SQRT1_2)) * up[i];
    }
    Add(stream, linear(layer.down, gated));
  }
  return stream;
}

}  // namespace llm_block
