#include "xnn.h"

#include <stdexcept>

namespace llm_block {
namespace {

// Enough for every kernel's aligned loads and for what it may read behind the end.
constexpr size_t kAlignment = 128;

const char* StatusName(xnn_status status) {
  switch (status) {
    case xnn_status_success: return "success";
    case xnn_status_uninitialized: return "uninitialized";
    case xnn_status_invalid_parameter: return "invalid parameter";
    case xnn_status_invalid_state: return "invalid state";
    case xnn_status_unsupported_parameter: return "unsupported parameter";
    case xnn_status_unsupported_hardware: return "unsupported hardware";
    case xnn_status_out_of_memory: return "out of memory";
    default: return "status unknown to llm_block";
  }
}

}  // namespace

void Check(xnn_status status, const char* call) {
  if (status == xnn_status_success) return;
  throw std::runtime_error(std::string("XNNPACK: ") + StatusName(status) + " (" +
                           std::to_string(static_cast<int>(status)) + ") from " + call);
}

PackedWeights::PackedWeights() : provider_() {
  provider_.context = this;
  provider_.look_up = LookUp;
  provider_.reserve_space = Reserve;
  provider_.look_up_or_insert = Insert;
  provider_.is_finalized = [](void*) { return true; };
  // An "offset" is the block's address: blocks never move.
  provider_.offset_to_addr = [](void*, size_t offset) { return reinterpret_cast<void*>(offset); };
  provider_.delete_cache = [](void*) { return xnn_status_success; };
}

size_t PackedWeights::LookUp(void* self, const xnn_weights_cache_look_up_key* key) {
  const auto& entries = static_cast<PackedWeights*>(self)->entries_;
  const auto entry = entries.find(MakeKey(key));
  return entry == entries.end() ? SIZE_MAX : entry->second;
}

void* PackedWeights::Reserve(void* self, size_t size) {
  auto& blocks = static_cast<PackedWeights*>(self)->blocks_;
  blocks.emplace_back(new uint8_t[size + 2 * kAlignment]());
  const uintptr_t address = reinterpret_cast<uintptr_t>(blocks.back().get());
  return reinterpret_cast<void*>((address + kAlignment - 1) / kAlignment * kAlignment);
}

size_t PackedWeights::Insert(void* self, const xnn_weights_cache_look_up_key* key, void* data,
                             size_t) {
  const size_t offset = reinterpret_cast<size_t>(data);
  return static_cast<PackedWeights*>(self)->entries_.emplace(MakeKey(key), offset).first->second;
}

}  // namespace llm_block
