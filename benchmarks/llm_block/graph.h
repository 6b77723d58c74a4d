// Builds a subgraph value by value: thin names over XNNPACK's xnn_define_* calls.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_GRAPH_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
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

// Activations rounded to int8, and the floats that they were made from.
struct Quantised {
  Value stored;
  Value source;
};

// A copy of what went into a fully connected layer and of what came out, for inspection. Filled by
// every invocation, when the graph was built with taps.
struct Tap {
  const Linear* linear;
  std::vector<float> input, output;
};

class GraphBuilder {
 public:
  // `external_values`: how many values of the graph the caller will bind to its own memory. With
  // `max_taps` above 0, up to so many fully connected layers get a tap each.
  explicit GraphBuilder(uint32_t external_values, uint32_t max_taps = 0);

  // A value that the caller binds; `flags` are XNN_VALUE_FLAG_EXTERNAL_INPUT and/or _OUTPUT.
  Value External(const Shape& shape, uint32_t external_id, uint32_t flags);
  // A constant; `data` must outlive every runtime made from this graph.
  Value Constant(const Shape& shape, const float* data);
  // A constant of one element. The graph keeps it; see TakeScalars.
  Value Scalar(float value);

  void Copy(const Value& from, const Value& to);
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
  Quantised Quantise(const Value& a, bool pack_for_int4);
  // A fully connected layer without bias.
  Value FullyConnected(const Quantised& input, const Linear& linear, const Value* out = nullptr);

  xnn_subgraph_t subgraph() const { return subgraph_.get(); }
  // The scalars' memory, to be kept as long as the runtimes.
  std::vector<std::unique_ptr<float[]>> TakeScalars() { return std::move(scalars_); }
  // The taps, and how to bind them: moving the vector leaves their buffers where they are.
  std::vector<Tap> TakeTaps() { return std::move(taps_); }
  const std::vector<xnn_external_value>& tap_bindings() const { return tap_bindings_; }

 private:
  Value Internal(const Shape& shape);
  std::vector<float> CopyOut(const Value& value);

  Subgraph subgraph_;
  uint32_t next_tap_id_;
  uint32_t end_tap_id_;
  std::vector<Tap> taps_;
  std::vector<xnn_external_value> tap_bindings_;
  std::vector<std::unique_ptr<float[]>> scalars_;
};

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_GRAPH_H_
