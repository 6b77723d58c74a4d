"""Assemble an NDK-*shaped* tree that compiles and links; it is not Google's NDK, nor parts of it.

    python tests/ndk/assemble.py OUT --zig DIR --libraries DIR [--level 30]

What stands where, against a real NDK:

* ``bin/clang``, ``ld.lld``, ``llvm-ar``: zig's (clang 18), started by wrappers; a real NDK has
  its own clang there. The command lines, and what clang's driver makes of them, are the same.
* ``sysroot/usr/include``: musl's headers from zig, and four headers of ours that only Android has
  (`headers/`); a real NDK has bionic's.
* ``libc.so``: a stub that only names musl's symbols; ``libm.so``, ``libdl.so``: empty, as musl
  has all of it in libc; ``liblog.so`` and the like: stubs. A real NDK's are stubs too, of bionic.
* ``crtbegin_dynamic.o``: ours, in assembly; it starts a program under musl's loader.
* ``libc++_static.a``, ``libc++abi.a``, ``libunwind.a``, builtins: zig's builds for musl.

So a program built with it is a position-independent executable that asks for
``/system/bin/linker64``, with libc++ inside, and runs where musl's loader has that name.
"""

from __future__ import annotations

import argparse
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import ndk_shape

HERE = Path(__file__).resolve().parent
CLANG = "lib/clang/18"
TRIPLE = "aarch64-linux-android"
LEVELS = range(21, 36)
REVISION = ndk_shape.R26D

# Resolved to the tree itself, because an action sees links to it, and PATH is the action's.
WRAPPER = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/clang-18" {command} "$@"
"""
TOOLS = {
    "clang": "clang",
    "clang++": "clang --driver-mode=g++",
    "ld.lld": "ld.lld",
    "lld": "ld.lld",
    "llvm-ar": "ar",
    "llvm-objcopy": "objcopy",
}

# As zig configures libc++ for musl: its objects were compiled so.
CONFIG_SITE = """#pragma once
#define _LIBCPP_ABI_NAMESPACE __1
#define _LIBCPP_ABI_VERSION 1
#define _LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS
#define _LIBCPP_HARDENING_MODE _LIBCPP_HARDENING_MODE_NONE
#define _LIBCPP_HAS_MUSL_LIBC
#define _LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS
#define _LIBCPP_PSTL_CPU_BACKEND_SERIAL
#define _LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS
"""

BIONIC_CLOCK = "#    if defined(__ANDROID__) && __ANDROID_API__ >= 30"

# What libc exports that is no function, with sizes in bytes.
OBJECTS = {
    "__environ": 8,
    "__signgam": 4,
    "_ns_flagdata": 128,
    "daylight": 4,
    "environ": 8,
    "in6addr_any": 16,
    "in6addr_loopback": 16,
    "optarg": 8,
    "opterr": 4,
    "optind": 4,
    "optopt": 4,
    "signgam": 4,
    "stderr": 8,
    "stdin": 8,
    "stdout": 8,
    "timezone": 8,
    "tzname": 16,
}

# What bionic's libc has and musl's has not, as far as `headers/` declares it.
BIONIC_ONLY = ("__system_property_get",)

LOG = ("__android_log_assert", "__android_log_print", "__android_log_vprint", "__android_log_write")

START = """
.section .text
.globl _start
.type _start, %function
_start:
  mov x29, #0
  mov x30, #0
  mov x8, sp
  ldr x1, [x8]
  add x2, x8, #8
  adrp x0, :got:main
  ldr x0, [x0, :got_lo12:main]
  mov x3, #0
  mov x4, #0
  mov x5, #0
  and sp, x8, #-16
  b __libc_start_main
.section .data.rel.ro, "aw"
.globl __dso_handle
.hidden __dso_handle
.p2align 3
__dso_handle: .xword __dso_handle
.section .note.GNU-stack, "", %progbits
"""


def archive_symbols(path: Path) -> list[str]:
    """Return the names in the symbol index of a GNU ar archive.

    Args:
        path: the archive; its first member must be the index.
    """
    data = path.read_bytes()
    if data[:8] != b"!<arch>\n" or data[8:24].strip() != b"/":
        raise ValueError(f"{path} has no symbol index")
    index = data[68 : 68 + int(data[56:66])]
    (count,) = struct.unpack_from(">I", index)
    return sorted({name.decode() for name in index[4 + 4 * count :].split(b"\0")[:count]})


def stub_source(functions: list[str], objects: dict[str, int]) -> str:
    """Return assembly that defines names and nothing behind them."""
    lines = [".text"]
    for name in functions:
        lines += [f".globl {name}", f".type {name}, %function", f"{name}: ret"]
    lines.append(".bss")
    for name, size in objects.items():
        lines += [f".globl {name}", f".type {name}, %object", f".size {name}, {size}"]
        lines += [".p2align 3", f"{name}: .zero {size}"]
    return "\n".join([*lines, '.section .note.GNU-stack, "", %progbits', ""])


class Assembly:
    """One tree in the making.

    Args:
        out: the NDK's root to be.
        zig: a folder with the program ``zig`` and its ``lib``.
        libraries: a folder with zig's static libraries for aarch64-linux-musl.
    """

    def __init__(self, out: Path, zig: Path, libraries: Path) -> None:
        self.out = out
        self.zig = zig
        self.libraries = libraries
        self.llvm = out / ndk_shape.PREBUILT
        self.include = self.llvm / "sysroot/usr/include"
        self.lib = self.llvm / ndk_shape.LIBRARIES

    def run(self) -> Path:
        """Write the whole tree and return its root."""
        self.out.mkdir(parents=True)
        (self.out / "source.properties").write_text(
            "Pkg.Desc = NDK-shaped tree for the tests of xnnkit, not Google's NDK\n"
            f"Pkg.Revision = {REVISION}\n"
        )
        self.write_tools()
        self.copy_headers()
        self.copy_libraries()
        with tempfile.TemporaryDirectory() as scratch:
            self.make_stubs(Path(scratch))
        return self.out

    def write_tools(self) -> None:
        """Put zig in as clang-18, with a wrapper for each tool."""
        folder = self.llvm / "bin"
        folder.mkdir(parents=True)
        try:
            os.link(self.zig / "zig", folder / "clang-18")
        except OSError:
            shutil.copyfile(self.zig / "zig", folder / "clang-18")
        (folder / "clang-18").chmod(0o755)
        for name, command in TOOLS.items():
            (folder / name).write_text(WRAPPER.format(command=command))
            (folder / name).chmod(0o755)
        (folder / "llvm-strip").symlink_to("llvm-objcopy")

    def copy_headers(self) -> None:
        """Lay musl's, the kernel's, clang's, libc++'s and our own headers out as the NDK does."""
        lib = self.zig / "lib"
        shutil.copytree(lib / "include", self.llvm / CLANG / "include")
        libc = lib / "libc/include"
        for name in ("any-linux-any", "generic-musl", "aarch64-linux-musl"):
            shutil.copytree(libc / name, self.include, dirs_exist_ok=True)
        shutil.copytree(libc / "aarch64-linux-any", self.include / TRIPLE)
        shutil.copytree(HERE / "headers", self.include, dirs_exist_ok=True)
        cxx = self.include / "c++/v1"
        for name in ("libcxx", "libcxxabi", "libunwind"):
            shutil.copytree(lib / name / "include", cxx, dirs_exist_ok=True)
        (cxx / "__config_site").write_text(CONFIG_SITE)
        config = cxx / "__config"
        text = config.read_text()
        config.chmod(0o644)
        # libc++ expects bionic where it sees Android; its locales and clocks here are musl's.
        config.write_text("#include <__config_site>\n" + text.replace(BIONIC_CLOCK, "#if 0"))
        locale = cxx / "__support/android/locale_bionic.h"
        locale.chmod(0o644)
        locale.write_text("#include <__support/musl/xlocale.h>\n")

    def copy_libraries(self) -> None:
        """Put libc++, the unwinder and the builtins where the NDK has them."""
        runtime = self.llvm / CLANG / "lib/linux"
        (runtime / "aarch64").mkdir(parents=True)
        self.lib.mkdir(parents=True)
        builtins = runtime / "libclang_rt.builtins-aarch64-android.a"
        shutil.copyfile(self.libraries / "libcompiler_rt.a", builtins)
        shutil.copyfile(self.libraries / "libunwind.a", runtime / "aarch64/libunwind.a")
        shutil.copyfile(self.libraries / "libc++.a", self.lib / "libc++_static.a")
        shutil.copyfile(self.libraries / "libc++abi.a", self.lib / "libc++abi.a")

    def make_stubs(self, scratch: Path) -> None:
        """Write each API level's start-up objects and stub libraries."""
        names = [n for n in archive_symbols(self.libraries / "libc.a") if n.isidentifier()]
        functions = [n for n in names if n not in OBJECTS and n not in ("_init", "_fini")]
        functions += BIONIC_ONLY
        objects = {n: size for n, size in OBJECTS.items() if n in names}
        first = self.lib / str(LEVELS[0])
        first.mkdir()
        self._assemble(START, first / "crtbegin_dynamic.o", scratch)
        for name in ("crtend_android.o", "crtbegin_so.o", "crtend_so.o"):
            self._assemble("", first / name, scratch)
        self._link(stub_source(functions, objects), first / "libc.so", scratch)
        self._link(stub_source(list(LOG), {}), first / "liblog.so", scratch)
        for name in ("libandroid.so", "libdl.so", "libEGL.so", "libGLESv2.so", "libm.so"):
            self._link("", first / name, scratch)
        (first / "libc++.a").write_text("INPUT(-lc++_static -lc++abi)\n")
        for level in LEVELS[1:]:
            shutil.copytree(first, self.lib / str(level))

    def _assemble(self, source: str, out: Path, scratch: Path) -> None:
        file = scratch / (out.name + ".s")
        file.write_text(source)
        target = f"--target={TRIPLE}{LEVELS[0]}"
        self._zig("clang", target, "-no-canonical-prefixes", "-c", str(file), "-o", str(out))

    def _link(self, source: str, out: Path, scratch: Path) -> None:
        self._assemble(source, scratch / (out.name + ".o"), scratch)
        made = str(scratch / (out.name + ".o"))
        self._zig("ld.lld", "-shared", "-soname", out.name, made, "-o", str(out))

    def _zig(self, *arguments: str) -> None:
        subprocess.run([str(self.zig / "zig"), *arguments], check=True)


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser of the options that every assembly has."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("out", type=Path, help="the folder to make")
    made.add_argument("--zig", type=Path, required=True, help="a folder with zig and its lib")
    made.add_argument(
        "--libraries", type=Path, required=True, help="zig's libraries for aarch64-linux-musl"
    )
    return made


def main() -> None:
    """Read the command line and assemble."""
    given = parser(__doc__.splitlines()[0]).parse_args()
    print(Assembly(given.out, given.zig, given.libraries).run())


if __name__ == "__main__":
    main()
