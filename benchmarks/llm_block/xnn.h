// XNNPACK's and pthreadpool's handles with owners, and statuses turned into exceptions.
#ifndef XNNKIT_BENCHMARKS_LLM_BLOCK_XNN_H_
#define XNNKIT_BENCHMARKS_LLM_BLOCK_XNN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "pthreadpool.h"
#include "xnnpack.h"

namespace llm_block {

// Throws std::runtime_error that names the call and the status, unless it is success.
void Check(xnn_status status, const char* call);

#define LLM_BLOCK_CHECK(call) ::llm_block::Check((call), #call)

template <typename T, auto kDelete>
struct Deleter {
  void operator()(T* handle) const { kDelete(handle); }
};

using Subgraph = std::unique_ptr<xnn_subgraph, Deleter<xnn_subgraph, xnn_delete_subgraph>>;
using Runtime = std::unique_ptr<xnn_runtime, Deleter<xnn_runtime, xnn_delete_runtime>>;
using Workspace = std::unique_ptr<xnn_workspace, Deleter<xnn_workspace, xnn_release_workspace>>;
using ThreadPool = std::unique_ptr<pthreadpool, Deleter<pthreadpool, pthreadpool_destroy>>;

// Packed weights, shared by the runtimes of one model. XNNPACK's built-in cache compares packed
// bytes, so a second runtime packs everything again to find out that it is there; this one knows a
// tensor by its address, and packing happens once.
class PackedWeights {
 public:
  PackedWeights();
  PackedWeights(const PackedWeights&) = delete;
  PackedWeights& operator=(const PackedWeights&) = delete;

  xnn_weights_cache_t provider() { return &provider_; }

 private:
  using Key = std::tuple<uint32_t, const void*, const void*>;
  static Key MakeKey(const xnn_weights_cache_look_up_key* key) {
    return {key->seed, key->kernel, key->bias};
  }
  static size_t LookUp(void* self, const xnn_weights_cache_look_up_key* key);
  static void* Reserve(void* self, size_t size);
  static size_t Insert(void* self, const xnn_weights_cache_look_up_key* key, void* data,
                       size_t size);

  xnn_weights_cache_provider provider_;
  std::map<Key, size_t> entries_;
  std::vector<std::unique_ptr<uint8_t[]>> blocks_;
};

}  // namespace llm_block

#endif  // XNNKIT_BENCHMARKS_LLM_BLOCK_XNN_H_
