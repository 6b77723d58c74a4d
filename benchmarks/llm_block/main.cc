// Gemma-2B decoder blocks on XNNPACK, timed, or compared with a plain reference.
//
// Exit codes: 0 fine, 1 outside the tolerance, 2 wrong usage, 3 XNNPACK cannot do it here.

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "bench.h"
#include "benchmark/benchmark.h"
#include "flags.h"
#include "verify.h"
#include "xnn.h"

namespace {

enum ExitCode { kFine = 0, kFinding = 1, kUsage = 2, kEnvironment = 3 };

void PrintHelp() {
  std::printf(
      "llm_block: Gemma-2B decoder blocks with int8 and int4 weights on XNNPACK.\n\n%s\n"
      "Google Benchmark's own flags, for timing:\n\n",
      llm_block::FlagsHelp().c_str());
  benchmark::PrintDefaultHelp();
}

int Run(const llm_block::Flags& flags) {
  LLM_BLOCK_CHECK(xnn_initialize(/*allocator=*/nullptr));
  if (flags.verify) return llm_block::Verify(flags) ? kFine : kFinding;
  if (llm_block::RunBenchmarks(flags)) return kFine;
  std::fprintf(stderr, "llm_block: --benchmark_filter selects no benchmark\n");
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv, PrintHelp);  // takes its own flags out of argv
  llm_block::Flags flags;
  try {
    flags = llm_block::ParseFlags(argc, argv);
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "llm_block: %s\n", error.what());
    return kUsage;
  }
  int code = kEnvironment;
  try {
    code = Run(flags);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "llm_block: %s\n", error.what());
  }
  benchmark::Shutdown();
  return code;
}
