#include <cstdio>

#include "mediapipe/tasks/cc/genai/inference/utils/xnn_utils/llm.h"
#include "xnnpack.h"

int main(int argc, char**) {
  std::printf("%s\n", Describe(argc * 10).c_str());
  return xnn_gemm(0) == 0 ? 0 : 1;
}
