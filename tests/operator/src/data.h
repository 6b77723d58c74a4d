// The numbers of a case, and what plain arithmetic makes of them.
#ifndef XNNKIT_TESTS_OPERATOR_DATA_H_
#define XNNKIT_TESTS_OPERATOR_DATA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "case.h"
#include "operators.h"
#include "pages.h"

namespace operator_check {

// The weights as they are handed to XNNPACK, each array exactly as long as it has to be.
//
// An int4 row has an even number of weights: one of an odd length ends with a weight that is the
// zero point. XNNPACK multiplies it with whatever byte follows the row of inputs, so no other value
// would have a defined result. Transposed int4 weights are one stream of nibbles without any
// padding between the rows, with one more row of zero points if their number is odd.
class LayerData {
 public:
  LayerData(const Case& c, uint8_t junk);

  Layer layer(const Case& c) const;
  int weight(size_t output, size_t input) const { return values_[output * inputs_ + input]; }
  double scale(size_t output) const { return scale_.as<float>()[output]; }
  double bias(size_t output) const { return has_bias_ ? bias_.as<float>()[output] : 0.0; }
  void set_limits(float low, float high) {
    low_ = low;
    high_ = high;
  }
  double low() const { return low_; }
  double high() const { return high_; }

  void Forbid();
  void Thaw();
  void CheckMargins() const;

  Buffer& kernel() { return kernel_; }
  Buffer& scales() { return scale_; }
  Buffer& biases() { return bias_; }

 private:
  void StoreInt4(const Case& c);

  size_t inputs_;
  bool has_bias_;
  std::vector<int8_t> values_;
  Buffer kernel_;
  Buffer scale_;
  Buffer bias_;
  float low_;
  float high_;
};

// One batch: int8 rows with their scales and zero points, and where the outputs go.
class BatchData {
 public:
  // Makes the rows; `pool` is for XNNPACK's conversion. `index` tells batches of a case apart.
  BatchData(const Case& c, size_t index, uint8_t junk, pthreadpool_t pool);

  // What each output must be: `value` before clamping, and `size`, the sum of the magnitudes of the
  // two terms that it is made of, scaled product and bias. Float32 arithmetic rounds each of them
  // by parts of `size`, so that is what an error is measured against. Their sum itself would not
  // do: it can be near zero where neither of them is.
  struct Expected {
    double value;
    double size;
  };
  std::vector<Expected> Compute(const Case& c, const LayerData& layer) const;

  size_t batch() const { return batch_; }
  int8_t* input() const { return input_.as<int8_t>(); }
  Quantization* rows() const { return rows_.as<Quantization>(); }
  float* output() const { return output_.as<float>(); }
  Buffer& input_buffer() { return input_; }
  Buffer& rows_buffer() { return rows_; }
  Buffer& output_buffer() { return output_; }

 private:
  size_t batch_;
  Buffer input_;
  Buffer rows_;
  Buffer output_;
};

// Bytes of a batch's outputs: the last row ends with its last output, whatever the stride.
size_t OutputBytes(const Case& c, size_t batch);

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_DATA_H_
