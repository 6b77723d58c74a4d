// XNNPACK's public operator API, for int4 and int8 weights alike.
#ifndef XNNKIT_TESTS_OPERATOR_OPERATORS_H_
#define XNNKIT_TESTS_OPERATOR_OPERATORS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "case.h"
#include "pthreadpool.h"
#include "xnnpack.h"

namespace operator_check {

// The struct of a row's scale and zero point was renamed between the versions that this is for.
template <typename T>
T QuantizationOf(xnn_status (*)(xnn_operator_t, const float*, int8_t*, T*));
using Quantization = decltype(QuantizationOf(&xnn_setup_convert_nc_f32_qd8));

struct DeleteOperator {
  void operator()(xnn_operator* op) const { xnn_delete_operator(op); }
};
struct DeletePool {
  void operator()(pthreadpool* pool) const { pthreadpool_destroy(pool); }
};
using Operator = std::unique_ptr<xnn_operator, DeleteOperator>;
using Pool = std::unique_ptr<pthreadpool, DeletePool>;

const char* Name(xnn_status status);

// The weights of a fully-connected operator, and its limits.
struct Layer {
  const void* kernel;
  const float* scale;
  const float* bias;  // null for none
  float low;
  float high;
};

xnn_status Create(const Case& c, const Layer& layer, xnn_weights_cache_t cache, Operator* op);
xnn_status Reshape(const Case& c, xnn_operator_t op, size_t batch, pthreadpool_t pool);
xnn_status Setup(const Case& c, xnn_operator_t op, const int8_t* input, float* output,
                 const Quantization* rows);

// Floats to int8 rows, by XNNPACK's own operator. Throws Finding if it does not work.
void Convert(const Case& c, size_t batch, const float* input, int8_t* output, Quantization* rows,
             pthreadpool_t pool);

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_OPERATORS_H_
