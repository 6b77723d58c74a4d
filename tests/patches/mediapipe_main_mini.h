// Just enough of Abseil's flags, Google Benchmark and Google Test for llm_test's main: what each of
// them takes out of argv, what it refuses, and how. Included before everything else.

#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Takes the arguments that begin with one of `known` out of argv.
inline bool TakeOut(int* argc, char** argv, const std::vector<std::string>& known) {
  bool any = false;
  for (int i = 1; i < *argc; ++i) {
    for (const std::string& flag : known) {
      if (std::strncmp(argv[i], flag.c_str(), flag.size()) != 0) continue;
      std::printf("taken %s\n", argv[i]);
      for (int j = i; j < *argc; ++j) argv[j] = argv[j + 1];
      --*argc;
      --i;
      any = true;
      break;
    }
  }
  return any;
}

inline bool Has(int argc, char** argv, const char* wanted) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], wanted) == 0) return true;
  }
  return false;
}

namespace absl {

using std::string_view;

inline bool EndsWith(string_view text, string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

struct CommandLineFlag {
  std::string name, help, normal, file, value;
  std::string DefaultValue() const { return normal; }
  std::string Help() const { return help; }
  std::string Filename() const { return file; }
};

inline std::map<string_view, CommandLineFlag*>& Flags() {
  static std::map<string_view, CommandLineFlag*> flags;
  return flags;
}
inline std::map<string_view, CommandLineFlag*> GetAllFlags() { return Flags(); }

template <typename T>
struct Flag : CommandLineFlag {
  Flag(const char* n, const char* h, const char* d, const char* f)
      : CommandLineFlag{n, h, d, f, d} {
    Flags()[name] = this;
  }
};
inline std::string GetFlag(const Flag<std::string>& flag) { return flag.value; }

inline std::vector<char*> ParseCommandLine(int argc, char** argv) {
  std::vector<char*> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.compare(0, 2, "--") != 0) {
      rest.push_back(argv[i]);
      continue;
    }
    const size_t equals = argument.find('=');
    const auto found = Flags().find(argument.substr(2, equals - 2));
    if (found == Flags().end()) {
      std::fprintf(stderr, "unknown flag %s\n", argv[i]);
      std::exit(1);
    }
    found->second->value = argument.substr(equals + 1);
  }
  return rest;
}

}  // namespace absl

#define ABSL_DECLARE_FLAG(type, name) extern absl::Flag<type> FLAGS_##name

namespace benchmark {

inline void Initialize(int* argc, char** argv) {
  if (Has(*argc, argv, "--help")) {
    std::puts("  --benchmark_filter");
    std::exit(0);
  }
  if (Has(*argc, argv, "--benchmark_format=xml")) {
    std::puts("usage");
    std::exit(0);
  }
  TakeOut(argc, argv, {"--benchmark_filter", "--benchmark_format"});
}

inline size_t RunSpecifiedBenchmarks();

}  // namespace benchmark

namespace testing {

inline bool FLAGS_gtest_list_tests = false;
inline int tests = std::getenv("MINI_TESTS") ? 1 : 0;
inline bool failed = false;

#define GTEST_FLAG(name) FLAGS_gtest_##name

struct UnitTest {
  static UnitTest* GetInstance() {
    static UnitTest instance;
    return &instance;
  }
  int total_test_count() const { return tests; }
  bool Failed() const { return failed; }
};

inline void InitGoogleTest(int* argc, char** argv) {
  if (Has(*argc, argv, "--help")) std::puts("  --gtest_filter");
  FLAGS_gtest_list_tests = TakeOut(argc, argv, {"--gtest_list_tests"});
  TakeOut(argc, argv, {"--gtest_filter"});
}
inline void InitGoogleMock(int* argc, char** argv) {
  InitGoogleTest(argc, argv);
  TakeOut(argc, argv, {"--gmock_verbose"});
}

}  // namespace testing

inline int RUN_ALL_TESTS() {
  std::puts("tests ran");
  return testing::tests && std::strcmp(std::getenv("MINI_TESTS"), "fail") == 0 ? 1 : 0;
}

// The flags that llm_test.cc would declare, and its benchmarks.
inline absl::Flag<std::string> FLAGS_benchmark_method("benchmark_method", "decode or encode",
                                                      "decode", "mediapipe/some/llm_test.cc");
inline absl::Flag<std::string> FLAGS_elsewhere("elsewhere", "of a library", "", "absl/log/x.cc");

inline size_t benchmark::RunSpecifiedBenchmarks() {
  const char* what = std::getenv("MINI_BENCHMARKS");
  if (what != nullptr && std::strcmp(what, "none") == 0) return 0;
  std::printf("ran %s\n", FLAGS_benchmark_method.value.c_str());
  testing::failed = what != nullptr && std::strcmp(what, "fail") == 0;
  return 1;
}
