#include "xnnpack/gemm.h"

int xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x8c4__neondot(int rows) { return rows * 4; }
