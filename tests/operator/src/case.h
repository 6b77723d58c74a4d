// One case: what operator is made, how it is used, and the seed of every number that goes in.
#ifndef XNNKIT_TESTS_OPERATOR_CASE_H_
#define XNNKIT_TESTS_OPERATOR_CASE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace operator_check {

enum class Weights { kInt4, kInt8 };
// Packed weights: the operator's own; XNNPACK's cache, finalized softly or hard; or a cache that
// knows a tensor by its address, as MediaPipe's does, so that a second operator packs nothing.
enum class Cache { kNone, kSoft, kHard, kByKey };
// Which side of a buffer touches memory that nobody may touch.
enum class Place { kEnd, kStart };

struct Case {
  uint64_t seed = 1;
  Weights weights = Weights::kInt4;
  std::vector<size_t> batches = {1};  // M, one reshape after the other
  size_t inputs = 1;                  // K
  size_t outputs = 1;                 // N
  size_t input_gap = 0;               // elements between rows
  size_t output_gap = 0;
  int zero_point = 8;       // of int4 weights: 8 (unsigned) or 0 (signed)
  bool transposed = false;  // weights stored K x N
  bool bias = true;
  bool low = false;  // clamped from below, from above
  bool high = false;
  bool convert = true;  // int8 inputs made by XNNPACK's own operator, or of any value
  size_t threads = 1;
  Cache cache = Cache::kNone;
  Place place = Place::kEnd;
  bool starved = false;  // again and again, with the n-th allocation failing

  size_t input_stride() const { return inputs + input_gap; }
  size_t output_stride() const { return outputs + output_gap; }
};

// The case in one word, as --case takes it.
std::string Text(const Case& c);

// Reads that word. Returns what is wrong with it, nothing if all is well.
std::string Parse(const std::string& text, Case* c);

// A case that follows from the seed alone.
Case Draw(uint64_t seed);

// Cases that are simpler in one respect each, the boldest first.
std::vector<Case> Simpler(const Case& c);

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_CASE_H_
