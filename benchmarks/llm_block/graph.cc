#include "graph.h"

#include <algorithm>
#include <cmath>

namespace llm_block {
namespace {

// Tells a conversion to int8 that its result is for a matrix product, so that XNNPACK may choose
// the packed layout of its KleidiAI kernels (int4 weights only). XNNPACK documents the value, but
// its public header of this version leaves the name out; a build without KleidiAI ignores it.
constexpr uint32_t kMaybePackForGemm = 0x00000080;

}  // namespace

GraphBuilder::GraphBuilder(uint32_t external_values, uint32_t max_taps)
    : next_tap_id_(external_values), end_tap_id_(external_values + 2 * max_taps) {
  xnn_subgraph_t subgraph = nullptr;
  LLM_BLOCK_CHECK(xnn_create_subgraph(end_tap_id_, /*flags=*/0, &subgraph));
  subgraph_.reset(subgraph);
}

Value GraphBuilder::External(const Shape& shape, uint32_t external_id, uint32_t flags) {
  uint32_t id;
  LLM_BLOCK_CHECK(xnn_define_tensor_value(subgraph(), xnn_datatype_fp32, shape.size(),
                                          shape.data(), nullptr, external_id, flags, &id));
  return {id, shape};
}

Value GraphBuilder::Constant(const Shape& shape, const float* data) {
  uint32_t id;
  LLM_BLOCK_CHECK(xnn_define_tensor_value(subgraph(), xnn_datatype_fp32, shape.size(),
                                          shape.data(), data, XNN_INVALID_VALUE_ID, 0, &id));
  return {id, shape};
}

Value GraphBuilder::Scalar(float value) {
  scalars_.emplace_back(new float[1 + kReadSlack / sizeof(float)]());
  scalars_.back()[0] = value;
  return Constant({1}, scalars_.back().get());
}

Value GraphBuilder::Internal(const Shape& shape) {
  uint32_t id;
  LLM_BLOCK_CHECK(xnn_define_tensor_value(subgraph(), xnn_datatype_fp32, shape.size(),
                                          shape.data(), nullptr, XNN_INVALID_VALUE_ID, 0, &id));
  return {id, shape};
}

void GraphBuilder::Copy(const Value& from, const Value& to) {
  LLM_BLOCK_CHECK(xnn_define_copy(subgraph(), from.id, to.id, 0));
}

Value GraphBuilder::Unary(xnn_unary_operator op, const Value& a) {
  const Value result = Internal(a.shape);
  LLM_BLOCK_CHECK(xnn_define_unary(subgraph(), op, nullptr, a.id, result.id, 0));
  return result;
}

Value GraphBuilder::Binary(xnn_binary_operator op, const Value& a, const Value& b) {
  Shape shape = a.shape;
  for (size_t i = 1; i <= std::min(a.shape.size(), b.shape.size()); ++i) {
    size_t& dim = shape[shape.size() - i];
    dim = std::max(dim, b.shape[b.shape.size() - i]);
  }
  const Value result = Internal(shape);
  LLM_BLOCK_CHECK(xnn_define_binary(subgraph(), op, nullptr, a.id, b.id, result.id, 0));
  return result;
}

Value GraphBuilder::Rotary(const Value& heads, const Value& table, const Value* out) {
  const Value result = out != nullptr ? *out : Internal(heads.shape);
  LLM_BLOCK_CHECK(xnn_define_rope(subgraph(), table.shape[0], heads.id, table.id, result.id, 0));
  return result;
}

Value GraphBuilder::Softmax(const Value& a) {
  const Value result = Internal(a.shape);
  LLM_BLOCK_CHECK(xnn_define_softmax(subgraph(), a.id, result.id, 0));
  return result;
}

Value GraphBuilder::MeanOfSquares(const Value& a) {
  const Value squares = Unary(xnn_unary_square, a);
  Shape shape = a.shape;
  shape.back() = 1;
  const Value mean = Internal(shape);
  const size_t axis = a.shape.size() - 1;
  LLM_BLOCK_CHECK(xnn_define_static_reduce(subgraph(), xnn_reduce_mean, 1, &axis, squares.id,
                                           mean.id, XNN_FLAG_KEEP_DIMS));
  return mean;
}

Value GraphBuilder::Reshape(const Value& a, const Shape& shape) {
  const Value result = Internal(shape);
  LLM_BLOCK_CHECK(
      xnn_define_static_reshape(subgraph(), shape.size(), shape.data(), a.id, result.id, 0));
  return result;
}

Value GraphBuilder::MatMul(const Value& a, const Value& b, bool transpose_b) {
  Shape shape = a.shape;
  shape.back() = b.shape[b.shape.size() - (transpose_b ? 2 : 1)];
  const Value result = Internal(shape);
  LLM_BLOCK_CHECK(xnn_define_batch_matrix_multiply(subgraph(), a.id, b.id, result.id,
                                                   transpose_b ? XNN_FLAG_TRANSPOSE_B : 0));
  return result;
}

Quantised GraphBuilder::Quantise(const Value& a, bool pack_for_int4) {
  uint32_t id;
  LLM_BLOCK_CHECK(xnn_define_dynamically_quantized_tensor_value(
      subgraph(), xnn_datatype_qdint8, a.shape.size(), /*num_nonbatch_dims=*/1, a.shape.data(),
      XNN_INVALID_VALUE_ID, 0, &id));
  LLM_BLOCK_CHECK(xnn_define_unary(subgraph(), xnn_unary_convert, nullptr, a.id, id,
                                   pack_for_int4 ? kMaybePackForGemm : 0));
  return {{id, a.shape}, a};
}

std::vector<float> GraphBuilder::CopyOut(const Value& value) {
  size_t count = 1;
  for (size_t dim : value.shape) count *= dim;
  std::vector<float> buffer(count + kReadSlack / sizeof(float));
  const uint32_t id = next_tap_id_++;
  Copy(value, External(value.shape, id, XNN_VALUE_FLAG_EXTERNAL_OUTPUT));
  tap_bindings_.push_back({id, buffer.data()});
  return buffer;
}

Value GraphBuilder::FullyConnected(const Quantised& input, const Linear& linear, const Value* out) {
  const Shape filter_shape = {linear.outputs, linear.inputs};
  uint32_t filter;
  LLM_BLOCK_CHECK(xnn_define_channelwise_quantized_tensor_value_v2(
      subgraph(), linear.bits == 4 ? xnn_datatype_qcint4 : xnn_datatype_qcint8,
      linear.zero_point(), linear.scale.data(), filter_shape.size(), /*channel_dim=*/0,
      filter_shape.data(), linear.data.data(), XNN_INVALID_VALUE_ID, 0, &filter));
  Shape shape = input.stored.shape;
  shape.back() = linear.outputs;
  const Value result = out != nullptr ? *out : Internal(shape);
  LLM_BLOCK_CHECK(xnn_define_fully_connected(subgraph(), -INFINITY, INFINITY, input.stored.id,
                                             filter, /*bias_id=*/XNN_INVALID_VALUE_ID, result.id,
                                             0));
  if (next_tap_id_ < end_tap_id_) {
    std::vector<float> in = CopyOut(input.source);
    taps_.push_back({&linear, std::move(in), CopyOut(result)});
  }
  return result;
}

}  // namespace llm_block
