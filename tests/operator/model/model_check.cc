// A small Gemma out of MediaPipe's own graph code, with fixed weights: prints logits.
//
//   model_check WEIGHTS TOKENS[:TOKENS...] THREADS
//
// WEIGHTS is int8 or mixed (BM_Llm_QCINT8's or BM_Llm_Mixed_INT48's). A prompt of TOKENS tokens is
// encoded, one token decoded, and two more, fixed ones, after it: a line of JSON for each of the
// three. Encoding shows in all of them, because decoding attends to what it left in the cache.
// Then the next prompt, on the same graphs, which are reshaped for it.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/absl_check.h"
#include "absl/types/span.h"
#include "fixed_weights.h"
#include "mediapipe/tasks/cc/genai/inference/utils/llm_utils/well_known_models.h"
#include "mediapipe/tasks/cc/genai/inference/utils/xnn_utils/graph_builder.h"
#include "mediapipe/tasks/cc/genai/inference/utils/xnn_utils/llm.h"
#include "mediapipe/tasks/cc/genai/inference/utils/xnn_utils/llm_weights.h"

namespace {

using namespace ::mediapipe::tasks::genai;
using xnn_utils::Llm;
using xnn_utils::LlmBuilder;
using xnn_utils::LlmParams;
using xnn_utils::LlmWeightsLoader;
using xnn_utils::RuntimeConfigs;

constexpr size_t kVocabulary = 1000;

LlmParams Small(size_t tokens) {
  LlmParams params = LlmParams::FromLLMParametersProto(llm_utils::GetGemma2BParams());
  params.num_transformer_M = 3;
  params.model_dim_D = 256;
  params.hidden_dim_HD = 1056;  // no power of two
  params.head_dim_H = 64;
  params.n_heads_N = 4;
  params.voc_size_V = kVocabulary;
  params.seq_size_T = tokens + 4;
  params.enable_kv_cache = true;
  params.enable_dynamic_shape = true;
  return params;
}

int Token(size_t position) { return static_cast<int>((position * 7919 + 13) % kVocabulary); }

void Print(size_t tokens, const char* step, const float* logits) {
  std::printf("{\"step\":\"%zu %s\",\"logits\":[", tokens, step);
  for (size_t i = 0; i < kVocabulary; ++i) {
    std::printf("%s%.9g", i > 0 ? "," : "", static_cast<double>(logits[i]));
  }
  std::printf("]}\n");
}

std::vector<size_t> Numbers(const std::string& text) {
  std::vector<size_t> numbers;
  for (size_t at = 0; at <= text.size();) {
    const size_t colon = std::min(text.find(':', at), text.size());
    numbers.push_back(std::strtoull(text.substr(at, colon - at).c_str(), nullptr, 10));
    at = colon + 1;
  }
  return numbers;
}

void Prompt(Llm& llm, size_t tokens) {
  std::vector<std::vector<int>> prompt(1);
  for (size_t i = 0; i < tokens; ++i) prompt[0].push_back(Token(i));
  ABSL_CHECK_OK(llm.InitInputTokens(absl::MakeConstSpan(prompt)));
  const char* const steps[] = {"first", "second", "third"};
  for (size_t i = 0; i < 3; ++i) {
    auto logits = llm.ComputeLogits();
    ABSL_CHECK_OK(logits.status());
    ABSL_CHECK_EQ((*logits)->num_elements, kVocabulary);
    Print(tokens, steps[i], (*logits)->DataAs<float>());
    const std::vector<std::vector<int>> next = {{Token(tokens + i)}};
    if (i + 1 < 3) ABSL_CHECK_OK(llm.AddInputTokens(absl::MakeConstSpan(next)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string weights = argc == 4 ? argv[1] : "";
  const std::vector<size_t> prompts = Numbers(argc == 4 ? argv[2] : "");
  const size_t threads = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 0;
  const auto [least, most] = std::minmax_element(prompts.begin(), prompts.end());
  if ((weights != "int8" && weights != "mixed") || *least < 1 || *most > 1024 || threads < 1) {
    std::fprintf(stderr, "usage: model_check int8|mixed TOKENS[:TOKENS...] THREADS\n");
    return 2;
  }
  const LlmParams params = Small(*most);
  auto configs = std::make_unique<RuntimeConfigs>();
  configs->xnn_num_threads = threads;
  auto loader = std::make_unique<LlmWeightsLoader>(
      std::make_unique<model_check::FixedWeights>(weights == "mixed"), params);
  auto llm =
      Llm::CreateLlm(std::move(loader), std::make_unique<LlmBuilder>(params, std::move(configs)));
  ABSL_CHECK_OK(llm.status());
  for (size_t tokens : prompts) Prompt(**llm, tokens);
  return 0;
}
