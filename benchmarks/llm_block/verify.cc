#include "verify.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "block.h"
#include "reference.h"
#include "weights.h"

namespace llm_block {
namespace {

struct Error {
  double relative = 0.0;  // |got - wanted| / |wanted - input|, Euclidean norms over the output
  double worst_row = 0.0;  // the same for the row where it is largest
  double maximum = 0.0;    // of a single element, absolute
};

// Differences are held against what the block adds to its input. The input passes through
// unchanged and would only make every error look small.
Error Compare(const float* got, const std::vector<double>& wanted, const float* input,
              size_t width) {
  Error error;
  double all_wrong = 0.0, all_added = 0.0;
  for (size_t at = 0; at < wanted.size(); at += width) {
    double wrong = 0.0, added = 0.0;
    for (size_t i = at; i < at + width; ++i) {
      const double difference = std::fabs(got[i] - wanted[i]);
      wrong += difference * difference;
      added += (wanted[i] - input[i]) * (wanted[i] - input[i]);
      // Not std::max: a NaN must not pass.
      if (!(difference <= error.maximum)) error.maximum = difference;
    }
    const double row = std::sqrt(wrong / added);
    if (!(row <= error.worst_row)) error.worst_row = row;
    all_wrong += wrong;
    all_added += added;
  }
  error.relative = std::sqrt(all_wrong / all_added);
  return error;
}

// JSON has no NaN or infinity.
double Printable(double value) { return std::isfinite(value) ? value : 1e308; }

bool VerifyCase(Model& model, Method method, size_t tokens, uint64_t weights_checksum,
                const Flags& flags) {
  const Weights& weights = model.weights();
  const Step step = MakeStep(method, tokens);
  const Inputs inputs = MakeInputs(weights.dims, step, flags.seed);
  Session session(model, step, inputs);
  session.Invoke();
  session.Invoke();  // what a benchmark does: the second must not see the first

  const auto error = [&](Activations activations) {
    return Compare(session.output(), Reference(weights, step, inputs, activations),
                   inputs.tokens.data(), weights.dims.model);
  };
  const Error int8 = error(Activations::kDynamicInt8);
  const Error plain = error(Activations::kFloat);
  const bool passed =
      int8.relative <= flags.tolerance && plain.relative <= flags.float_tolerance;
  std::printf(
      "{\"benchmark\":\"%s\",\"method\":\"%s\",\"tokens\":%zu,\"rel_error\":%.3e,"
      "\"worst_row_error\":%.3e,\"max_abs_error\":%.3e,\"tolerance\":%g,"
      "\"rel_error_float\":%.3e,\"max_abs_error_float\":%.3e,\"tolerance_float\":%g,"
      "\"passed\":%s,\"checksum\":\"%s\",\"weights_checksum\":\"%s\"}\n",
      BenchmarkName(weights.variant), MethodName(method), tokens, Printable(int8.relative),
      Printable(int8.worst_row), Printable(int8.maximum), flags.tolerance,
      Printable(plain.relative), Printable(plain.maximum), flags.float_tolerance,
      passed ? "true" : "false",
      Hex(OutputChecksum(session.output(), session.output_size())).c_str(),
      Hex(weights_checksum).c_str());
  std::fflush(stdout);
  return passed;
}

}  // namespace

bool Verify(const Flags& flags) {
  bool passed = true;
  for (Variant variant : {Variant::kQcInt8, Variant::kMixedInt48}) {
    Model model(flags.dims, variant, flags.seed, flags.num_threads);
    const uint64_t weights_checksum = Checksum(model.weights());
    for (Method method : {Method::kEncode, Method::kDecode}) {
      for (size_t tokens : flags.seq_lens) {
        passed &= VerifyCase(model, method, tokens, weights_checksum, flags);
      }
    }
  }
  return passed;
}

}  // namespace llm_block
