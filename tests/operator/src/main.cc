// Checks XNNPACK's fully-connected operators with int8 rows and int4 or int8 weights against
// float64 arithmetic, with seeded random cases. See README.md.
//
//   operator_check [--cases=N] [--seed=S] [--case=TEXT] [--only=TEXT] [--seconds=N]
//   [--inject=FAULT]
//
// Exit code: 0 all is well, 1 a finding, 2 a bad argument, 3 the machine.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "case.h"
#include "faults.h"
#include "heap.h"
#include "isolate.h"
#include "xnnpack.h"

namespace {

using namespace operator_check;

struct Options {
  uint64_t cases = 300;
  uint64_t seed = 1;
  unsigned seconds = 120;
  std::string only_case;
  std::string only;  // of the cases drawn, those whose text has this in it
  Fault fault = Fault::kNone;
};

[[noreturn]] void Refuse(const std::string& why) {
  std::fprintf(stderr, "operator_check: %s\n", why.c_str());
  std::exit(2);
}

uint64_t Number(const std::string& name, const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) {
    Refuse(name + " needs a number, not '" + text + "'");
  }
  return std::strtoull(text.c_str(), nullptr, 10);
}

Fault FaultOf(const std::string& name) {
  const auto found = std::find(std::begin(kFaults), std::end(kFaults), name);
  if (found != std::end(kFaults)) return static_cast<Fault>(found - std::begin(kFaults));
  std::string legal;
  for (const char* one : kFaults) legal += std::string(" ") + one;
  Refuse("--inject=" + name + " is no fault; there are:" + legal);
}

Options Read(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = std::min(argument.find('='), argument.size());
    const std::string name = argument.substr(0, equals);
    const std::string value = equals < argument.size() ? argument.substr(equals + 1) : "";
    if (name == "--cases") {
      options.cases = Number(name, value);
    } else if (name == "--seed") {
      options.seed = Number(name, value);
    } else if (name == "--seconds") {
      options.seconds = static_cast<unsigned>(Number(name, value));
    } else if (name == "--case") {
      options.only_case = value;
    } else if (name == "--only") {
      options.only = value;
    } else if (name == "--inject") {
      options.fault = FaultOf(value);
    } else {
      Refuse("unknown argument '" + argument + "'");
    }
  }
  return options;
}

class Summary {
 public:
  // Returns whether all is well with the case.
  bool Add(const Case& c, const Options& options) {
    const bool alone = !options.only_case.empty();
    const Outcome outcome = Isolated(c, options.fault, options.seconds, !alone);
    ++cases_;
    int4_ += c.weights == Weights::kInt4 ? 1 : 0;
    single_ += std::count(c.batches.begin(), c.batches.end(), 1u);
    batches_ += c.batches.size();
    outputs_ += outcome.seen.outputs;
    starvations_ += outcome.seen.starvations;
    allocations_ = std::max(allocations_, outcome.seen.allocations);
    if (outcome.seen.worst > worst_) {
      worst_ = outcome.seen.worst;
      worst_case_ = Text(c);
    }
    if (outcome.finding.empty()) return true;
    ++findings_;
    std::printf("FOUND   %s\n  case    --case=%s\n", outcome.finding.c_str(), Text(c).c_str());
    if (alone) return false;
    const Case smallest = Shrink(c, options.fault, options.seconds, 150);
    const Outcome again = Isolated(smallest, options.fault, options.seconds, true);
    std::printf("  shrunk  --case=%s\n          %s\n", Text(smallest).c_str(),
                again.finding.empty() ? "(comes and goes)" : again.finding.c_str());
    return false;
  }

  void Print(const Options& options) const {
    std::printf(
        "{\"cases\":%zu,\"findings\":%zu,\"seed\":%llu,\"int4\":%zu,\"int8\":%zu,\"batches\":%zu,"
        "\"single_rows\":%td,\"outputs\":%zu,\"starvations\":%zu,\"most_allocations\":%zu,"
        "\"tolerance\":%g,\"worst\":%.3g,\"worst_case\":\"%s\",\"injected\":\"%s\"}\n",
        cases_, findings_, static_cast<unsigned long long>(options.seed), int4_, cases_ - int4_,
        batches_, single_, outputs_, starvations_, allocations_, kTolerance, worst_,
        worst_case_.c_str(), kFaults[static_cast<size_t>(options.fault)]);
  }

  size_t findings() const { return findings_; }

 private:
  size_t cases_ = 0, findings_ = 0, int4_ = 0, batches_ = 0, outputs_ = 0;
  size_t starvations_ = 0, allocations_ = 0;
  std::ptrdiff_t single_ = 0;
  double worst_ = 0.0;
  std::string worst_case_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = Read(argc, argv);
  if (xnn_initialize(Heap::Get().allocator()) != xnn_status_success) {
    std::fprintf(stderr, "operator_check: XNNPACK does not work on this processor\n");
    return 3;
  }
  Summary summary;
  if (!options.only_case.empty()) {
    Case c;
    const std::string wrong = Parse(options.only_case, &c);
    if (!wrong.empty()) Refuse("--case: " + wrong);
    summary.Add(c, options);
  } else {
    constexpr size_t kMostFindings = 5;
    for (uint64_t i = 0; i < options.cases && summary.findings() < kMostFindings; ++i) {
      const Case c = Draw(options.seed + i);
      if (Text(c).find(options.only) != std::string::npos) summary.Add(c, options);
    }
  }
  summary.Print(options);
  return summary.findings() > 0 ? 1 : 0;
}
