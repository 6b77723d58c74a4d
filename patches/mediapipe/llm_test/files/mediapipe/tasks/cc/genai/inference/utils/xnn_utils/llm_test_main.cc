// llm_test's main: the flags of three libraries on one command line, then tests, then benchmarks.
//
// Google Test and Google Benchmark take the flags they know and leave the rest, so Abseil comes
// last and refuses what nobody knows. The order matters: --benchmark_method is llm_test's own flag
// and only looks like one of Google Benchmark's.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "mediapipe/framework/port/benchmark.h"
#include "mediapipe/framework/port/gmock.h"
#include "mediapipe/framework/port/gtest.h"

ABSL_DECLARE_FLAG(std::string, benchmark_method);

namespace {

// Whether Google Benchmark is reading its flags: the only time at which it may end the program.
bool reading_benchmark_flags = false;

// Google Benchmark answers a value that it does not know with its usage and exit code 0.
void FailIfBenchmarkExited() {
  if (!reading_benchmark_flags) return;
  std::fflush(nullptr);
  std::_Exit(1);
}

bool AsksForHelp(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--") return false;
    if (argument == "--help" || argument == "-help" || argument == "-h") return true;
  }
  return false;
}

// Lists the flags of all three and ends the program.
int PrintHelp(char* program) {
  std::map<std::string, const absl::CommandLineFlag*> flags;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (absl::EndsWith(flag->Filename(), "/llm_test.cc")) flags.emplace(name, flag);
  }
  std::printf("The latency of a large language model with random weights.\n\nllm_test's flags:\n");
  for (const auto& [name, flag] : flags) {
    std::printf("  --%s (default \"%s\")\n      %s\n", name.c_str(), flag->DefaultValue().c_str(),
                flag->Help().c_str());
  }
  std::printf("\nGoogle Test's flags:\n");
  std::string help = "--help";
  std::vector<char*> argv = {program, help.data(), nullptr};
  int argc = 2;
  testing::InitGoogleTest(&argc, argv.data());
  std::printf("\nGoogle Benchmark's flags:\n");
  benchmark::Initialize(&argc, argv.data());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (AsksForHelp(argc, argv)) return PrintHelp(argv[0]);
  testing::InitGoogleMock(&argc, argv);
  std::atexit(FailIfBenchmarkExited);
  reading_benchmark_flags = true;
  benchmark::Initialize(&argc, argv);
  reading_benchmark_flags = false;
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  if (rest.size() > 1) {
    std::fprintf(stderr, "%s: unexpected argument: %s\n", argv[0], rest[1]);
    return 1;
  }
  // Said before the weights are made, which takes long.
  const std::string method = absl::GetFlag(FLAGS_benchmark_method);
  if (method != "decode" && method != "encode") {
    std::fprintf(stderr, "%s: --benchmark_method must be decode or encode, not \"%s\"\n", argv[0],
                 method.c_str());
    return 1;
  }

  // Without tests Google Test only prints that there are none, into what may be JSON.
  const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  const bool list_tests = testing::GTEST_FLAG(list_tests);
  if (list_tests || tests.total_test_count() > 0) {
    const int failed = RUN_ALL_TESTS();
    if (failed != 0 || list_tests) return failed;
  }
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 1;
  // An assertion that fails in a benchmark belongs to no test.
  return tests.Failed() ? 1 : 0;
}
