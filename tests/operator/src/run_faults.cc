// What --inject does: each mistake that an operator could make, made in its place.
#include <cmath>
#include <cstring>
#include <limits>

#include "run.h"

namespace operator_check {
namespace {

// The compiler must not leave the access out.
uint8_t Touch(const uint8_t* at) { return *const_cast<const volatile uint8_t*>(at); }
void Spoil(uint8_t* at) {
  volatile uint8_t* byte = at;
  *byte = static_cast<uint8_t>(*byte ^ 0x11);
}

}  // namespace

Layer Run::PutInLayerFault(Layer layer) {
  if (fault_ != Fault::kScale) return layer;
  wrong_scales_.assign(layer.scale, layer.scale + c_.outputs);
  wrong_scales_[c_.outputs / 2] *= 1.00001f;
  layer.scale = wrong_scales_.data();
  return layer;
}

xnn_status Run::PutInStatusFault(xnn_status status) const {
  if (status != xnn_status_out_of_memory || starved_) return status;
  if (fault_ == Fault::kStarvedLeak) heap_.Allocate(16, 16);
  if (fault_ == Fault::kStatus) return xnn_status_invalid_state;
  if (fault_ == Fault::kSwallowed) return xnn_status_success;
  return status;
}

void Run::PutInOutputFault(BatchData& batch, size_t index) {
  if (batch.batch() == 0) return;
  float* output = batch.output();
  Buffer& buffer = batch.output_buffer();
  float& last = output[buffer.bytes() / sizeof(float) - 1];
  const auto& expected = expected_[index];
  switch (fault_) {
    case Fault::kOutput:
      last += static_cast<float>(1e-5 * expected.back().size);
      break;
    case Fault::kMissing:
      last = std::numeric_limits<float>::quiet_NaN();
      break;
    case Fault::kClamp:
      for (size_t i = 0; i < expected.size(); ++i) {
        if (expected[i].value <= layer_.high()) continue;
        const size_t row = i / c_.outputs;
        output[row * c_.output_stride() + i % c_.outputs] = static_cast<float>(expected[i].value);
        break;
      }
      break;
    case Fault::kGap:
      Spoil(c_.output_gap > 0 && batch.batch() > 1 ? buffer.data() + c_.outputs * sizeof(float)
                                                   : buffer.data() - 1);
      break;
    case Fault::kOutputEnd:
      Spoil(buffer.data() + buffer.bytes());
      break;
    case Fault::kJunk: {
      auto* block = static_cast<uint8_t*>(heap_.Allocate(16, 1));
      if (*block % 2 == 1) last = std::nextafter(last, 0.0f);
      heap_.Free(block);
      break;
    }
    default:
      break;
  }
}

void Run::PutInAccessFault(BatchData& batch) {
  Buffer& input = batch.input_buffer();
  Buffer& rows = batch.rows_buffer();
  switch (fault_) {
    case Fault::kInputEnd:
      Touch(input.data() + input.bytes());
      break;
    case Fault::kRowsEnd:
      Touch(rows.data() + rows.bytes());
      break;
    case Fault::kInputWritten:
      Spoil(input.data());
      break;
    case Fault::kKernelLate:
      Touch(static_cast<const uint8_t*>(layer_.layer(c_).kernel));
      break;
    case Fault::kHang:
      for (volatile bool forever = true; forever;) {
      }
      break;
    default:
      break;
  }
}

void Run::PutInMemoryFault() {
  if (fault_ < Fault::kBlockEnd || fault_ > Fault::kTwice) return;
  constexpr size_t kBytes = 4099;
  auto* block = static_cast<uint8_t*>(heap_.Allocate(16, kBytes));
  if (fault_ == Fault::kBlockEnd) Spoil(block + kBytes);
  if (fault_ == Fault::kBlockFar) Touch(block + kBytes + 16);
  if (fault_ == Fault::kBlockBefore) Touch(block - 1);
  if (fault_ == Fault::kBlockPast) Touch(block + kBytes);
  if (fault_ == Fault::kLeak) return;
  heap_.Free(block);
  if (fault_ == Fault::kBlockLate) Touch(block);
  if (fault_ == Fault::kTwice) heap_.Free(block);
}

}  // namespace operator_check
