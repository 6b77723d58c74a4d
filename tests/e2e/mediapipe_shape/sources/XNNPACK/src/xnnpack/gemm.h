#pragma once
typedef int (*xnn_gemm_function)(int rows);
struct xnn_gemm_config {
  const char* name;
  xnn_gemm_function function;
};
const struct xnn_gemm_config* xnn_init_gemm_config(void);
int xnn_hardware_rows(int rows);
int xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x8c4__neondot(int rows);
int xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x8c8__neoni8mm(int rows);
