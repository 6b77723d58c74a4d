#pragma once
#include <string>
namespace absl {
std::string StrCat(const std::string& a, const std::string& b);
}
