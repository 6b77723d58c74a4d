#include "operators.h"

#include <string>

#include "finding.h"

namespace operator_check {
namespace {

void Want(xnn_status status, const char* what) {
  if (status == xnn_status_success) return;
  throw Finding(std::string("the conversion to int8 does not ") + what + ": " + Name(status));
}

}  // namespace

const char* Name(xnn_status status) {
  switch (status) {
    case xnn_status_success:
      return "success";
    case xnn_status_uninitialized:
      return "uninitialized";
    case xnn_status_invalid_parameter:
      return "invalid_parameter";
    case xnn_status_invalid_state:
      return "invalid_state";
    case xnn_status_unsupported_parameter:
      return "unsupported_parameter";
    case xnn_status_unsupported_hardware:
      return "unsupported_hardware";
    case xnn_status_out_of_memory:
      return "out_of_memory";
    default:
      return "another status";
  }
}

xnn_status Create(const Case& c, const Layer& layer, xnn_weights_cache_t cache, Operator* op) {
  const uint32_t flags = c.transposed ? XNN_FLAG_TRANSPOSE_WEIGHTS : 0;
  xnn_operator_t made = nullptr;
  xnn_status status;
  if (c.weights == Weights::kInt4) {
    status = xnn_create_fully_connected_nc_qd8_f32_qc4w(
        c.inputs, c.outputs, c.input_stride(), c.output_stride(),
        static_cast<uint8_t>(c.zero_point), layer.scale, layer.kernel, layer.bias, layer.low,
        layer.high, flags, nullptr, cache, &made);
  } else {
    status = xnn_create_fully_connected_nc_qd8_f32_qc8w(
        c.inputs, c.outputs, c.input_stride(), c.output_stride(), layer.scale,
        static_cast<const int8_t*>(layer.kernel), layer.bias, layer.low, layer.high, flags, nullptr,
        cache, &made);
  }
  if (status != xnn_status_success && made != nullptr) {
    throw Finding("an operator was handed out although it could not be made");
  }
  op->reset(made);
  return status;
}

xnn_status Reshape(const Case& c, xnn_operator_t op, size_t batch, pthreadpool_t pool) {
  return c.weights == Weights::kInt4 ? xnn_reshape_fully_connected_nc_qd8_f32_qc4w(op, batch, pool)
                                     : xnn_reshape_fully_connected_nc_qd8_f32_qc8w(op, batch, pool);
}

xnn_status Setup(const Case& c, xnn_operator_t op, const int8_t* input, float* output,
                 const Quantization* rows) {
  return c.weights == Weights::kInt4
             ? xnn_setup_fully_connected_nc_qd8_f32_qc4w(op, input, output, rows)
             : xnn_setup_fully_connected_nc_qd8_f32_qc8w(op, input, output, rows);
}

void Convert(const Case& c, size_t batch, const float* input, int8_t* output, Quantization* rows,
             pthreadpool_t pool) {
  xnn_operator_t made = nullptr;
  Want(xnn_create_convert_nc_f32_qd8(0, &made), "get made");
  const Operator op(made);
  Want(xnn_reshape_convert_nc_f32_qd8(made, batch, c.inputs, c.inputs, c.input_stride(), pool),
       "take its shape");
  Want(xnn_setup_convert_nc_f32_qd8(made, input, output, rows), "take its buffers");
  Want(xnn_run_operator(made, pool), "run");
}

}  // namespace operator_check
