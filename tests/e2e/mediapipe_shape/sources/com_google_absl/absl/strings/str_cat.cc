#include "absl/strings/str_cat.h"

namespace absl {
std::string StrCat(const std::string& a, const std::string& b) { return a + b; }
}  // namespace absl
