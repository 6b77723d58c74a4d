#include "pthreadpool.h"
#include "xnnpack.h"
#include "xnnpack/gemm.h"

const char* xnn_release(void) { return "of June"; }

const char* xnn_gemm_kernel(void) { return xnn_init_gemm_config()->name; }

int xnn_gemm(int rows) {
  return 1000 * xnn_init_gemm_config()->function(pthreadpool_tiles(xnn_hardware_rows(rows)));
}
