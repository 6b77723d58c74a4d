// Registers the benchmarks with Google Benchmark and runs them.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_BENCH_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_BENCH_H_

#include "flags.h"

namespace llm_block {

// Runs what Google Benchmark's filter selects. False when that is nothing.
bool RunBenchmarks(const Flags& flags);

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_BENCH_H_
