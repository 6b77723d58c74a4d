// This program's own command line. Google Benchmark takes its flags out first.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_FLAGS_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_FLAGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shape.h"

namespace llm_block {

struct Flags {
  Dims dims;
  Method method = Method::kDecode;
  std::vector<size_t> seq_lens = {64, 512, 1024};
  size_t num_threads = 4;
  uint64_t seed = 1;
  bool verify = false;
  double linear_tolerance = 0.001;  // of each fully connected layer, given XNNPACK's activations
  double tolerance = 0.03;          // of the output, against the reference with int8 activations
  double float_tolerance = 0.06;    // of the output, against the one with float activations
};

// Reads argv[1] ... argv[argc - 1]. Throws std::invalid_argument with a message that names the
// argument and says what is legal. With --verify, sizes that are not given are small ones, so
// that the plain reference takes seconds.
Flags ParseFlags(int argc, const char* const* argv);

// The flags, a line each, with their defaults.
std::string FlagsHelp();

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_FLAGS_H_
