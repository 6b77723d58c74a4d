// The allocator that XNNPACK gets: every block has pages of its own and canaries beside it, is full
// of junk, and can be made to fail at the n-th call.
#ifndef XNNKIT_TESTS_OPERATOR_HEAP_H_
#define XNNKIT_TESTS_OPERATOR_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pages.h"
#include "xnnpack.h"

namespace operator_check {

class Heap {
 public:
  // XNNPACK keeps the one that it was initialized with, so there is one for the whole program.
  static Heap& Get();

  const xnn_allocator* allocator() const { return &allocator_; }

  // Counts from now: the n-th allocation returns null, and all others work. 0: none fails.
  void FailAt(size_t n);
  // Whether an allocation failed since then.
  bool failed() const { return n_ > 0 && calls_ >= n_; }
  size_t calls() const { return calls_; }

  // What a new block is full of.
  void set_junk(uint8_t junk) { junk_ = junk; }

  size_t live() const { return blocks_.size(); }

  void* Allocate(size_t alignment, size_t bytes);
  void Free(void* data);

  // Throws Finding if a block was written beside, freed twice, or is not one of ours.
  void CheckBlocks();
  // Gives the pages of freed blocks back.
  void Forget();

 private:
  struct Block {
    std::unique_ptr<Pages> pages;
    uint8_t* data;
    size_t bytes;
  };

  Heap();
  void Inspect(const Block& block);

  xnn_allocator allocator_;
  std::mutex lock_;
  std::map<void*, Block> blocks_;
  std::vector<Block> freed_;  // forbidden, so that a late reader is caught
  std::string trouble_;
  size_t n_ = 0;
  size_t calls_ = 0;
  uint8_t junk_ = 0xa5;
};

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_HEAP_H_
