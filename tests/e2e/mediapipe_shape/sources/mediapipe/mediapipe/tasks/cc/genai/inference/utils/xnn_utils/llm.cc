#include "mediapipe/tasks/cc/genai/inference/utils/xnn_utils/llm.h"

#include "mediapipe/framework/port/logging.h"
#include "xnnpack.h"

std::string Describe(int rows) {
  return LogLine(std::string("XNNPACK ") + xnn_release() + ", " + xnn_gemm_kernel() + ", " +
                 std::to_string(xnn_gemm(rows)));
}
