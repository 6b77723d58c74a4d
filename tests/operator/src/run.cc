#include "run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>

#include "finding.h"

namespace operator_check {
namespace {

constexpr uint8_t kUnwritten = 0xff;  // a float of these is not a number

std::string Wrong(float is, double wanted, double off) {
  char text[120];
  std::snprintf(text, sizeof(text), "is %.9g instead of %.9g: off by %.3g of its terms",
                static_cast<double>(is), wanted, off);
  return text;
}

}  // namespace

Run::Run(const Case& c, Fault fault, uint8_t junk, Seen* seen)
    : c_(c), fault_(fault), heap_(Heap::Get()), seen_(seen), layer_(c, junk) {
  heap_.set_junk(junk);
  if (c.threads > 1) pool_.reset(pthreadpool_create(c.threads));
  for (size_t i = 0; i < c.batches.size(); ++i) {
    batches_.push_back(std::make_unique<BatchData>(c, i, junk, pool_.get()));
    expected_.push_back(batches_.back()->Compute(c, layer_));
  }
  ChooseLimits();
}

std::vector<uint8_t> Run::Go(size_t fail_at) {
  bytes_.clear();
  starved_ = false;
  live_before_ = heap_.live();
  {
    AnyCache cache(c_.cache);
    heap_.FailAt(fail_at);
    Use(cache);
    seen_->allocations = std::max(seen_->allocations, heap_.calls());
    heap_.FailAt(0);
  }
  PutInMemoryFault();
  CheckMemory();
  return bytes_;
}

// Limits that some outputs of the first batch reach and others do not.
void Run::ChooseLimits() {
  std::vector<double> values;
  for (const auto& one : expected_.front()) values.push_back(one.value);
  if (values.empty()) values = {0.0};
  std::sort(values.begin(), values.end());
  const float infinity = std::numeric_limits<float>::infinity();
  const auto low = static_cast<float>(values[values.size() / 4]);
  const auto high = static_cast<float>(values[values.size() * 3 / 4]);
  layer_.set_limits(c_.low ? low : -infinity, c_.high ? high : infinity);
}

bool Run::Did(xnn_status status, const char* what) {
  status = PutInStatusFault(status);
  if (heap_.failed() && !starved_) {
    starved_ = true;
    ++seen_->starvations;
    if (status == xnn_status_out_of_memory) return false;
    throw Finding(std::string("an allocation failed, and ") + what + " says " + Name(status));
  }
  if (status == xnn_status_success) return true;
  throw Finding(std::string(what) + " says " + Name(status));
}

void Run::Make(AnyCache& cache, Operator* op) {
  const Layer layer = PutInLayerFault(layer_.layer(c_));
  if (Did(Create(c_, layer, cache.get(), op), "creation")) return;
  Did(Create(c_, layer, cache.get(), op), "creation after one that failed");
}

void Run::Use(AnyCache& cache) {
  Operator first, second;
  Make(cache, &first);
  if (cache.get() != nullptr) {
    Make(cache, &second);
    RefuseBeforeFinalization(first.get());
    cache.Finalize();
    if (cache.ours() != nullptr && cache.ours()->hits() == 0) {
      throw Finding("an operator of the same weights did not look for them in the cache");
    }
    if (c_.cache == Cache::kSoft) Make(cache, &second);
    if (c_.cache == Cache::kHard) RefuseAfterFinalization(cache);
  }
  layer_.Forbid();  // packed weights are all that an operator may need from now on
  for (size_t i = 0; i < batches_.size(); ++i) Compute(first.get(), i);
  if (second != nullptr) Compute(second.get(), 0);
  layer_.Thaw();
}

void Run::RefuseBeforeFinalization(xnn_operator_t op) {
  BatchData& batch = *batches_.front();
  Shape(op, batch);
  const xnn_status status = Setup(c_, op, batch.input(), batch.output(), batch.rows());
  if (status == xnn_status_invalid_state) return;
  throw Finding(std::string("setup before the weights cache is final says ") + Name(status));
}

void Run::RefuseAfterFinalization(AnyCache& cache) {
  Operator late;
  if (Create(c_, layer_.layer(c_), cache.get(), &late) == xnn_status_success) {
    throw Finding("an operator was made with a weights cache that takes no more");
  }
  if (heap_.failed()) starved_ = true;
}

void Run::Shape(xnn_operator_t op, BatchData& batch) {
  if (Did(Reshape(c_, op, batch.batch(), pool_.get()), "reshape")) return;
  if (Setup(c_, op, batch.input(), batch.output(), batch.rows()) == xnn_status_success) {
    throw Finding("setup says success after a reshape that failed");
  }
  Did(Reshape(c_, op, batch.batch(), pool_.get()), "reshape after one that failed");
}

void Run::Compute(xnn_operator_t op, size_t index) {
  BatchData& batch = *batches_[index];
  Buffer& output = batch.output_buffer();
  std::memset(output.data(), kUnwritten, output.bytes());
  batch.input_buffer().Freeze();
  batch.rows_buffer().Freeze();
  Shape(op, batch);
  PutInAccessFault(batch);
  RunOnce(op, batch, batch.output());
  // Again into another place, without a reshape.
  Buffer again("the outputs of a second run", output.bytes(), c_.place, kUnwritten);
  RunOnce(op, batch, again.as<float>());
  if (std::memcmp(again.data(), output.data(), output.bytes()) != 0) {
    throw Finding("a second run gives other outputs");
  }
  again.CheckMargin();
  PutInOutputFault(batch, index);
  Compare(index);
  bytes_.insert(bytes_.end(), output.data(), output.data() + output.bytes());
  batch.input_buffer().Thaw();
  batch.rows_buffer().Thaw();
}

void Run::RunOnce(xnn_operator_t op, BatchData& batch, float* output) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!Did(Setup(c_, op, batch.input(), output, batch.rows()), "setup")) continue;
    if (Did(xnn_run_operator(op, pool_.get()), "run")) return;
  }
}

void Run::Compare(size_t index) {
  const BatchData& batch = *batches_[index];
  for (size_t m = 0; m < batch.batch(); ++m) {
    const float* row = batch.output() + m * c_.output_stride();
    for (size_t n = 0; n < c_.outputs; ++n) {
      const auto [value, size] = expected_[index][m * c_.outputs + n];
      const double wanted = std::min(std::max(value, layer_.low()), layer_.high());
      const double off = std::fabs(static_cast<double>(row[n]) - wanted);
      // Written so that what is not a number fails.
      if (off <= kTolerance * size) {
        if (size > 0) seen_->worst = std::max(seen_->worst, off / size);
        continue;
      }
      throw Finding("batch " + std::to_string(index) + ", output [" + std::to_string(m) + ", " +
                    std::to_string(n) + "] " + Wrong(row[n], wanted, off / size));
    }
    CheckGap(batch, m);
  }
  seen_->outputs += expected_[index].size();
}

void Run::CheckGap(const BatchData& batch, size_t row) const {
  if (row + 1 == batch.batch()) return;  // the last row has none
  const float* begin = batch.output() + row * c_.output_stride() + c_.outputs;
  const auto* bytes = reinterpret_cast<const uint8_t*>(begin);
  for (size_t i = 0; i < c_.output_gap * sizeof(float); ++i) {
    if (bytes[i] == kUnwritten) continue;
    throw Finding("a byte was written between the outputs' rows, after row " + std::to_string(row));
  }
}

void Run::CheckMemory() {
  for (const auto& batch : batches_) {
    batch->input_buffer().CheckMargin();
    batch->rows_buffer().CheckMargin();
    batch->output_buffer().CheckMargin();
  }
  layer_.CheckMargins();
  heap_.CheckBlocks();
  if (heap_.live() != live_before_) {
    throw Finding(std::to_string(heap_.live() - live_before_) + " block(s) were not freed");
  }
  heap_.Forget();
}

}  // namespace operator_check
