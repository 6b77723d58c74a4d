#include "xnnpack/gemm.h"

int xnn_hardware_rows(int rows) { return rows; }
