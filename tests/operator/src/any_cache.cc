#include "any_cache.h"

#include "finding.h"

namespace operator_check {

AnyCache::AnyCache(Cache kind) : kind_(kind) {
  if (kind == Cache::kByKey) ours_ = std::make_unique<KeyedCache>();
  if (kind != Cache::kSoft && kind != Cache::kHard) return;
  // As small as can be, so that it has to grow, and moves.
  if (xnn_create_weights_cache_with_size(1, &theirs_) != xnn_status_success) {
    throw Finding("the weights cache cannot be made");
  }
}

AnyCache::~AnyCache() {
  if (theirs_ != nullptr) xnn_delete_weights_cache(theirs_);
}

void AnyCache::Finalize() {
  if (ours_ != nullptr) ours_->Finalize();
  if (theirs_ == nullptr) return;
  const auto how = kind_ == Cache::kSoft ? xnn_weights_cache_finalization_kind_soft
                                         : xnn_weights_cache_finalization_kind_hard;
  if (xnn_finalize_weights_cache(theirs_, how) != xnn_status_success) {
    throw Finding("the weights cache cannot be finalized");
  }
}

}  // namespace operator_check
