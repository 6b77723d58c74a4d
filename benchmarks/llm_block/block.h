// Decoder blocks on XNNPACK: a model (weights, packed once) and its sessions (one shape each).
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_BLOCK_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph.h"
#include "shape.h"
#include "weights.h"
#include "xnn.h"

namespace llm_block {

// Weights of one variant, the threads that compute, and everything sessions share.
class Model {
 public:
  Model(const Dims& dims, Variant variant, uint64_t seed, size_t num_threads);

  const Weights& weights() const { return weights_; }

 private:
  friend class Session;

  Weights weights_;
  ThreadPool threads_;
  PackedWeights packed_;
};

// One runtime for one step, with its buffers: ready to be invoked any number of times. Every
// invocation reads the same inputs and writes the same cache rows, so each gives the same output.
// The model must outlive it.
class Session {
 public:
  // `tapped`: copy what goes into and out of every fully connected layer. Costs time; the output
  // stays the same.
  Session(Model& model, const Step& step, const Inputs& inputs, bool tapped = false);

  void Invoke();

  const float* output() const { return output_.data(); }
  size_t output_size() const { return step_.rows * model_.weights_.dims.model; }
  const std::vector<Tap>& taps() const { return taps_; }

 private:
  void Bind(uint32_t id, void* data) { bound_.push_back({id, data}); }

  Model& model_;
  Step step_;
  Inputs inputs_;
  std::vector<float> rotary_;
  std::vector<float> mask_;
  std::vector<float> output_;
  std::vector<std::unique_ptr<float[]>> scalars_;
  std::vector<Tap> taps_;
  std::vector<xnn_external_value> bound_;
  Workspace workspace_;
  Runtime runtime_;
};

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_BLOCK_H_
