// Builds a subgraph value by value: thin names over XNNPACK's xnn_define_* calls.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_GRAPH_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "weights.h"
#include "xnn.h"

namespace llm_block {

using Shape = std::vector<size_t>;

// A tensor of the graph under construction.
struct Value {
  uint32_t id;
  Shape shape;
};

class GraphBuilder {
 public:
  // `external_values`: how many values of the graph the caller will bind to its own memory.
  explicit GraphBuilder(uint32_t external_values);

  // A value that the caller binds; `flags` are XNN_VALUE_FLAG_EXTERNAL_INPUT and/or _OUTPUT.
  Value External(const Shape& shape, uint32_t external_id, uint32_t flags);
  // A constant; `data` must outlive every runtime made from this graph.
  Value Constant(const Shape& shape, const float* data);
  // A constant of one element. The graph keeps it; see TakeScalars.
  Value Scalar(float value);

  Value Unary(xnn_unary_operator op, const Value& a);
  Value Binary(xnn_binary_operator op, const Value& a, const Value& b);
  // Writes into `out` instead of a new value, where one is given.
  Value Rotary(const Value& heads, const Value& table, const Value* out = nullptr);
  Value Softmax(const Value& a);
  Value MeanOfSquares(const Value& a);  // over the last dimension, which becomes 1
  Value Reshape(const Value& a, const Shape& shape);
  Value MatMul(const Value& a, const Value& b, bool transpose_b);

  // Rounds each row of the last dimension to int8. `pack_for_int4`: every consumer is a fully
  // connected layer with int4 weights, so XNNPACK may write the layout that its int4 kernels want.
  Value Quantise(const Value& a, bool pack_for_int4);
  // A fully connected layer without bias; `input` is what Quantise returned.
  Value FullyConnected(const Value& input, const Linear& linear, const Value* out = nullptr);

  xnn_subgraph_t subgraph() const { return subgraph_.get(); }
  // The scalars' memory, to be kept as long as the runtimes.
  std::vector<std::unique_ptr<float[]>> TakeScalars() { return std::move(scalars_); }

 private:
  Value Internal(const Shape& shape);

  Subgraph subgraph_;
  std::vector<std::unique_ptr<float[]>> scalars_;
};

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_GRAPH_H_
