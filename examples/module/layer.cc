// One fully connected layer with int8 weights, whose input XNNPACK quantizes row by row, computed by
// XNNPACK and by three loops; says whether they agree.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "xnnpack.h"

namespace {

constexpr size_t kRows = 3, kInputs = 64, kOutputs = 17;
constexpr float kScale = 0.25f;  // of every weight

bool Did(xnn_status status) { return status == xnn_status_success; }

// Converts the input to int8 and multiplies.
bool Compute(const std::vector<float>& input, const std::vector<int8_t>& kernel,
             const std::vector<float>& bias, std::vector<float>* output) {
  // XNNPACK may read this much further than it was told.
  std::vector<int8_t> quantized(input.size() + XNN_EXTRA_BYTES);
  std::vector<xnn_quantization_params> rows(kRows + XNN_EXTRA_QUANTIZATION_PARAMS);
  const std::vector<float> scales(kOutputs, kScale);
  xnn_operator_t convert = nullptr, layer = nullptr;
  const bool done =
      Did(xnn_initialize(nullptr)) && Did(xnn_create_convert_nc_f32_qd8(0, &convert)) &&
      Did(xnn_reshape_convert_nc_f32_qd8(convert, kRows, kInputs, kInputs, kInputs, nullptr)) &&
      Did(xnn_setup_convert_nc_f32_qd8(convert, input.data(), quantized.data(), rows.data())) &&
      Did(xnn_run_operator(convert, nullptr)) &&
      Did(xnn_create_fully_connected_nc_qd8_f32_qc8w(
          kInputs, kOutputs, kInputs, kOutputs, scales.data(), kernel.data(), bias.data(),
          -INFINITY, INFINITY, 0, nullptr, nullptr, &layer)) &&
      Did(xnn_reshape_fully_connected_nc_qd8_f32_qc8w(layer, kRows, nullptr)) &&
      Did(xnn_setup_fully_connected_nc_qd8_f32_qc8w(layer, quantized.data(), output->data(),
                                                    rows.data())) &&
      Did(xnn_run_operator(layer, nullptr));
  xnn_delete_operator(convert);
  xnn_delete_operator(layer);
  return done;
}

}  // namespace

int main() {
  std::vector<float> input(kRows * kInputs + XNN_EXTRA_BYTES), bias(kOutputs);
  std::vector<int8_t> kernel(kOutputs * kInputs);
  for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i % 13) - 6.0f;
  for (size_t i = 0; i < kernel.size(); ++i) kernel[i] = static_cast<int8_t>(i % 7) - 3;
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = static_cast<float>(i);
  std::vector<float> output(kRows * kOutputs);
  if (!Compute(input, kernel, bias, &output)) {
    std::puts("XNNPACK refused");
    return 1;
  }
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t out = 0; out < kOutputs; ++out) {
      float expected = bias[out], error = 0.0f;
      for (size_t in = 0; in < kInputs; ++in) {
        const float weight = kScale * kernel[out * kInputs + in];
        expected += input[row * kInputs + in] * weight;
        // Inputs from -6 to 6 in 255 steps: each is off by one at most.
        error += 12.0f / 255.0f * std::fabs(weight);
      }
      const float found = output[row * kOutputs + out];
      if (!(std::fabs(found - expected) <= error)) {
        std::printf("row %zu, output %zu: %g instead of %g\n", row, out, found, expected);
        return 1;
      }
    }
  }
  std::printf("%zu values agree\n", output.size());
  return 0;
}
