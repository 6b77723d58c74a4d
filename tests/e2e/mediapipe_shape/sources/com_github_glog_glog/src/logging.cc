#include "glog/logging.h"

namespace google {
const char* Severity() { return "INFO"; }
}  // namespace google
