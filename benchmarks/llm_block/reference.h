// The block computed plainly, in double precision, from the same weights and inputs.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_REFERENCE_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_REFERENCE_H_

#include <vector>

#include "shape.h"
#include "weights.h"

namespace llm_block {

// What goes into a fully connected layer.
enum class Activations {
  kFloat,        // the activations as they are: what a float model with these weights would do
  kDynamicInt8,  // rounded to int8 row by row, as XNNPACK's dynamic quantisation does
};

// One fully connected layer: `input` holds rows of linear.inputs, the result as many of
// linear.outputs.
std::vector<double> ReferenceLinear(const Linear& linear, const std::vector<double>& input,
                                    Activations activations);

// The block's output, [rows][model].
std::vector<double> Reference(const Weights& weights, const Step& step, const Inputs& inputs,
                              Activations activations);

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_REFERENCE_H_
