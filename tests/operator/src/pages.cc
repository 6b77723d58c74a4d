#include "pages.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "finding.h"

namespace operator_check {
namespace {

std::mutex list_lock;
Pages* list = nullptr;
int report_to = 2;

size_t PageSize() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t RoundUp(size_t bytes) { return (bytes + PageSize() - 1) / PageSize() * PageSize(); }

void Protect(uint8_t* begin, size_t bytes, int how) {
  if (bytes > 0 && mprotect(begin, bytes, how) != 0) {
    std::perror("mprotect");
    std::abort();
  }
}

void OnFault(int number, siginfo_t* info, void*) {
  // One thread tells; the others wait for the end.
  static std::atomic_flag told = ATOMIC_FLAG_INIT;
  while (told.test_and_set()) pause();
  char text[256];
  DescribeFault(info->si_addr, text, sizeof(text));
  if (number != SIGSEGV && number != SIGBUS) {
    std::snprintf(text, sizeof(text), "the program was ended by signal %d", number);
  }
  const ssize_t written = write(report_to, text, std::strlen(text));
  (void)written;
  _exit(kFaulted);
}

}  // namespace

Pages::Pages(const char* name, size_t bytes)
    : name_(name), bytes_(RoundUp(bytes > 0 ? bytes : 1)), next_(nullptr), previous_(nullptr) {
  void* all = mmap(nullptr, bytes_ + 2 * PageSize(), PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) {
    std::perror("mmap");
    std::abort();
  }
  begin_ = static_cast<uint8_t*>(all) + PageSize();
  Thaw();
  const std::lock_guard<std::mutex> hold(list_lock);
  next_ = list;
  if (list != nullptr) list->previous_ = this;
  list = this;
}

Pages::~Pages() {
  const std::lock_guard<std::mutex> hold(list_lock);
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (list == this) list = next_;
  munmap(begin_ - PageSize(), bytes_ + 2 * PageSize());
}

void Pages::Forbid() { Protect(begin_, bytes_, PROT_NONE); }
void Pages::Freeze() { Protect(begin_, bytes_, PROT_READ); }
void Pages::Thaw() { Protect(begin_, bytes_, PROT_READ | PROT_WRITE); }

Buffer::Buffer(const char* name, size_t bytes, Place place, uint8_t junk)
    : name_(name), bytes_(bytes), junk_(junk), pages_(name, bytes) {
  std::memset(pages_.begin(), junk, static_cast<size_t>(pages_.end() - pages_.begin()));
  data_ = place == Place::kEnd ? pages_.end() - bytes : pages_.begin();
}

void Buffer::CheckMargin() const {
  for (const uint8_t* at = pages_.begin(); at < pages_.end(); ++at) {
    if (at == data_ && bytes_ > 0) at += bytes_;
    if (at == pages_.end()) return;
    if (*at == junk_) continue;
    const bool before = at < data_;
    const auto away = before ? data_ - at : at - (data_ + bytes_) + 1;
    throw Finding(std::string("a byte was written ") + std::to_string(away) +
                  (before ? " before the begin of " : " past the end of ") + name_);
  }
}

void DescribeFault(const void* address, char* text, size_t size) {
  const auto* at = static_cast<const uint8_t*>(address);
  for (const Pages* p = list; p != nullptr; p = p->next_) {
    if (at >= p->end() && at < p->end() + PageSize()) {
      std::snprintf(text, size, "touched byte %zu past the end of the pages of: %s",
                    static_cast<size_t>(at - p->end()), p->name_);
      return;
    }
    if (at < p->begin_ && at >= p->begin_ - PageSize()) {
      std::snprintf(text, size, "touched byte %zu before the begin of the pages of: %s",
                    static_cast<size_t>(p->begin_ - at), p->name_);
      return;
    }
    if (at >= p->begin_ && at < p->end()) {
      std::snprintf(text, size, "touched byte %zu of what must not be touched now: %s",
                    static_cast<size_t>(at - p->begin_), p->name_);
      return;
    }
  }
  std::snprintf(text, size, "touched address %p, which is no buffer of the test", address);
}

void ReportFaultsTo(int descriptor) {
  report_to = descriptor;
  struct sigaction action = {};
  action.sa_sigaction = OnFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGALRM}) {
    sigaction(number, &action, nullptr);
  }
}

}  // namespace operator_check
