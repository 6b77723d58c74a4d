// Stands in for tflite_weight_accessor.cc where TensorFlow Lite is not built in: whoever loads
// weights from a TFLite file gets an error that says so.

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "mediapipe/tasks/cc/genai/inference/utils/xnn_utils/tflite_weight_accessor.h"
#include "mediapipe/tasks/cc/genai/inference/utils/xnn_utils/xnn_tensor.h"

namespace mediapipe::tasks::genai::xnn_utils {

namespace {

absl::Status NotBuiltIn(absl::string_view tensor_name) {
  return absl::UnimplementedError(absl::StrCat(
      "cannot load ", tensor_name, ": TFLite weights are not built in; set the build flag "
      "//mediapipe/tasks/cc/genai/inference/utils/xnn_utils:with_tflite_weights"));
}

}  // namespace

TfLiteWeightAccessor::TfLiteWeightAccessor(std::shared_ptr<const tflite::Model> model, char*)
    : tflite_model_(model) {}

TfLiteWeightAccessor::TfLiteWeightAccessor(absl::string_view) {}

absl::StatusOr<std::shared_ptr<Tensor>> TfLiteWeightAccessor::LoadWeight(
    absl::string_view tensor_name, Tensor::DimsType, size_t) const {
  return NotBuiltIn(tensor_name);
}

absl::StatusOr<std::shared_ptr<Tensor>> TfLiteWeightAccessor::LoadTransposedWeight(
    absl::string_view tensor_name, Tensor::DimsType, size_t) const {
  return NotBuiltIn(tensor_name);
}

}  // namespace mediapipe::tasks::genai::xnn_utils
