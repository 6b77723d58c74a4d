// Buffers between pages that nobody may touch, and a signal handler that names the buffer which was
// left. A sanitizer would see less here: kernels are assembly or intrinsics of another machine.
#ifndef XNNKIT_TESTS_OPERATOR_PAGES_H_
#define XNNKIT_TESTS_OPERATOR_PAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "case.h"

namespace operator_check {

// Writes a sentence on what lies at an address.
void DescribeFault(const void* address, char* text, size_t size);

// Whole pages, with a forbidden one on either side.
class Pages {
 public:
  // `name` must outlive the object; it is what the signal handler says.
  Pages(const char* name, size_t bytes);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  uint8_t* begin() const { return begin_; }
  uint8_t* end() const { return begin_ + bytes_; }

  void Forbid();  // from now on nobody may read or write
  void Freeze();  // from now on nobody may write
  void Thaw();    // both are allowed again

 private:
  friend void DescribeFault(const void* address, char* text, size_t size);

  const char* name_;
  size_t bytes_;
  uint8_t* begin_;
  Pages* next_;  // of the list that the signal handler reads
  Pages* previous_;
};

// A buffer of exactly so many bytes, at one side of its pages; `junk` fills it and what is beside
// it.
class Buffer {
 public:
  Buffer(const char* name, size_t bytes, Place place, uint8_t junk);

  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }
  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  void Forbid() { pages_.Forbid(); }
  void Freeze() { pages_.Freeze(); }
  void Thaw() { pages_.Thaw(); }

  // Throws Finding if a byte beside the buffer, on the side without a forbidden page, was written.
  void CheckMargin() const;

 private:
  const char* name_;
  size_t bytes_;
  uint8_t junk_;
  Pages pages_;
  uint8_t* data_;
};

// On a fault, writes a sentence to a file descriptor and leaves with kFaulted.
constexpr int kFaulted = 99;
void ReportFaultsTo(int descriptor);

}  // namespace operator_check

#endif  // XNNKIT_TESTS_OPERATOR_PAGES_H_
