"""operator_check compiled again with GCC's address and undefined-behaviour sanitizers.

zig brings no runtime of AddressSanitizer, so the compilations that Bazel did for arm64 are repeated
with Debian's cross-compiler, which has one: same sources, same macros and include paths, other
compiler. Kernels in assembly are not instrumented; they keep the forbidden pages.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kernels import KLEIDIAI, STOCK
from rendered import Workspace
from xnnkit.device import Job
from xnnkit.device.qemu import Qemu
from xnnkit.elf import inspect, matching

PREFIX = "aarch64-linux-gnu-"
SYSROOT = Path("/usr/aarch64-linux-gnu")
# GCC takes a load of several bytes at any address for an error of alignment, Arm does not, and
# XNNPACK means it.
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize=alignment")
# The test's own handler is left to find what touches forbidden pages. Leaks are looked for by the
# test's allocator: LeakSanitizer stops threads with ptrace, which qemu has not.
OPTIONS = {
    "ASAN_OPTIONS": "handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigill=0:handle_sigfpe=0"
    ":detect_leaks=0",
    "UBSAN_OPTIONS": "print_stacktrace=0",
}
# What a compilation keeps of its command line: with a value of its own, and joined with it.
APART = ("-iquote", "-isystem", "-I", "-D", "-include")
JOINED = ("-I", "-D", "-std=", "-march=", "-fno-math-errno", "-ffast-math", "-U")


@dataclass(frozen=True)
class Compilation:
    """One source and the words that it is compiled with."""

    source: str
    flags: tuple[str, ...]


def compiler() -> str | None:
    """Return the C++ cross-compiler, or None."""
    return shutil.which(f"{PREFIX}g++") if SYSROOT.is_dir() else None


def reduced(words: Sequence[str]) -> Compilation:
    """Return what matters of a compilation's command line.

    Args:
        words: compiler, flags, ``-c SOURCE -o OBJECT``.
    """
    flags: list[str] = []
    source = ""
    rest = iter(words)
    for word in rest:
        if word == "-c":
            source = next(rest)
        elif word in APART:
            value = next(rest)
            # GCC has a C library and a C++ library of its own.
            if "~zig" not in value:
                flags += [word, value]
        elif word.startswith(JOINED) and "_LIBCPP" not in word:
            flags.append(word)
    return Compilation(source, tuple(flags))


def compilations(workspace: Workspace, target: str) -> list[Compilation]:
    """Return the compilations for arm64 of everything below a target that was built.

    Raises:
        XnnkitError: Bazel could not say.
    """
    options = workspace.request.repository_options()
    text = workspace.bazel.output(
        ["aquery", *options, "--output=jsonproto", f"mnemonic('CppCompile', deps({target}))"],
        cwd=workspace.root,
    )
    found: dict[str, Compilation] = {}
    for action in json.loads(text)["actions"]:
        if "aarch64-linux" in " ".join(action["arguments"]):
            one = reduced(action["arguments"])
            found[one.source] = one
    return list(found.values())


def build(workspace: Workspace, target: str, folder: Path, jobs: int = 2) -> Path:
    """Compile and link a target again, with sanitizers.

    Args:
        workspace: in which the target was built.
        target: its label.
        folder: where objects and program go.
        jobs: compilers at a time.

    Raises:
        AssertionError: a compilation or the link failed.
    """
    root = Path(workspace.bazel.output(["info", "execution_root"], cwd=workspace.root).strip())
    folder.mkdir(parents=True)

    def compile_one(numbered: tuple[int, Compilation]) -> Path:
        number, one = numbered
        out = folder / f"{number}.o"
        c = one.source.endswith((".c", ".S", ".s"))
        words = [f"{PREFIX}gcc" if c else f"{PREFIX}g++", *one.flags, *SANITIZERS]
        words += ["-O1", "-g1", "-fno-omit-frame-pointer", "-w", "-c", one.source, "-o", str(out)]
        done = subprocess.run(words, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, (one.source, done.stderr[-2000:])
        return out

    with ThreadPoolExecutor(jobs) as pool:
        objects = list(pool.map(compile_one, enumerate(compilations(workspace, target))))
    program = folder / "operator_check"
    words = [f"{PREFIX}g++", *SANITIZERS, *map(str, objects), "-o", str(program), "-lpthread"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return program


def entered(program: Path, *arguments: str, env: Mapping[str, str] | None = None) -> list[str]:
    """Run under qemu; return the kernels that were entered, stock ones and the patch set's."""
    traced = matching(inspect(program).names, STOCK, *KLEIDIAI)
    surroundings = {**(env or {}), **OPTIONS, "QEMU_LD_PREFIX": str(SYSROOT)}
    done = Qemu().run(Job(program, arguments, env=surroundings, trace=traced, timeout=600))
    assert done.code == 0, done.tail
    return [name for name, was in (done.entered or {}).items() if was]


def run(program: Path, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run under qemu; return the exit code and everything that was printed."""
    done = subprocess.run(
        ["qemu-aarch64", "-cpu", "max", "-L", str(SYSROOT), str(program), *arguments],
        env={
            **os.environ,
            **(env or {}),
            **OPTIONS,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=3000,
    )
    return done.returncode, done.stdout


def complaints(text: str) -> Iterator[str]:
    """Yield the lines in which a sanitizer complains."""
    for line in text.splitlines():
        if "runtime error:" in line or "ERROR: AddressSanitizer" in line:
            yield line
