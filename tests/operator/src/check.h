// One case, from making the operator to deleting it, with everything looked at on the way.
#ifndef XNNKIT_TESTS_OPERATOR_CHECK_H_
#define XNNKIT_TESTS_OPERATOR_CHECK_H_

#include <cstddef>

#include "case.h"
#include "faults.h"

namespace operator_check {

// An output may be wrong by this part of the sum of its terms' magnitudes (BatchData::Expected).
constexpr double kTolerance = 1e-6;

struct Seen {
  double worst = 0.0;      // the largest such part that was seen
  size_t outputs = 0;      // how many were compared
  size_t allocations = 0;  // of the operators and their weights
  size_t starvations = 0;  // how often an allocation was made to fail
};

// Throws Finding. A fault of memory ends the process instead: see ReportFaultsTo.
Seen Check(const Case& c, Fault fault);

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_CHECK_H_
