// What is computed: the sizes of the block, which weights it has, and which step is timed.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_SHAPE_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_SHAPE_H_

#include <cstddef>

namespace llm_block {

// Sizes of one decoder block. The defaults are Gemma-2B's.
struct Dims {
  size_t model = 2048;    // width of the residual stream
  size_t hidden = 16384;  // width inside the feed-forward network
  size_t heads = 8;       // query heads; they share one key/value head
  size_t head = 256;      // channels of a head
  size_t layers = 1;      // blocks in a row

  size_t query_width() const { return heads * head; }
};

// How the feed-forward weights are stored. Attention weights are int8 in both.
enum class Variant { kQcInt8, kMixedInt48 };

// Encode: all tokens of a prompt in one pass. Decode: one token after a context.
enum class Method { kEncode, kDecode };

inline const char* BenchmarkName(Variant variant) {
  return variant == Variant::kQcInt8 ? "BM_Llm_QCINT8" : "BM_Llm_Mixed_INT48";
}

inline const char* MethodName(Method method) {
  return method == Method::kEncode ? "encode" : "decode";
}

// One invocation: `rows` new tokens that see `context` tokens, themselves included.
struct Step {
  size_t rows;
  size_t context;

  // Position of the first new token.
  size_t first() const { return context - rows; }
};

inline Step MakeStep(Method method, size_t tokens) {
  return {method == Method::kEncode ? tokens : size_t{1}, tokens};
}

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_SHAPE_H_
