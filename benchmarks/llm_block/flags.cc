#include "flags.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

namespace llm_block {
namespace {

using Setter = std::function<void(Flags&, const std::string&)>;

[[noreturn]] void Refuse(const std::string& legal) { throw std::invalid_argument(legal); }

uint64_t ParseInteger(const std::string& text, uint64_t low, uint64_t high) {
  errno = 0;
  char* end = nullptr;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const unsigned long long value = digits ? std::strtoull(text.c_str(), &end, 10) : 0;
  if (!digits || errno != 0 || *end != '\0' || value < low || value > high) {
    Refuse("expected an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

double ParseTolerance(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value > 0.0 && value < 1.0)) {
    Refuse("expected a number between 0 and 1");
  }
  return value;
}

std::vector<size_t> ParseList(const std::string& text) {
  std::vector<size_t> list;
  for (size_t start = 0; start <= text.size();) {
    const size_t comma = std::min(text.find(',', start), text.size());
    list.push_back(ParseInteger(text.substr(start, comma - start), 1, 32768));
    start = comma + 1;
  }
  return list;
}

Setter Size(size_t Dims::*member, uint64_t low, uint64_t high, uint64_t multiple) {
  return [=](Flags& flags, const std::string& text) {
    const uint64_t value = ParseInteger(text, low, high);
    if (value % multiple != 0) Refuse("expected a multiple of " + std::to_string(multiple));
    flags.dims.*member = value;
  };
}

struct Flag {
  const char* help;
  Setter set;
};

const std::map<std::string, Flag>& Table() {
  static const auto* const table = new std::map<std::string, Flag>{
      {"benchmark_method",
       {"what is timed: encode (all tokens in one pass) or decode (one token after\n"
        "        a context that long); default decode",
        [](Flags& flags, const std::string& text) {
          if (text == "encode") {
            flags.method = Method::kEncode;
          } else if (text == "decode") {
            flags.method = Method::kDecode;
          } else {
            Refuse("expected encode or decode");
          }
        }}},
      {"num_threads",
       {"threads that compute; default 4",
        [](Flags& flags, const std::string& text) {
          flags.num_threads = ParseInteger(text, 1, 256);
        }}},
      {"model_dim",
       {"width of the residual stream, a multiple of 32; default 2048 (--verify: 256)",
        Size(&Dims::model, 32, 65536, 32)}},
      {"hidden_dim",
       {"width inside the feed-forward network, a multiple of 32; default 16384\n"
        "        (--verify: 1024)",
        Size(&Dims::hidden, 32, 65536, 32)}},
      {"num_heads",
       {"query heads, sharing one key/value head; default 8 (--verify: 4)",
        Size(&Dims::heads, 1, 256, 1)}},
      {"head_dim",
       {"channels of a head, a multiple of 32; default 256 (--verify: 64)",
        Size(&Dims::head, 32, 1024, 32)}},
      {"layers", {"blocks in a row; default 1", Size(&Dims::layers, 1, 64, 1)}},
      {"seq_lens",
       {"numbers of tokens, separated by commas, a benchmark each; default 64,512,1024\n"
        "        (--verify: 1,13,64)",
        [](Flags& flags, const std::string& text) { flags.seq_lens = ParseList(text); }}},
      {"seed",
       {"of weights and inputs; default 1",
        [](Flags& flags, const std::string& text) {
          flags.seed = ParseInteger(text, 0, UINT64_MAX);
        }}},
      {"verify",
       {"time nothing; compare each variant and method with a plain reference, print one\n"
        "        JSON object a line, exit 1 when one is outside its tolerance",
        [](Flags& flags, const std::string& text) {
          if (text != "" && text != "true" && text != "false") Refuse("expected true or false");
          flags.verify = text != "false";
        }}},
      {"linear_tolerance",
       {"--verify: largest relative error of a single fully connected layer, computed\n"
        "        again from the activations that XNNPACK had; default 0.001",
        [](Flags& flags, const std::string& text) {
          flags.linear_tolerance = ParseTolerance(text);
        }}},
      {"tolerance",
       {"--verify: largest relative error of the output against the reference whose\n"
        "        activations are int8, too; default 0.03",
        [](Flags& flags, const std::string& text) { flags.tolerance = ParseTolerance(text); }}},
      {"float_tolerance",
       {"--verify: the same against the reference with float activations; default 0.06",
        [](Flags& flags, const std::string& text) {
          flags.float_tolerance = ParseTolerance(text);
        }}},
  };
  return *table;
}

}  // namespace

Flags ParseFlags(int argc, const char* const* argv) {
  Flags flags;
  std::set<std::string> given;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string name =
        argument.compare(0, 2, "--") == 0 ? argument.substr(2, equals - 2) : std::string();
    const auto flag = Table().find(name);
    if (flag == Table().end()) {
      Refuse("unknown argument '" + argument + "'; --help lists the flags");
    }
    if (equals == std::string::npos && name != "verify") {
      Refuse("'" + argument + "' needs a value: " + argument + "=VALUE");
    }
    try {
      flag->second.set(flags, equals == std::string::npos ? "" : argument.substr(equals + 1));
    } catch (const std::invalid_argument& error) {
      Refuse("'" + argument + "': " + error.what());
    }
    given.insert(name);
  }
  if (flags.verify) {
    if (!given.count("model_dim")) flags.dims.model = 256;
    if (!given.count("hidden_dim")) flags.dims.hidden = 1024;
    if (!given.count("num_heads")) flags.dims.heads = 4;
    if (!given.count("head_dim")) flags.dims.head = 64;
    if (!given.count("seq_lens")) flags.seq_lens = {1, 13, 64};
  }
  return flags;
}

std::string FlagsHelp() {
  std::string help;
  for (const auto& [name, flag] : Table()) {
    help += "    --" + name + (name == "verify" ? "" : "=VALUE") + "\n        " + flag.help + "\n";
  }
  return help;
}

}  // namespace llm_block
