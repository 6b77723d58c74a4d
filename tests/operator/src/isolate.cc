#include "isolate.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "finding.h"
#include "pages.h"

namespace operator_check {
namespace {

constexpr int kFound = 1;
constexpr int kWell = 0;

[[noreturn]] void Child(const Case& c, Fault fault, unsigned seconds, bool quiet, int out) {
  if (quiet) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
  }
  ReportFaultsTo(out);
  alarm(seconds);
  int code = kWell;
  std::string text;
  try {
    const Seen seen = Check(c, fault);
    text.assign(reinterpret_cast<const char*>(&seen), sizeof(seen));
  } catch (const std::exception& error) {
    text = error.what();
    code = kFound;
  }
  const ssize_t written = write(out, text.data(), text.size());
  _exit(written == static_cast<ssize_t>(text.size()) ? code : kFaulted);
}

std::string ReadAll(int from) {
  std::string all;
  char bytes[512];
  for (ssize_t n; (n = read(from, bytes, sizeof(bytes))) > 0;) {
    all.append(bytes, static_cast<size_t>(n));
  }
  return all;
}

}  // namespace

Outcome Isolated(const Case& c, Fault fault, unsigned seconds, bool quiet) {
  int ends[2];
  if (pipe(ends) != 0) {
    std::perror("pipe");
    std::exit(3);
  }
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) {
    std::perror("fork");
    std::exit(3);
  }
  if (child == 0) {
    close(ends[0]);
    Child(c, fault, seconds, quiet, ends[1]);
  }
  close(ends[1]);
  const std::string text = ReadAll(ends[0]);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  Outcome outcome;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == kWell && text.size() == sizeof(Seen)) {
    std::memcpy(&outcome.seen, text.data(), sizeof(Seen));
  } else if (code == kFound || code == kFaulted) {
    outcome.finding = text.empty() ? "the program ended and did not say why" : text;
  } else {
    outcome.finding = "the program was ended by signal " + std::to_string(WTERMSIG(status));
  }
  return outcome;
}

Case Shrink(const Case& failing, Fault fault, unsigned seconds, size_t tries) {
  Case smallest = failing;
  for (bool found = true; found;) {
    found = false;
    for (const Case& simpler : Simpler(smallest)) {
      if (tries-- == 0) return smallest;
      if (Isolated(simpler, fault, seconds, /*quiet=*/true).finding.empty()) continue;
      smallest = simpler;
      found = true;
      break;
    }
  }
  return smallest;
}

}  // namespace operator_check
