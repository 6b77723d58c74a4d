#include "verify.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "block.h"
#include "reference.h"
#include "weights.h"

namespace llm_block {
namespace {

struct Error {
  double relative = 0.0;  // |got - wanted| / |wanted - origin|, Euclidean norms over everything
  double maximum = 0.0;   // of a single element, absolute
};

// `origin` may be null for zero. Not std::max anywhere: a NaN must not pass for small.
Error Compare(const float* got, const std::vector<double>& wanted, const float* origin) {
  Error error;
  double wrong = 0.0, size = 0.0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double difference = std::fabs(got[i] - wanted[i]);
    const double distance = wanted[i] - (origin != nullptr ? origin[i] : 0.0f);
    wrong += difference * difference;
    size += distance * distance;
    if (!(difference <= error.maximum)) error.maximum = difference;
  }
  error.relative = std::sqrt(wrong / size);
  return error;
}

// The worst relative error of any fully connected layer, each computed again from the very
// activations that XNNPACK put in. Errors of one layer do not add to those of the next.
double WorstLinear(const std::vector<Tap>& taps, size_t rows) {
  double worst = 0.0;
  for (const Tap& tap : taps) {
    const auto end = tap.input.begin() + static_cast<std::ptrdiff_t>(rows * tap.linear->inputs);
    const std::vector<double> input(tap.input.begin(), end);
    const Error error = Compare(
        tap.output.data(), ReferenceLinear(*tap.linear, input, Activations::kDynamicInt8), nullptr);
    if (!(error.relative <= worst)) worst = error.relative;
  }
  return worst;
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
  session.Invoke();  // as a benchmark does: the second must not see the first
  Session tapped(model, step, inputs, /*tapped=*/true);
  tapped.Invoke();
  const bool repeatable =
      std::equal(session.output(), session.output() + session.output_size(), tapped.output());

  // The input passes through the block unchanged and would only make every error look small, so
  // errors are held against what the block adds to it.
  const auto error = [&](Activations activations) {
    return Compare(session.output(), Reference(weights, step, inputs, activations),
                   inputs.tokens.data());
  };
  const double linear = WorstLinear(tapped.taps(), step.rows);
  const Error int8 = error(Activations::kDynamicInt8);
  const Error plain = error(Activations::kFloat);
  const bool passed = repeatable && linear <= flags.linear_tolerance &&
                      int8.relative <= flags.tolerance &&
                      plain.relative <= flags.float_tolerance;
  std::printf(
      "{\"benchmark\":\"%s\",\"method\":\"%s\",\"tokens\":%zu,\"passed\":%s,\"rel_error\":%.3e,"
      "\"max_abs_error\":%.3e,\"tolerance\":%g,\"rel_error_float\":%.3e,"
      "\"max_abs_error_float\":%.3e,\"float_tolerance\":%g,\"linear_error\":%.3e,"
      "\"linear_tolerance\":%g,\"repeatable\":%s,\"checksum\":\"%s\",\"weights_checksum\":\"%s\"}"
      "\n",
      BenchmarkName(weights.variant), MethodName(method), tokens, passed ? "true" : "false",
      Printable(int8.relative), Printable(int8.maximum), flags.tolerance,
      Printable(plain.relative), Printable(plain.maximum), flags.float_tolerance,
      Printable(linear), flags.linear_tolerance, repeatable ? "true" : "false",
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
