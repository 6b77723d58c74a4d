#include "fixed_weights.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "xnnpack.h"

namespace model_check {
namespace {

using xnn_utils::QCTensor;
using xnn_utils::Tensor;

// SplitMix64, seeded by the name.
class Stream {
 public:
  explicit Stream(absl::string_view name) {
    for (char c : name) {
      state_ ^= static_cast<uint8_t>(c);
      state_ *= UINT64_C(0x100000001b3);
    }
  }
  uint64_t Next() {
    state_ += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
  }
  float Real(float low, float high) {
    return low + (high - low) * (static_cast<float>(Next() >> 40) * 0x1p-24f);
  }

 private:
  uint64_t state_ = UINT64_C(0xcbf29ce484222325);
};

bool IsInt4(absl::string_view name) {
  return absl::StrContains(name, "ff_layer.ffn_layer1") ||
         absl::StrContains(name, "ff_layer.ffn_layer2") ||
         absl::StrContains(name, "softmax.logits_ffn");
}

}  // namespace

absl::StatusOr<std::shared_ptr<Tensor>> FixedWeights::LoadWeight(absl::string_view name,
                                                                 Tensor::DimsType dims,
                                                                 size_t scaled_dim) const {
  Stream stream(name);
  if (!absl::StrContains(name, ".w")) {
    auto tensor = std::make_shared<Tensor>(dims, xnn_datatype_fp32);
    std::vector<float> values(tensor->num_elements);
    for (float& value : values) value = stream.Real(-0.2f, 0.2f);
    const absl::Status loaded = tensor->LoadFromBuffer(values.data());
    if (!loaded.ok()) return loaded;
    return tensor;
  }
  const bool int4 = mixed_ && IsInt4(name);
  const size_t channels = dims[scaled_dim];
  auto tensor = std::make_shared<QCTensor>(std::move(dims), scaled_dim,
                                           int4 ? xnn_datatype_qcint4 : xnn_datatype_qcint8);
  // Every byte of an int4 tensor is two weights; zero, as int8 or as the pair 8 and 8, is as likely
  // as any other value.
  std::string bytes(int4 ? (tensor->num_elements + 1) / 2 : tensor->num_elements, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(static_cast<uint8_t>(stream.Next() >> 56));
    if (!int4 && byte == '\x80') byte = '\x81';
  }
  const absl::Status loaded = tensor->LoadFromBuffer(bytes.data());
  if (!loaded.ok()) return loaded;
  // About one in size for a row of inputs of size one, so that nothing overflows or fades away.
  const float inputs = static_cast<float>(tensor->num_elements / channels);
  const float unit = 1.0f / ((int4 ? 4.6f : 73.6f) * std::sqrt(inputs));
  auto scales = std::make_shared<std::vector<float>>(channels);
  for (float& scale : *scales) scale = unit * stream.Real(0.7f, 1.4f);
  tensor->scale_data = std::shared_ptr<float>(scales, scales->data());
  return tensor;
}

absl::StatusOr<std::shared_ptr<Tensor>> FixedWeights::LoadTransposedWeight(
    absl::string_view name, Tensor::DimsType dims, size_t scaled_dim) const {
  return LoadWeight(name, Tensor::DimsType(dims.rbegin(), dims.rend()), 1 - scaled_dim);
}

}  // namespace model_check
