// A case's numbers, and a run of its operators over them.
#ifndef XNNKIT_TESTS_OPERATOR_RUN_H_
#define XNNKIT_TESTS_OPERATOR_RUN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "any_cache.h"
#include "case.h"
#include "check.h"
#include "data.h"
#include "faults.h"
#include "heap.h"
#include "operators.h"

namespace operator_check {

class Run {
 public:
  // `junk` is what all memory is full of before anything is written to it.
  Run(const Case& c, Fault fault, uint8_t junk, Seen* seen);

  // Makes the operators, uses and deletes them. Returns every byte of every output. `fail_at` says
  // which of XNNPACK's allocations fails, 0 for none; after it, everything must work as if nothing
  // had been. Throws Finding.
  std::vector<uint8_t> Go(size_t fail_at);

  // Whether an allocation was made to fail.
  bool starved() const { return starved_; }

 private:
  void ChooseLimits();

  // True if it worked; false if an allocation failed and that was said.
  bool Did(xnn_status status, const char* what);

  void Make(AnyCache& cache, Operator* op);
  void Use(AnyCache& cache);
  void RefuseBeforeFinalization(xnn_operator_t op);
  void RefuseAfterFinalization(AnyCache& cache);
  void Shape(xnn_operator_t op, BatchData& batch);
  void Compute(xnn_operator_t op, size_t index);
  void RunOnce(xnn_operator_t op, BatchData& batch, float* output);
  void Compare(size_t index);
  void CheckGap(const BatchData& batch, size_t row) const;
  void CheckMemory();

  // In run_faults.cc.
  Layer PutInLayerFault(Layer layer);
  xnn_status PutInStatusFault(xnn_status status) const;
  void PutInOutputFault(BatchData& batch, size_t index);
  void PutInAccessFault(BatchData& batch);
  void PutInMemoryFault();

  const Case& c_;
  const Fault fault_;
  Heap& heap_;
  Seen* seen_;
  Pool pool_;
  LayerData layer_;
  std::vector<std::unique_ptr<BatchData>> batches_;
  std::vector<std::vector<BatchData::Expected>> expected_;
  std::vector<uint8_t> bytes_;
  std::vector<float> wrong_scales_;
  size_t live_before_ = 0;
  bool starved_ = false;
};

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_RUN_H_
