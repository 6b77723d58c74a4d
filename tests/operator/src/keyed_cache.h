// A weights cache that knows a tensor by its address, the way MediaPipe's does: for one that it has
// it hands out the packed weights, and nothing is packed again.
#ifndef XNNKIT_TESTS_OPERATOR_KEYED_CACHE_H_
#define XNNKIT_TESTS_OPERATOR_KEYED_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "xnnpack.h"

namespace operator_check {

class KeyedCache {
 public:
  KeyedCache();
  ~KeyedCache();
  KeyedCache(const KeyedCache&) = delete;
  KeyedCache& operator=(const KeyedCache&) = delete;

  xnn_weights_cache_t provider() { return &provider_; }
  void Finalize() { final_ = true; }
  size_t entries() const { return entries_.size(); }
  size_t hits() const { return hits_; }

 private:
  using Key = std::tuple<uint32_t, const void*, const void*>;

  xnn_weights_cache_provider provider_;
  std::vector<void*> blocks_;
  std::map<Key, size_t> entries_;
  size_t hits_ = 0;
  bool final_ = false;
};

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_KEYED_CACHE_H_
