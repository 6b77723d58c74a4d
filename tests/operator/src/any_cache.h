// Where a case's operators keep their packed weights: XNNPACK's cache, ours, or none.
#ifndef XNNKIT_TESTS_OPERATOR_ANY_CACHE_H_
#define XNNKIT_TESTS_OPERATOR_ANY_CACHE_H_

#include <memory>

#include "case.h"
#include "keyed_cache.h"
#include "xnnpack.h"

namespace operator_check {

class AnyCache {
 public:
  // XNNPACK's own does not survive an allocation that fails while it is made, whatever the
  // operators do, so make it while none fails.
  explicit AnyCache(Cache kind);
  ~AnyCache();
  AnyCache(const AnyCache&) = delete;
  AnyCache& operator=(const AnyCache&) = delete;

  xnn_weights_cache_t get() { return ours_ != nullptr ? ours_->provider() : theirs_; }
  const KeyedCache* ours() const { return ours_.get(); }

  // Throws Finding if it does not work.
  void Finalize();

 private:
  Cache kind_;
  std::unique_ptr<KeyedCache> ours_;
  xnn_weights_cache_t theirs_ = nullptr;
};

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_ANY_CACHE_H_
