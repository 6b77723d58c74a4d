// A case in a process of its own, so that a crash is a finding like any other.
#ifndef XNNKIT_TESTS_OPERATOR_ISOLATE_H_
#define XNNKIT_TESTS_OPERATOR_ISOLATE_H_

#include <string>

#include "case.h"
#include "check.h"
#include "faults.h"

namespace operator_check {

struct Outcome {
  std::string finding;  // empty: all is well
  Seen seen;
};

// `seconds` is how long it may take. `quiet`: what the library prints is dropped.
Outcome Isolated(const Case& c, Fault fault, unsigned seconds, bool quiet);

// The simplest case that still has a finding, found by trying `tries` others at most.
Case Shrink(const Case& failing, Fault fault, unsigned seconds, size_t tries);

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_ISOLATE_H_
