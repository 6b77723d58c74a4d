#include "xnnpack/gemm.h"

static const struct xnn_gemm_config config = {
#if XNN_ENABLE_ARM_I8MM
    "4x8c8__neoni8mm",
    xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x8c8__neoni8mm,
#else
    "4x8c4__neondot",
    xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x8c4__neondot,
#endif
};

const struct xnn_gemm_config* xnn_init_gemm_config(void) { return &config; }
