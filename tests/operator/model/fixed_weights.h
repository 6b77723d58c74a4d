// Weights that follow from a tensor's name alone, whatever the flavour, the compiler or the address
// of anything is: two builds of the model compute the same thing, up to rounding.
#ifndef XNNKIT_TESTS_OPERATOR_MODEL_FIXED_WEIGHTS_H_
#define XNNKIT_TESTS_OPERATOR_MODEL_FIXED_WEIGHTS_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mediapipe/tasks/cc/genai/inference/utils/xnn_utils/xnn_tensor.h"

namespace model_check {

namespace xnn_utils = ::mediapipe::tasks::genai::xnn_utils;

class FixedWeights : public xnn_utils::WeightAccessor {
 public:
  // `mixed`: int4 for the feed-forward layers and the logits, as llm_test's BM_Llm_Mixed_INT48 has
  // them, and int8 for all others; else int8 for all.
  explicit FixedWeights(bool mixed) : mixed_(mixed) {}

  absl::StatusOr<std::shared_ptr<xnn_utils::Tensor>> LoadWeight(absl::string_view name,
                                                                xnn_utils::Tensor::DimsType dims,
                                                                size_t scaled_dim) const override;
  absl::StatusOr<std::shared_ptr<xnn_utils::Tensor>> LoadTransposedWeight(
      absl::string_view name, xnn_utils::Tensor::DimsType dims, size_t scaled_dim) const override;

 private:
  bool mixed_;
};

}  // namespace model_check

#endif  // XNNKIT_TESTS_OPERATOR_MODEL_FIXED_WEIGHTS_H_
