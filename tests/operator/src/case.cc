#include "case.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <utility>

#include "random.h"

namespace operator_check {
namespace {

constexpr const char* kCaches[] = {"none", "soft", "hard", "key"};
constexpr size_t kMostBatch = 130;
constexpr size_t kMostSize = 65536;
constexpr size_t kMostWork =
    2000000;  // multiply-adds of a run; an emulator does some 10^7 a second

std::string Join(const std::vector<size_t>& numbers) {
  std::string text;
  for (size_t n : numbers) text += (text.empty() ? "" : ":") + std::to_string(n);
  return text;
}

bool Number(const std::string& text, uint64_t least, uint64_t most, uint64_t* value) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return false;
  *value = std::strtoull(text.c_str(), nullptr, 10);
  return *value >= least && *value <= most;
}

// A size that is interesting for tiles: small, or beside a multiple of a tile.
size_t Size(Random& random, size_t most) {
  if (random.Percent(30)) return random.Between(1, std::min<size_t>(20, most));
  static constexpr size_t kTiles[] = {4, 8, 16, 32, 64};
  const size_t tile = kTiles[random.Between(0, 4)];
  const size_t near = tile * random.Between(1, std::max<size_t>(1, most / tile));
  const size_t size = near + random.Between(0, 6) - std::min<size_t>(3, near);
  return std::clamp<size_t>(size, 1, most);
}

size_t Batch(Random& random) {
  if (random.Percent(25)) return 1;
  if (random.Percent(40)) return random.Between(2, 9);
  return random.Percent(60) ? random.Between(10, 40) : random.Between(41, kMostBatch);
}

}  // namespace

std::string Text(const Case& c) {
  std::string text = c.weights == Weights::kInt4 ? "int4" : "int8";
  const auto add = [&](const char* name, const std::string& value) {
    text += std::string(",") + name + "=" + value;
  };
  add("m", Join(c.batches));
  add("k", std::to_string(c.inputs));
  add("n", std::to_string(c.outputs));
  if (c.input_gap > 0) add("igap", std::to_string(c.input_gap));
  if (c.output_gap > 0) add("ogap", std::to_string(c.output_gap));
  if (c.weights == Weights::kInt4) add("zp", std::to_string(c.zero_point));
  if (c.transposed) text += ",transposed";
  if (c.bias) text += ",bias";
  if (c.low) text += ",low";
  if (c.high) text += ",high";
  if (c.convert) text += ",convert";
  add("threads", std::to_string(c.threads));
  add("cache", kCaches[static_cast<size_t>(c.cache)]);
  if (c.place == Place::kStart) text += ",start";
  if (c.starved) text += ",starved";
  add("seed", std::to_string(c.seed));
  return text;
}

std::string Parse(const std::string& text, Case* c) {
  *c = Case();
  c->bias = c->convert = false;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = std::min(word.find('='), word.size());
    const std::string name = word.substr(0, equals);
    const std::string value = equals < word.size() ? word.substr(equals + 1) : "";
    uint64_t number = 0;
    bool good = equals == word.size();
    if (word == "int4" || word == "int8") {
      c->weights = word == "int4" ? Weights::kInt4 : Weights::kInt8;
    } else if (word == "transposed") {
      c->transposed = true;
    } else if (word == "bias") {
      c->bias = true;
    } else if (word == "low") {
      c->low = true;
    } else if (word == "high") {
      c->high = true;
    } else if (word == "convert") {
      c->convert = true;
    } else if (word == "start") {
      c->place = Place::kStart;
    } else if (word == "starved") {
      c->starved = true;
    } else if (name == "m") {
      c->batches.clear();
      good = true;
      for (size_t at = 0; good && at <= value.size();) {
        const size_t colon = std::min(value.find(':', at), value.size());
        good = Number(value.substr(at, colon - at), 0, kMostSize, &number);
        c->batches.push_back(static_cast<size_t>(number));
        at = colon + 1;
      }
    } else if (name == "cache") {
      const auto found = std::find(std::begin(kCaches), std::end(kCaches), value);
      good = found != std::end(kCaches);
      c->cache = static_cast<Cache>(good ? found - std::begin(kCaches) : 0);
    } else if (name == "k") {
      good = Number(value, 1, kMostSize, &number);
      c->inputs = static_cast<size_t>(number);
    } else if (name == "n") {
      good = Number(value, 1, kMostSize, &number);
      c->outputs = static_cast<size_t>(number);
    } else if (name == "igap") {
      good = Number(value, 0, kMostSize, &number);
      c->input_gap = static_cast<size_t>(number);
    } else if (name == "ogap") {
      good = Number(value, 0, kMostSize, &number);
      c->output_gap = static_cast<size_t>(number);
    } else if (name == "zp") {
      good = Number(value, 0, 8, &number) && number % 8 == 0;
      c->zero_point = static_cast<int>(number);
    } else if (name == "threads") {
      good = Number(value, 1, 64, &number);
      c->threads = static_cast<size_t>(number);
    } else if (name == "seed") {
      good = Number(value, 0, UINT64_MAX, &c->seed);
    } else {
      good = false;
    }
    if (!good) return "'" + word + "' is not part of a case";
  }
  return "";
}

Case Draw(uint64_t seed) {
  Random random(seed, "case");
  Case c;
  c.seed = seed;
  c.weights = random.Percent(60) ? Weights::kInt4 : Weights::kInt8;
  c.zero_point = random.Percent(60) ? 8 : 0;
  c.batches = {Batch(random)};
  while (c.batches.size() < 4 && random.Percent(45)) {
    c.batches.push_back(random.Percent(6) ? 0 : Batch(random));
  }
  const size_t most = std::max<size_t>(1, *std::max_element(c.batches.begin(), c.batches.end()));
  c.outputs = Size(random, 160);
  // Long rows fill the 32-bit sums of the kernels; others must be cheap.
  const bool deep = random.Percent(4);
  c.inputs = deep ? 16384 - random.Between(0, 40) : Size(random, 330);
  if (c.inputs * c.outputs * most > kMostWork) {
    c.outputs = std::max<size_t>(1, kMostWork / (c.inputs * most));
  }
  if (random.Percent(40)) c.input_gap = random.Between(1, 9);
  if (random.Percent(40)) c.output_gap = random.Between(1, 9);
  c.transposed = random.Percent(25);
  c.bias = random.Percent(60);
  c.low = random.Percent(30);
  c.high = random.Percent(30);
  c.convert = random.Percent(60);
  c.threads = random.Percent(35) ? 4 : 1;
  if (random.Percent(40)) c.cache = static_cast<Cache>(random.Between(1, 3));
  c.place = random.Percent(70) ? Place::kEnd : Place::kStart;
  c.starved = random.Percent(15);
  return c;
}

std::vector<Case> Simpler(const Case& c) {
  std::vector<Case> all;
  const auto with = [&](const std::function<void(Case&)>& change) {
    Case simpler = c;
    change(simpler);
    if (Text(simpler) != Text(c)) all.push_back(std::move(simpler));
  };
  const auto lower = [&](size_t value, const std::function<void(Case&, size_t)>& set) {
    for (size_t smaller : {size_t{1}, value / 2, value - 1}) {
      if (smaller >= 1 && smaller < value) with([&](Case& s) { set(s, smaller); });
    }
  };
  if (c.batches.size() > 1) {
    for (size_t i = 0; i < c.batches.size(); ++i) {
      with([&](Case& s) { s.batches.erase(s.batches.begin() + static_cast<std::ptrdiff_t>(i)); });
    }
  }
  for (size_t i = 0; i < c.batches.size(); ++i) {
    if (c.batches[i] > 1) lower(c.batches[i], [&](Case& s, size_t m) { s.batches[i] = m; });
  }
  lower(c.inputs, [](Case& s, size_t k) { s.inputs = k; });
  lower(c.outputs, [](Case& s, size_t n) { s.outputs = n; });
  with([](Case& s) { s.threads = 1; });
  with([](Case& s) { s.cache = Cache::kNone; });
  with([](Case& s) { s.starved = false; });
  with([](Case& s) { s.convert = false; });
  with([](Case& s) { s.low = s.high = false; });
  with([](Case& s) { s.bias = false; });
  with([](Case& s) { s.transposed = false; });
  with([](Case& s) { s.input_gap = s.output_gap = 0; });
  with([](Case& s) { s.place = Place::kEnd; });
  return all;
}

}  // namespace operator_check
