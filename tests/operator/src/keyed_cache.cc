#include "keyed_cache.h"

#include <algorithm>

#include "heap.h"

namespace operator_check {
namespace {

constexpr size_t kNotFound = SIZE_MAX;  // what XNNPACK expects for a tensor that is not there
constexpr size_t kAlignment = 64;

KeyedCache* Self(void* context) { return static_cast<KeyedCache*>(context); }

}  // namespace

KeyedCache::KeyedCache() : provider_() {
  provider_.context = this;
  provider_.look_up = [](void* context, const xnn_weights_cache_look_up_key* key) {
    KeyedCache* self = Self(context);
    const auto found = self->entries_.find(Key{key->seed, key->kernel, key->bias});
    if (found == self->entries_.end()) return kNotFound;
    ++self->hits_;
    return found->second;
  };
  provider_.reserve_space = [](void* context, size_t bytes) -> void* {
    KeyedCache* self = Self(context);
    void* data = self->final_ ? nullptr : Heap::Get().Allocate(kAlignment, bytes);
    if (data != nullptr) self->blocks_.push_back(data);
    return data;
  };
  provider_.look_up_or_insert = [](void* context, const xnn_weights_cache_look_up_key* key,
                                   void* data, size_t) {
    KeyedCache* self = Self(context);
    const auto found = std::find(self->blocks_.begin(), self->blocks_.end(), data);
    if (found == self->blocks_.end()) return kNotFound;
    const auto offset = static_cast<size_t>(found - self->blocks_.begin());
    return self->entries_.try_emplace(Key{key->seed, key->kernel, key->bias}, offset).first->second;
  };
  provider_.is_finalized = [](void* context) { return Self(context)->final_; };
  provider_.offset_to_addr = [](void* context, size_t offset) -> void* {
    KeyedCache* self = Self(context);
    return offset < self->blocks_.size() ? self->blocks_[offset] : nullptr;
  };
  provider_.delete_cache = [](void*) { return xnn_status_success; };
}

KeyedCache::~KeyedCache() {
  for (void* block : blocks_) Heap::Get().Free(block);
}

}  // namespace operator_check
