#include "heap.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "finding.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(from, bytes) ((void)(from), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(from, bytes) ((void)(from), (void)(bytes))
#endif

namespace operator_check {
namespace {

constexpr uint8_t kCanary = 0xc3;
constexpr size_t kMost = size_t{1} << 30;  // a larger block is an arithmetic mistake
constexpr char kName[] = "a block that XNNPACK allocated";
constexpr size_t kAlignment = 16;  // as malloc's

Heap* Self(void* context) { return static_cast<Heap*>(context); }

}  // namespace

Heap& Heap::Get() {
  static Heap heap;
  return heap;
}

Heap::Heap() {
  allocator_.context = this;
  allocator_.allocate = [](void* context, size_t bytes) {
    return Self(context)->Allocate(kAlignment, bytes);
  };
  allocator_.reallocate = [](void* context, void* old, size_t bytes) -> void* {
    Heap* self = Self(context);
    void* data = self->Allocate(kAlignment, bytes);
    if (data != nullptr && old != nullptr) {
      const auto found = self->blocks_.find(old);
      const size_t kept = found == self->blocks_.end() ? 0 : found->second.bytes;
      std::memcpy(data, old, std::min(kept, bytes));
      self->Free(old);
    }
    return data;
  };
  allocator_.deallocate = [](void* context, void* data) { Self(context)->Free(data); };
  allocator_.aligned_allocate = [](void* context, size_t alignment, size_t bytes) {
    return Self(context)->Allocate(alignment, bytes);
  };
  allocator_.aligned_deallocate = allocator_.deallocate;
}

void Heap::FailAt(size_t n) {
  n_ = n;
  calls_ = 0;
}

void* Heap::Allocate(size_t alignment, size_t bytes) {
  const std::lock_guard<std::mutex> hold(lock_);
  ++calls_;
  if (calls_ == n_) return nullptr;
  if (bytes > kMost) {
    trouble_ = "asked for a block of " + std::to_string(bytes) + " bytes";
    return nullptr;
  }
  // As near to the forbidden page as the alignment allows; canaries fill what is left.
  auto pages = std::make_unique<Pages>(kName, bytes + alignment);
  auto address = reinterpret_cast<uintptr_t>(pages->end() - bytes);
  auto* data = reinterpret_cast<uint8_t*>(address / alignment * alignment);
  std::memset(pages->begin(), kCanary, static_cast<size_t>(pages->end() - pages->begin()));
  std::memset(data, junk_, bytes);
  // A forbidden page ends a block where its alignment allows; AddressSanitizer sees the rest.
  ASAN_POISON_MEMORY_REGION(pages->begin(), static_cast<size_t>(data - pages->begin()));
  ASAN_POISON_MEMORY_REGION(data + bytes, static_cast<size_t>(pages->end() - data - bytes));
  blocks_.emplace(data, Block{std::move(pages), data, bytes});
  return data;
}

void Heap::Free(void* data) {
  if (data == nullptr) return;
  const std::lock_guard<std::mutex> hold(lock_);
  const auto found = blocks_.find(data);
  if (found == blocks_.end()) {
    trouble_ = "freed what is not an allocated block (perhaps a second time)";
    return;
  }
  Inspect(found->second);
  found->second.pages->Forbid();
  freed_.push_back(std::move(found->second));
  blocks_.erase(found);
}

void Heap::Inspect(const Block& block) {
  ASAN_UNPOISON_MEMORY_REGION(block.pages->begin(),
                              static_cast<size_t>(block.pages->end() - block.pages->begin()));
  const auto spoiled = [&](const uint8_t* from, const uint8_t* to) {
    return std::any_of(from, to, [](uint8_t byte) { return byte != kCanary; });
  };
  const std::string size = std::to_string(block.bytes);
  if (spoiled(block.pages->begin(), block.data)) {
    trouble_ = "wrote before the begin of a block of " + size + " bytes";
  }
  if (spoiled(block.data + block.bytes, block.pages->end())) {
    trouble_ = "wrote past the end of a block of " + size + " bytes";
  }
}

void Heap::CheckBlocks() {
  const std::lock_guard<std::mutex> hold(lock_);
  for (const auto& [data, block] : blocks_) Inspect(block);
  if (!trouble_.empty()) throw Finding(std::exchange(trouble_, ""));
}

void Heap::Forget() {
  const std::lock_guard<std::mutex> hold(lock_);
  freed_.clear();
}

}  // namespace operator_check
