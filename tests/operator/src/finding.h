// What a check throws when it finds something.
#ifndef XNNKIT_TESTS_OPERATOR_FINDING_H_
#define XNNKIT_TESTS_OPERATOR_FINDING_H_

#include <stdexcept>
#include <string>

namespace operator_check {

class Finding : public std::runtime_error {
 public:
  explicit Finding(const std::string& what) : std::runtime_error(what) {}
};

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_FINDING_H_
