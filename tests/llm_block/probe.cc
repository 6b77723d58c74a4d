// Prints facts about the parts of llm_block that do not need XNNPACK, for test_units.py.
//
//   probe flags ARGUMENT...                            the parsed flags as JSON; refused: exit 2
//   probe weights MODEL HIDDEN HEADS HEAD BITS SEED    the weights' checksum
//   probe noise COUNT SEED NAME                        the floats, a line each
//   probe linear BITS OUTPUTS INPUTS SEED HOW ROWS     a layer applied to MakeNoise, a line a float

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "flags.h"
#include "reference.h"
#include "weights.h"

namespace {

using namespace llm_block;

size_t Number(const char* text) { return std::strtoull(text, nullptr, 10); }

int PrintFlags(int argc, char** argv) {
  try {
    const Flags flags = ParseFlags(argc, argv);
    std::string lengths;
    for (size_t n : flags.seq_lens) lengths += (lengths.empty() ? "" : ",") + std::to_string(n);
    std::printf(
        "{\"model\":%zu,\"hidden\":%zu,\"heads\":%zu,\"head\":%zu,\"layers\":%zu,"
        "\"method\":\"%s\",\"seq_lens\":[%s],\"num_threads\":%zu,\"seed\":%llu,\"verify\":%s}\n",
        flags.dims.model, flags.dims.hidden, flags.dims.heads, flags.dims.head, flags.dims.layers,
        MethodName(flags.method), lengths.c_str(), flags.num_threads,
        static_cast<unsigned long long>(flags.seed), flags.verify ? "true" : "false");
    return 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

int PrintWeights(char** argv) {
  Dims dims;
  dims.model = Number(argv[0]);
  dims.hidden = Number(argv[1]);
  dims.heads = Number(argv[2]);
  dims.head = Number(argv[3]);
  const Variant variant = Number(argv[4]) == 4 ? Variant::kMixedInt48 : Variant::kQcInt8;
  std::puts(Hex(Checksum(MakeWeights(dims, variant, Number(argv[5])))).c_str());
  return 0;
}

int PrintNoise(char** argv) {
  const size_t count = Number(argv[0]);
  const std::vector<float> noise = MakeNoise(count, Number(argv[1]), argv[2]);
  for (size_t i = 0; i < count; ++i) std::printf("%.17g\n", static_cast<double>(noise[i]));
  return 0;
}

// The first layer's gate is a layer of any size and either kind of weights.
int PrintLinear(char** argv) {
  Dims dims;
  const int bits = static_cast<int>(Number(argv[0]));
  dims.hidden = Number(argv[1]);
  dims.model = Number(argv[2]);
  dims.heads = 1;
  dims.head = 32;
  const size_t seed = Number(argv[3]);
  const bool plain = std::strcmp(argv[4], "float") == 0;
  const Weights weights =
      MakeWeights(dims, bits == 4 ? Variant::kMixedInt48 : Variant::kQcInt8, seed);
  const size_t count = Number(argv[5]) * dims.model;
  const std::vector<float> noise = MakeNoise(count, seed, "tokens");
  const std::vector<double> input(noise.begin(),
                                  noise.begin() + static_cast<std::ptrdiff_t>(count));
  for (double value : ReferenceLinear(weights.layers[0].gate, input,
                                      plain ? Activations::kFloat : Activations::kDynamicInt8)) {
    std::printf("%.17g\n", value);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "flags") return PrintFlags(argc - 1, argv + 1);
  if (what == "weights" && argc == 8) return PrintWeights(argv + 2);
  if (what == "noise" && argc == 5) return PrintNoise(argv + 2);
  if (what == "linear" && argc == 8) return PrintLinear(argv + 2);
  std::fprintf(stderr, "probe: see the comment at its head\n");
  return 64;
}
