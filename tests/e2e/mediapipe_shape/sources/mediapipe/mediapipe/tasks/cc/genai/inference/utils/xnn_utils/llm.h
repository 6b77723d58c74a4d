#pragma once
#include <string>
std::string Describe(int rows);
