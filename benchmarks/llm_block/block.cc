#include "block.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace llm_block {
namespace {

constexpr float kNormEpsilon = 1e-6f;
constexpr float kMasked = -1e9f;  // softmax makes it 0

// Values that a session binds: two for the whole, then four for each layer.
enum ExternalId : uint32_t { kTokens, kOutput, kFirstLayer };
enum LayerExternal : uint32_t { kNewKeys, kNewValues, kKeys, kValues, kPerLayer };

constexpr uint32_t LayerId(size_t layer, LayerExternal which) {
  return kFirstLayer + static_cast<uint32_t>(layer) * kPerLayer + which;
}

// 0 where a row may look, kMasked where the token is still to come.
std::vector<float> MakeMask(const Step& step) {
  std::vector<float> mask(step.rows * step.context + kReadSlack / sizeof(float));
  for (size_t row = 0; row < step.rows; ++row) {
    for (size_t at = step.first() + row + 1; at < step.context; ++at) {
      mask[row * step.context + at] = kMasked;
    }
  }
  return mask;
}

Value RmsNorm(GraphBuilder& graph, const Value& input, const std::vector<float>& weight) {
  const Value mean =
      graph.Binary(xnn_binary_add, graph.MeanOfSquares(input), graph.Scalar(kNormEpsilon));
  const Value factor = graph.Unary(xnn_unary_reciprocal_square_root, mean);
  const Value normed = graph.Binary(xnn_binary_multiply, input, factor);
  return graph.Binary(xnn_binary_multiply, normed,
                      graph.Constant({input.shape.back()}, weight.data()));
}

// What attention needs besides the layer's weights.
struct AttentionContext {
  const Dims& dims;
  const Step& step;
  Value rotary, mask;
};

// The new rows of keys and values are written straight into the caches, which the products below
// then read: XNNPACK runs nodes in the order in which they were defined.
Value Attention(GraphBuilder& graph, const AttentionContext& context, size_t index,
                const Layer& layer, const Value& input) {
  const size_t rows = context.step.rows, length = context.step.context;
  const size_t heads = context.dims.heads, head = context.dims.head;
  const Value new_keys = graph.External({1, rows, 1, head}, LayerId(index, kNewKeys),
                                        XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
  const Value new_values =
      graph.External({rows, head}, LayerId(index, kNewValues), XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
  const Value keys =
      graph.External({1, length, head}, LayerId(index, kKeys), XNN_VALUE_FLAG_EXTERNAL_INPUT);
  const Value values =
      graph.External({1, length, head}, LayerId(index, kValues), XNN_VALUE_FLAG_EXTERNAL_INPUT);

  const Quantised quantised = graph.Quantise(input, /*pack_for_int4=*/false);
  const Value key = graph.FullyConnected(quantised, layer.key);
  graph.Rotary(graph.Reshape(key, {1, rows, 1, head}), context.rotary, &new_keys);
  graph.FullyConnected(quantised, layer.value, &new_values);
  const Value query = graph.FullyConnected(quantised, layer.query);
  const Value turned =
      graph.Rotary(graph.Reshape(query, {1, rows, heads, head}), context.rotary);
  const Value scaled = graph.Binary(xnn_binary_multiply, turned,
                                    graph.Scalar(1.0f / std::sqrt(static_cast<float>(head))));

  // With one key/value head, every query head of every row is just one more row of the product.
  const Value scores =
      graph.MatMul(graph.Reshape(scaled, {1, rows * heads, head}), keys, /*transpose_b=*/true);
  const Value masked = graph.Binary(
      xnn_binary_add, graph.Reshape(scores, {rows, heads, length}), context.mask);
  const Value shares = graph.Reshape(graph.Softmax(masked), {1, rows * heads, length});
  const Value attended = graph.MatMul(shares, values, /*transpose_b=*/false);
  const Value joined = graph.Reshape(attended, {rows, heads * head});
  return graph.FullyConnected(graph.Quantise(joined, /*pack_for_int4=*/false), layer.output);
}

Value FeedForward(GraphBuilder& graph, const Layer& layer, const Value& input) {
  const Quantised quantised = graph.Quantise(input, layer.gate.bits == 4);
  const Value gate = graph.Unary(xnn_unary_gelu, graph.FullyConnected(quantised, layer.gate));
  const Value up = graph.FullyConnected(quantised, layer.up);
  const Value gated = graph.Binary(xnn_binary_multiply, gate, up);
  return graph.FullyConnected(graph.Quantise(gated, layer.down.bits == 4), layer.down);
}

}  // namespace

Model::Model(const Dims& dims, Variant variant, uint64_t seed, size_t num_threads)
    : weights_(MakeWeights(dims, variant, seed)), threads_(pthreadpool_create(num_threads)) {
  if (threads_ == nullptr) {
    throw std::runtime_error("cannot create " + std::to_string(num_threads) + " threads");
  }
}

Session::Session(Model& model, const Step& step, const Inputs& inputs, bool tapped)
    : model_(model), step_(step), inputs_(inputs) {
  const Dims& dims = model.weights_.dims;
  rotary_ = MakeRotaryTable(step.first(), step.rows, dims.head);
  mask_ = MakeMask(step);
  output_.resize(output_size() + kReadSlack / sizeof(float));

  constexpr uint32_t kLinearsPerLayer = 7;
  GraphBuilder graph(LayerId(dims.layers, kNewKeys),
                     tapped ? kLinearsPerLayer * static_cast<uint32_t>(dims.layers) : 0);
  Value stream =
      graph.External({step.rows, dims.model}, kTokens, XNN_VALUE_FLAG_EXTERNAL_INPUT);
  Bind(kTokens, inputs_.tokens.data());
  const AttentionContext context{
      dims, step_, graph.Constant({step.rows, dims.head}, rotary_.data()),
      graph.Constant({step.rows, 1, step.context}, mask_.data())};
  for (size_t i = 0; i < dims.layers; ++i) {
    const Layer& layer = model.weights_.layers[i];
    const Value attended = Attention(graph, context, i, layer,
                                     RmsNorm(graph, stream, layer.attention_norm));
    stream = graph.Binary(xnn_binary_add, stream, attended);
    const Value ffn = FeedForward(graph, layer, RmsNorm(graph, stream, layer.ffn_norm));
    stream = graph.Binary(xnn_binary_add, stream, ffn);

    float* const keys = inputs_.keys[i].data();
    float* const values = inputs_.values[i].data();
    Bind(LayerId(i, kNewKeys), keys + step.first() * dims.head);
    Bind(LayerId(i, kNewValues), values + step.first() * dims.head);
    Bind(LayerId(i, kKeys), keys);
    Bind(LayerId(i, kValues), values);
  }
  const Value out = graph.External(stream.shape, kOutput, XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
  graph.Copy(stream, out);
  Bind(kOutput, output_.data());
  scalars_ = graph.TakeScalars();
  taps_ = graph.TakeTaps();
  bound_.insert(bound_.end(), graph.tap_bindings().begin(), graph.tap_bindings().end());

  xnn_workspace_t workspace = nullptr;
  LLM_BLOCK_CHECK(xnn_create_workspace(&workspace));
  workspace_.reset(workspace);
  xnn_runtime_t runtime = nullptr;
  LLM_BLOCK_CHECK(xnn_create_runtime_v4(graph.subgraph(), model.packed_.provider(), workspace,
                                        model.threads_.get(), /*flags=*/0, &runtime));
  runtime_.reset(runtime);
  LLM_BLOCK_CHECK(xnn_reshape_runtime(runtime));
  LLM_BLOCK_CHECK(xnn_setup_runtime_v2(runtime, bound_.size(), bound_.data()));
}

void Session::Invoke() { LLM_BLOCK_CHECK(xnn_invoke_runtime(runtime_.get())); }

}  // namespace llm_block
