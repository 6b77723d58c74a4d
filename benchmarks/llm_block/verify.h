// Compares what XNNPACK computes with the plain reference.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_VERIFY_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_VERIFY_H_

#include "flags.h"

namespace llm_block {

// Runs both variants and both methods at every length of the flags and prints one JSON object a
// line on stdout. True when every case is within both tolerances.
bool Verify(const Flags& flags);

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_VERIFY_H_
