#include "mediapipe/framework/port/logging.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "mediapipe/gpu/gpu.h"

#if __cplusplus < 201703L
#error the profile's settings ask for C++17
#endif

std::string LogLine(const std::string& text) {
  return absl::StrCat(google::Severity(), absl::StrCat(": ", text));
}
