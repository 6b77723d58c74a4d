#pragma once
namespace google {
const char* Severity();
}
