#pragma once
#include <string>
std::string LogLine(const std::string& text);
