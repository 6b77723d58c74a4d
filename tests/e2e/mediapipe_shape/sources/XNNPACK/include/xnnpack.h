#pragma once
#ifdef __cplusplus
extern "C" {
#endif
const char* xnn_release(void);
const char* xnn_gemm_kernel(void);
int xnn_gemm(int rows);
#ifdef __cplusplus
}
#endif
