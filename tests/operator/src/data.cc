#include "data.h"

#include <cmath>
#include <limits>
#include <string>

#include "random.h"

namespace operator_check {
namespace {

size_t Even(size_t value) { return value + value % 2; }

size_t KernelBytes(const Case& c) {
  if (c.weights == Weights::kInt8) return c.inputs * c.outputs;
  return (Even(c.inputs) * c.outputs + 1) / 2;
}

size_t InputBytes(const Case& c, size_t batch) {
  return batch == 0 ? 0 : (batch - 1) * c.input_stride() + c.inputs + XNN_EXTRA_BYTES;
}

size_t RowsBytes(size_t batch) {
  return (batch + XNN_EXTRA_QUANTIZATION_PARAMS) * sizeof(Quantization);
}

// Some cases have nothing but the ends of the ranges, for the largest sums there can be.
bool Extreme(const Case& c) { return Random(c.seed, "extreme").Percent(12); }

void FillFloats(Random& random, float* row, size_t count) {
  const size_t kind = random.Between(0, 9);
  const float width = std::ldexp(1.0f, static_cast<int>(random.Between(0, 12)) - 6);
  float low = -width * random.Real(0.1f, 1.0f);
  float high = width * random.Real(0.1f, 1.0f);
  if (kind == 0) low = high = 0.0f;   // nothing but zeros
  if (kind == 1) low = high;          // one value
  if (kind == 2) low = 0.25f * high;  // zero lies outside of what there is
  if (kind == 3) high = 0.25f * low;
  for (size_t i = 0; i < count; ++i) row[i] = random.Real(low, high);
}

}  // namespace

size_t OutputBytes(const Case& c, size_t batch) {
  return batch == 0 ? 0 : ((batch - 1) * c.output_stride() + c.outputs) * sizeof(float);
}

LayerData::LayerData(const Case& c, uint8_t junk)
    : inputs_(c.inputs),
      has_bias_(c.bias),
      values_(c.inputs * c.outputs),
      kernel_("the kernel", KernelBytes(c), c.place, junk),
      scale_("the kernel's scales", c.outputs * sizeof(float), c.place, junk),
      bias_("the bias", c.outputs * sizeof(float), c.place, junk),
      low_(-std::numeric_limits<float>::infinity()),
      high_(std::numeric_limits<float>::infinity()) {
  Random random(c.seed, "weights");
  const bool extreme = Extreme(c);
  // Int8 weights are symmetric: kernels for processors without dot products add two products in 16
  // bits, and -128 times -128 does not fit there twice.
  const int most = c.weights == Weights::kInt4 ? 7 : 127;
  const int least = c.weights == Weights::kInt4 ? -8 : -127;
  for (int8_t& value : values_) {
    const int drawn =
        least + static_cast<int>(random.Between(0, static_cast<size_t>(most - least)));
    const int end = random.Percent(50) ? least : most;
    value = static_cast<int8_t>(extreme ? end : drawn);
  }
  for (size_t n = 0; n < c.outputs; ++n) {
    scale_.as<float>()[n] = random.Real(0.001f, 2.0f);
    bias_.as<float>()[n] = random.Real(-500.0f, 500.0f);
  }
  if (c.weights == Weights::kInt4) {
    StoreInt4(c);
    return;
  }
  for (size_t n = 0; n < c.outputs; ++n) {
    for (size_t k = 0; k < c.inputs; ++k) {
      const size_t at = c.transposed ? k * c.outputs + n : n * c.inputs + k;
      kernel_.as<int8_t>()[at] = values_[n * c.inputs + k];
    }
  }
}

void LayerData::StoreInt4(const Case& c) {
  for (size_t i = 0; i < kernel_.bytes(); ++i) kernel_.data()[i] = 0;
  const size_t rows = Even(c.inputs);
  for (size_t n = 0; n < c.outputs; ++n) {
    for (size_t k = 0; k < rows; ++k) {
      const int value = k < c.inputs ? values_[n * c.inputs + k] : 0;
      const unsigned nibble = static_cast<unsigned>(value + c.zero_point) & 15u;
      const size_t at = c.transposed ? k * c.outputs + n : n * rows + k;
      kernel_.data()[at / 2] |= static_cast<uint8_t>(nibble << (at % 2 * 4));
    }
  }
}

Layer LayerData::layer(const Case& c) const {
  return {kernel_.data(), scale_.as<float>(), c.bias ? bias_.as<float>() : nullptr, low_, high_};
}

void LayerData::Forbid() {
  for (Buffer* buffer : {&kernel_, &scale_, &bias_}) buffer->Forbid();
}

void LayerData::Thaw() {
  for (Buffer* buffer : {&kernel_, &scale_, &bias_}) buffer->Thaw();
}

void LayerData::CheckMargins() const {
  for (const Buffer* buffer : {&kernel_, &scale_, &bias_}) buffer->CheckMargin();
}

BatchData::BatchData(const Case& c, size_t index, uint8_t junk, pthreadpool_t pool)
    : batch_(c.batches[index]),
      input_("the inputs", InputBytes(c, batch_), c.place, junk),
      rows_("the rows' scales and zero points", RowsBytes(batch_), c.place, junk),
      output_("the outputs", OutputBytes(c, batch_), c.place, junk) {
  Random random(c.seed, "batch " + std::to_string(index));
  if (batch_ == 0) return;
  if (c.convert) {
    // The conversion reads beyond its rows, too.
    Buffer floats("the floats", batch_ * c.inputs * sizeof(float) + XNN_EXTRA_BYTES, c.place, junk);
    for (size_t m = 0; m < batch_; ++m) {
      FillFloats(random, floats.as<float>() + m * c.inputs, c.inputs);
    }
    Convert(c, batch_, floats.as<float>(), input(), rows(), pool);
    return;
  }
  const bool extreme = Extreme(c);
  for (size_t m = 0; m < batch_; ++m) {
    for (size_t k = 0; k < c.inputs; ++k) {
      const int8_t drawn = random.Int8();
      const int8_t end = drawn < 0 ? INT8_MIN : INT8_MAX;
      input()[m * c.input_stride() + k] = extreme ? end : drawn;
    }
    const int8_t drawn = random.Int8();
    const int8_t end = drawn < 0 ? INT8_MIN : INT8_MAX;
    rows()[m] = {extreme ? end : drawn, random.Real(0.001f, 2.0f)};
  }
  // As the conversion does: where rows are missing in a tile, stock kernels compute the last row
  // again, with the entries that follow, and keep that.
  for (size_t i = 0; i < XNN_EXTRA_QUANTIZATION_PARAMS; ++i)
    rows()[batch_ + i] = rows()[batch_ - 1];
}

std::vector<BatchData::Expected> BatchData::Compute(const Case& c, const LayerData& layer) const {
  std::vector<Expected> all;
  all.reserve(batch_ * c.outputs);
  std::vector<int32_t> row(c.inputs);
  for (size_t m = 0; m < batch_; ++m) {
    const auto [zero_point, scale] = rows()[m];
    for (size_t k = 0; k < c.inputs; ++k) {
      row[k] = input()[m * c.input_stride() + k] - zero_point;
    }
    for (size_t n = 0; n < c.outputs; ++n) {
      int64_t sum = 0;
      for (size_t k = 0; k < c.inputs; ++k) sum += int64_t{row[k]} * layer.weight(n, k);
      const double product = static_cast<double>(sum) * static_cast<double>(scale) * layer.scale(n);
      all.push_back({product + layer.bias(n), std::fabs(product) + std::fabs(layer.bias(n))});
    }
  }
  return all;
}

}  // namespace operator_check
