// One XNNPACK fully-connected operator, called through the public API between two functions that
// do nothing: what is executed between them is one call. It measures no time itself.
//
//   fully_connected qc4w|qc8w K N M [M...]
//
// K input and N output channels, M rows. One thread, weights and inputs from a fixed generator.
// Each line of output: M, and a checksum of the results, so that builds can be held together.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "xnnpack.h"

// Two bodies that differ: a linker may otherwise make one function of both.
extern "C" __attribute__((noinline)) void xnnkit_count_begin() { asm volatile("" : : "r"(1) : "memory"); }
extern "C" __attribute__((noinline)) void xnnkit_count_end() { asm volatile("" : : "r"(2) : "memory"); }

namespace {

void Check(xnn_status status, const char* what) {
  if (status == xnn_status_success) return;
  std::fprintf(stderr, "%s: status %d\n", what, static_cast<int>(status));
  std::exit(1);
}

uint32_t Next(uint32_t& state) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

struct Shape {
  bool int4;
  size_t k, n;
};

xnn_operator_t Create(const Shape& shape) {
  uint32_t state = 1;
  const size_t bytes = shape.int4 ? shape.n * ((shape.k + 1) / 2) : shape.n * shape.k;
  std::vector<uint8_t> weights(bytes + XNN_EXTRA_BYTES);
  for (size_t i = 0; i < bytes; i++) weights[i] = static_cast<uint8_t>(Next(state));
  std::vector<float> scales(shape.n);
  for (float& scale : scales) scale = 0.001f + 0.0001f * static_cast<float>(Next(state) % 16);
  const float infinity = std::numeric_limits<float>::infinity();
  xnn_operator_t op = nullptr;
  if (shape.int4) {
    Check(xnn_create_fully_connected_nc_qd8_f32_qc4w(
              shape.k, shape.n, shape.k, shape.n, /*kernel_zero_point=*/8, scales.data(),
              weights.data(), /*bias=*/nullptr, -infinity, infinity, /*flags=*/0, nullptr, nullptr,
              &op),
          "create");
  } else {
    Check(xnn_create_fully_connected_nc_qd8_f32_qc8w(
              shape.k, shape.n, shape.k, shape.n, scales.data(),
              reinterpret_cast<const int8_t*>(weights.data()), /*bias=*/nullptr, -infinity,
              infinity, /*flags=*/0, nullptr, nullptr, &op),
          "create");
  }
  return op;
}

void Call(const Shape& shape, xnn_operator_t op, size_t m, const int8_t* input, float* output,
          const xnn_dynamic_quantization_params* params) {
  if (shape.int4) {
    Check(xnn_reshape_fully_connected_nc_qd8_f32_qc4w(op, m, nullptr), "reshape");
    Check(xnn_setup_fully_connected_nc_qd8_f32_qc4w(op, input, output, params), "setup");
  } else {
    Check(xnn_reshape_fully_connected_nc_qd8_f32_qc8w(op, m, nullptr), "reshape");
    Check(xnn_setup_fully_connected_nc_qd8_f32_qc8w(op, input, output, params), "setup");
  }
  Check(xnn_run_operator(op, nullptr), "run");
}

double Run(const Shape& shape, xnn_operator_t op, size_t m) {
  uint32_t state = 2;
  std::vector<int8_t> input(m * shape.k + XNN_EXTRA_BYTES);
  for (int8_t& value : input) value = static_cast<int8_t>(Next(state));
  std::vector<xnn_dynamic_quantization_params> params(m + XNN_EXTRA_QUANTIZATION_PARAMS);
  for (auto& one : params) {
    one.zero_point = static_cast<int32_t>(Next(state) % 64) - 32;
    one.scale = 0.01f + 0.001f * static_cast<float>(Next(state) % 8);
  }
  std::vector<float> output(m * shape.n);
  // The first call may do what is done once; the second is the one that is counted.
  Call(shape, op, m, input.data(), output.data(), params.data());
  xnnkit_count_begin();
  Call(shape, op, m, input.data(), output.data(), params.data());
  xnnkit_count_end();
  double sum = 0;
  for (size_t i = 0; i < output.size(); i++) sum += output[i] * static_cast<double>(i % 7 + 1);
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const bool int4 = argc > 1 && std::strcmp(argv[1], "qc4w") == 0;
  if (argc < 5 || (!int4 && std::strcmp(argv[1], "qc8w") != 0)) {
    std::fprintf(stderr, "usage: %s qc4w|qc8w K N M [M...]\n", argv[0]);
    return 2;
  }
  const Shape shape = {int4, std::strtoul(argv[2], nullptr, 10), std::strtoul(argv[3], nullptr, 10)};
  Check(xnn_initialize(nullptr), "initialize");
  xnn_operator_t op = Create(shape);
  for (int i = 4; i < argc; i++) {
    const size_t m = std::strtoul(argv[i], nullptr, 10);
    std::printf("%zu %.9g\n", m, Run(shape, op, m));
  }
  Check(xnn_delete_operator(op), "delete");
  return 0;
}
