#include "bench.h"

#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "block.h"
#include "weights.h"

namespace llm_block {
namespace {

// Keeps the model and the session of the last benchmark: Google Benchmark calls a benchmark again
// and again until it has run long enough, and neighbours share a model. Never two models at once,
// because one of Gemma's size takes hundreds of megabytes.
class Bench {
 public:
  explicit Bench(const Flags& flags) : flags_(flags) {}

  void Run(Variant variant, benchmark::State& state) {
    Session& session = Prepare(variant, static_cast<size_t>(state.range(0)));
    for (auto _ : state) session.Invoke();
    const auto rows = static_cast<int64_t>(MakeStep(flags_.method, tokens_).rows);
    state.SetItemsProcessed(state.iterations() * rows);
    state.SetLabel("output_checksum=" +
                   Hex(OutputChecksum(session.output(), session.output_size())));
  }

 private:
  Session& Prepare(Variant variant, size_t tokens) {
    if (model_ == nullptr || model_->weights().variant != variant) {
      session_.reset();
      model_.reset();
      model_ = std::make_unique<Model>(flags_.dims, variant, flags_.seed, flags_.num_threads);
    }
    if (session_ == nullptr || tokens_ != tokens) {
      session_.reset();
      const Step step = MakeStep(flags_.method, tokens);
      session_ = std::make_unique<Session>(*model_, step,
                                           MakeInputs(flags_.dims, step, flags_.seed));
      tokens_ = tokens;
    }
    return *session_;
  }

  const Flags flags_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Session> session_;
  size_t tokens_ = 0;
};

void DescribeRun(const Flags& flags) {
  const auto add = [](const char* key, size_t value) {
    benchmark::AddCustomContext(key, std::to_string(value));
  };
  benchmark::AddCustomContext("benchmark_method", MethodName(flags.method));
  add("num_threads", flags.num_threads);
  add("model_dim", flags.dims.model);
  add("hidden_dim", flags.dims.hidden);
  add("num_heads", flags.dims.heads);
  add("head_dim", flags.dims.head);
  add("layers", flags.dims.layers);
  add("seed", flags.seed);
}

}  // namespace

bool RunBenchmarks(const Flags& flags) {
  DescribeRun(flags);
  Bench bench(flags);
  for (Variant variant : {Variant::kQcInt8, Variant::kMixedInt48}) {
    auto* const benchmark = benchmark::RegisterBenchmark(
        BenchmarkName(variant),
        [&bench, variant](benchmark::State& state) { bench.Run(variant, state); });
    benchmark->UseRealTime();
    for (size_t tokens : flags.seq_lens) benchmark->Arg(static_cast<int64_t>(tokens));
  }
  const bool any = benchmark::RunSpecifiedBenchmarks() != 0;
  benchmark::ClearRegisteredBenchmarks();  // they refer to `bench`
  return any;
}

}  // namespace llm_block
