"""A small workspace that uses all a compiler can reach, and the weapons to be used against it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import miniature
import witness
from xnnkit.bazel import Bazel

TARGETS = ("//:tiny_fast", "//hermetic:probe")

# A tool that runs during the build (so the compiler of the host's platform is used, too), a
# generated header, C, C++, assembly, libraries by name. A poisoned header is an error.
FILES = {
    "hermetic/BUILD.bazel": """
cc_binary(name = "tool", srcs = ["tool.cc"], linkopts = ["-lm", "-lpthread"])

genrule(
    name = "generated",
    srcs = ["words.txt"],
    outs = ["generated.h"],
    cmd = "sort $(location words.txt) | $(location :tool) > $@",
    tools = [":tool"],
)

cc_binary(
    name = "probe",
    srcs = ["part.c", "probe.cc", "start.S", ":generated"],
    linkopts = ["-lm", "-lpthread", "-ldl"],
)

cc_binary(name = "needs_host_library", srcs = ["part.c"], linkopts = ["-lonlyhere"])

cc_binary(name = "needs_host_header", srcs = ["needs.c"])
""",
    "hermetic/words.txt": "beta\nalpha\nGamma\nzeta\nBeta\n",
    "hermetic/tool.cc": """
#include <cmath>
#include <iostream>
#include <string>
#if __has_include(<poison.h>)
#include <poison.h>
#endif
#ifdef POISONED
#error poisoned
#endif

int main() {
  std::string word;
  while (std::cin >> word) {
    std::cout << "// " << word << " " << std::sqrt(double(word.size())) << "\\n";
  }
  std::cout << "#define WORDS 5\\n";
}
""",
    "hermetic/part.c": """
#include <math.h>
#include <stdio.h>
#if __has_include(<poison.h>)
#include <poison.h>
#endif
#ifdef POISONED
#error poisoned
#endif

double part(double x) { return sqrt(x) + printf("part of " __FILE__ " at " __DATE__ "\\n"); }
#ifndef PROBE
int main(void) { return 0; }
#endif
""",
    "hermetic/needs.c": "#include <poison.h>\nint main(void) { return 0; }\n",
    "hermetic/probe.cc": """
#include <cstdio>
#include <map>
#include <string>
#include "hermetic/generated.h"
#if __has_include(<poison.h>)
#include <poison.h>
#endif
#ifdef POISONED
#error poisoned
#endif

extern "C" double part(double);
extern "C" int start();

int main(int argc, char**) {
  std::map<std::string, int> found{{"a", argc}, {"b", WORDS}};
  std::printf("%s %f %d\\n", __FILE__, part(found["b"]), start());
}
""",
    "hermetic/start.S": """
.globl start
.type start, %function
start:
  mov w0, #7
  ret
.size start, .-start
.section .note.GNU-stack, "", %progbits
""",
}
FILES["hermetic/BUILD.bazel"] = FILES["hermetic/BUILD.bazel"].replace(
    '    name = "probe",\n', '    name = "probe",\n    copts = ["-DPROBE"],\n', 1
)

POISON = "#error poisoned\n"
HEADERS = ("poison.h", "stdio.h", "math.h", "cstdio", "map", "string", "stddef.h", "features.h")

PROGRAMS = (
    *(
        "ar",
        "as",
        "c++",
        "cc",
        "clang",
        "clang++",
        "cpp",
        "cp",
        "g++",
        "gcc",
        "git",
        "ld",
        "ld.lld",
    ),
    *("lld", "llvm-ar", "make", "objcopy", "patch", "perl", "python", "python3", "sha256sum"),
    *("sort", "strip", "tar", "unzip", "zig"),
)


HOSTILE_RC = (
    "startup --host_jvm_args=-Dpoisoned=yes\n"
    "build --copt=-DPOISONED --copt=-O0 --linkopt=-lpoisoned --compilation_mode=dbg\n"
    "build --action_env=CPATH=/nonexistent --stamp --strip=always\n"
    "build --this_option_does_not_exist\n"
)


@dataclass(frozen=True)
class Attacked:
    """The workspace, its Bazel, the untouched build's hashes, and what its witness saw."""

    workspace: miniature.Workspace
    expected: dict[str, str]
    before: dict[str, str]

    def with_bazel(self, bazel: Bazel) -> Attacked:
        """Return it with another way to start Bazel."""
        return replace(self, workspace=replace(self.workspace, bazel=bazel))

    def build(self, *options: str) -> dict[str, str]:
        """Build everything again from the sources; return target -> sha256."""
        code, text = self.workspace.run("clean")
        assert code == 0, text[-2000:]
        targets = (*TARGETS, witness.TARGET)
        code, text = self.workspace.run("build", "--disk_cache=", *options, *targets)
        assert code == 0, text[-4000:]
        return self.hashes()

    def log(self) -> str:
        """Return what Bazel wrote of its last command."""
        return (self.workspace.root.parent / "bazel.log").read_text(errors="replace")

    def action(self) -> dict[str, str]:
        """Return what an unhermetic action of the last build saw, its variables among it."""
        return witness.saw(self.workspace, "action")

    def repository(self) -> dict[str, str]:
        """Return what an unhermetic repository rule saw, its variables among it."""
        return witness.saw(self.workspace, "repository")

    def hashes(self) -> dict[str, str]:
        """Return the sha256 of what was built."""
        found = {}
        for target in TARGETS:
            name = target.removeprefix("//").replace(":", "/").strip("/")
            data = (self.workspace.root / "bazel-bin" / name).read_bytes()
            found[target] = hashlib.sha256(data).hexdigest()
        return found


def write(root: Path) -> None:
    """Add the packages ``hermetic`` and ``witness`` to a miniature workspace."""
    witness.write(root)
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))


def poison_headers(folder: Path) -> Path:
    """Fill a folder with headers that no build may see."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in HEADERS:
        (folder / name).unlink(missing_ok=True)  # never through a hard link
        (folder / name).write_text(POISON)
    return folder


def poison_libraries(folder: Path, names: Iterable[str] = ("m", "c", "pthread", "dl")) -> Path:
    """Fill a folder with libraries that no link may see, and one that exists nowhere else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"lib{name}.a").unlink(missing_ok=True)
        (folder / f"lib{name}.a").write_text("this is no library\n")
    (folder / "libonlyhere.a").write_text("!<arch>\n")
    return folder


def fake_programs(folder: Path, trace: Path) -> Path:
    """Make programs that say they were started, and fail."""
    folder.mkdir()
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {trace}\nexit 97\n')
        program.chmod(0o755)
    return folder


def hard_copy(source: Path, target: Path) -> Path:
    """Copy a tree by hard links where the file system has them; new files then harm nobody."""

    def one(a: str, b: str) -> None:
        try:
            os.link(a, b, follow_symlinks=False)
        except OSError:
            shutil.copy2(a, b, follow_symlinks=False)

    shutil.copytree(source, target, symlinks=True, copy_function=one)
    return target


def inside(bazel: Bazel, *options: str) -> Bazel:
    """Return a Bazel that starts with more options of bubblewrap, after those it has."""
    if bazel.program[0] == "bwrap":
        end = bazel.program.index("--")
        program = (*bazel.program[:end], *options, *bazel.program[end:])
    else:
        program = ("bwrap", "--dev-bind", "/", "/", *options, "--", *bazel.program)
    return replace(bazel, program=program)


def usr_of(bazel: Bazel) -> Path:
    """Return the folder that is /usr for this Bazel's actions."""
    words: Sequence[str] = bazel.program
    for at, word in enumerate(words):
        if word == "/usr":
            return Path(words[at - 1])
    return Path("/usr")


def hostile_variables(modules: Path) -> dict[str, str]:
    """Return variables that tools of a build listen to, with values that would harm.

    Args:
        modules: a folder to make, with Python modules that end whoever imports them.
    """
    modules.mkdir()
    for name in ("sitecustomize", "os", "re"):
        (modules / f"{name}.py").write_text("raise SystemExit('poisoned')\n")
    library = next(Path("/usr/lib").glob("*/libdl.so.2"), None) or Path("/lib64/libdl.so.2")
    return {
        "CC": "/nonexistent/cc",
        "CXX": "/nonexistent/c++",
        "CFLAGS": "-O0 -DPOISONED",
        "CXXFLAGS": "-O0 -DPOISONED",
        "CPPFLAGS": "-DPOISONED",
        "LDFLAGS": "-Wl,--poisoned",
        "BAZEL_COMPILER": "/nonexistent/cc",
        "BAZEL_CXXOPTS": "-DPOISONED",
        "BAZEL_LINKOPTS": "-lpoisoned",
        "BAZEL_LINKLIBS": "-lpoisoned",
        "BAZEL_CONLYOPTS": "-DPOISONED",
        "BAZEL_HOST_SYSTEM": "poisoned",
        "LD_PRELOAD": str(library),
        "SOURCE_DATE_EPOCH": "1",
        "ZERO_AR_DATE": "1",
        "LC_ALL": "C",
        "LANG": "tr_TR.UTF-8",
        "LANGUAGE": "tr",
        "TZ": "CHADT-13:45",
        "PYTHONPATH": str(modules),
        "PYTHONHOME": "/nonexistent",
        "PYTHONSTARTUP": str(modules / "os.py"),
        "GIT_DIR": "/nonexistent",
        "GIT_WORK_TREE": "/nonexistent",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.autocrlf",
        "GIT_CONFIG_VALUE_0": "true",
        "GZIP": "-1",
        "TAR_OPTIONS": "--poisoned",
        "BASH_ENV": str(modules / "os.py"),
        "ENV": str(modules / "os.py"),
        "POSIXLY_CORRECT": "1",
        "GREP_OPTIONS": "--poisoned",
        "ZIG_LIB_DIR": "/nonexistent",
        "ZIG_GLOBAL_CACHE_DIR": "/nonexistent",
        "CLANG_CONFIG_FILE_USER_DIR": str(modules),
        "LLVM_SYMBOLIZER_PATH": "/nonexistent",
        "MAKEFLAGS": "-j99",
        "USER": "poisoned",
        "HOSTNAME": "poisoned",
    }


def another_distribution(etc: Path) -> None:
    """Make a copy of /etc that of openSUSE, as far as clang looks."""
    for name in ("os-release", "debian_version", "lsb-release"):
        (etc / name).unlink(missing_ok=True)
    (etc / "os-release").write_text('ID="opensuse-leap"\nVERSION_ID="15.6"\n')
    (etc / "SuSE-release").write_text("SUSE 15\nVERSION = 15\n")
