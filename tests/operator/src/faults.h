// Faults that are put in on purpose (--inject), to see that the checks find them.
#ifndef XNNKIT_TESTS_OPERATOR_FAULTS_H_
#define XNNKIT_TESTS_OPERATOR_FAULTS_H_

#include <cstddef>
#include <iterator>
#include <string>

namespace operator_check {

enum class Fault {
  kNone,
  kScale,         // one channel's scale is 1e-5 too large
  kOutput,        // one output is off by 1e-5 of its terms
  kMissing,       // the last output is not written
  kClamp,         // one output is above the limit
  kGap,           // a byte before the outputs, or between their rows, is written
  kOutputEnd,     // a byte past the outputs is written
  kInputEnd,      // a byte past what may be read of the inputs is read
  kRowsEnd,       // an entry past what may be read of the rows' scales is read
  kInputWritten,  // the inputs are written
  kKernelLate,    // the kernel is read after the operator was made
  kBlockEnd,      // a byte past an allocated block is written
  kBlockFar,      // a byte far past it is read
  kBlockBefore,   // the byte before it is read: only AddressSanitizer can see that
  kBlockPast,     // the byte past it is read, which alignment keeps from the pages: it, too
  kBlockLate,     // a freed block is read
  kLeak,          // a block is not freed
  kTwice,         // a block is freed twice
  kJunk,          // an output depends on what was in the memory before
  kStatus,        // a failed allocation is reported as another mistake
  kSwallowed,     // a failed allocation is reported as success
  kStarvedLeak,   // a block is lost when an allocation fails
  kHang,          // it does not end
};

constexpr const char* kFaults[] = {
    "none",          "scale",       "output",     "missing",       "clamp",
    "gap",           "output-end",  "input-end",  "rows-end",      "input-written",
    "kernel-late",   "block-end",   "block-far",  "block-before",  "block-past",
    "block-late",    "leak",        "twice",      "junk",          "status",
    "swallowed",     "starved-leak", "hang",
};
constexpr size_t kFaultCount = std::size(kFaults);

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_FAULTS_H_
