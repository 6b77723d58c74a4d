// One fully connected layer, computed by XNNPACK and by three loops; says whether they agree.

#include <cmath>
#include <cstdio>
#include <vector>

#include "xnnpack.h"

int main() {
  constexpr size_t kRows = 3, kInputs = 64, kOutputs = 17;
  std::vector<float> input(kRows * kInputs), kernel(kOutputs * kInputs), bias(kOutputs);
  for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i % 13) - 6.0f;
  for (size_t i = 0; i < kernel.size(); ++i) kernel[i] = static_cast<float>(i % 7) - 3.0f;
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = static_cast<float>(i);
  std::vector<float> output(kRows * kOutputs);

  xnn_operator_t layer = nullptr;
  if (xnn_initialize(nullptr) != xnn_status_success ||
      xnn_create_fully_connected_nc_f32(kInputs, kOutputs, kInputs, kOutputs, kernel.data(),
                                        bias.data(), -INFINITY, INFINITY, 0, nullptr, nullptr,
                                        &layer) != xnn_status_success ||
      xnn_reshape_fully_connected_nc_f32(layer, kRows, nullptr) != xnn_status_success ||
      xnn_setup_fully_connected_nc_f32(layer, input.data(), output.data()) != xnn_status_success ||
      xnn_run_operator(layer, nullptr) != xnn_status_success) {
    std::puts("XNNPACK refused");
    return 1;
  }
  xnn_delete_operator(layer);

  for (size_t row = 0; row < kRows; ++row) {
    for (size_t out = 0; out < kOutputs; ++out) {
      float expected = bias[out];
      for (size_t in = 0; in < kInputs; ++in) {
        expected += input[row * kInputs + in] * kernel[out * kInputs + in];
      }
      if (std::fabs(output[row * kOutputs + out] - expected) > 1e-3f) {
        std::printf("row %zu, output %zu: %g instead of %g\n", row, out,
                    output[row * kOutputs + out], expected);
        return 1;
      }
    }
  }
  std::printf("%zu values agree\n", output.size());
  return 0;
}
