#include "check.h"

#include <cstdint>
#include <string>
#include <vector>

#include "finding.h"
#include "run.h"

namespace operator_check {
namespace {

// What memory is full of before anything is written to it. As a float, the second is not a number.
constexpr uint8_t kJunk[] = {0x5a, 0xff};
constexpr size_t kMostAllocations = 500;

void Starve(Run& run, const std::vector<uint8_t>& wanted) {
  for (size_t n = 1;; ++n) {
    if (n > kMostAllocations) {
      throw Finding("it allocates more than " + std::to_string(kMostAllocations) + " times");
    }
    const std::vector<uint8_t> bytes = run.Go(n);
    if (bytes != wanted) {
      throw Finding("with allocation " + std::to_string(n) + " failing once, outputs differ");
    }
    if (!run.starved()) return;
  }
}

}  // namespace

Seen Check(const Case& c, Fault fault) {
  Seen seen;
  std::vector<uint8_t> first;
  for (const uint8_t junk : kJunk) {
    Run run(c, fault, junk, &seen);
    const std::vector<uint8_t> bytes = run.Go(0);
    if (junk == kJunk[0]) {
      first = bytes;
    } else if (bytes != first) {
      throw Finding("outputs depend on what was in the memory before");
    }
    if (c.starved && junk == kJunk[1]) Starve(run, bytes);
  }
  return seen;
}

}  // namespace operator_check
