"""An NDK-shaped tree with bionic's own headers, from clones; still not Google's NDK.

    python tests/ndk/bionic.py OUT --zig DIR --libraries DIR --git-root DIR

As `assemble.py`, but the sysroot is bionic's: headers, and stub libraries generated from the symbol
maps, from a clone of aosp-mirror/platform_bionic; start-up objects from a clone of
PWN-Term/ndk-sysroot; libc++, libc++abi and libunwind compiled against those headers from zig's
copies of their sources. What it builds cannot run here: there is no bionic.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assemble import CLANG, HERE, LOG, TRIPLE, Assembly, parser, stub_source

API_LEVEL = 30
START_UP = "PWN-Term/ndk-sysroot"
BIONIC = "aosp-mirror/platform_bionic"

# As libc++ is configured in an NDK, as far as its sources here know these settings.
CONFIG_SITE = """#pragma once
#define _LIBCPP_ABI_NAMESPACE __ndk1
#define _LIBCPP_ABI_VERSION 1
#define _LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS
#define _LIBCPP_HARDENING_MODE _LIBCPP_HARDENING_MODE_NONE
#define _LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS
#define _LIBCPP_PSTL_CPU_BACKEND_SERIAL
#define _LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS
"""
CXX = [
    "-std=c++20",
    "-DNDEBUG",
    "-D_LIBCPP_BUILDING_LIBRARY",
    "-D_LIBCXXABI_BUILDING_LIBRARY",
    "-DLIBCXX_BUILDING_LIBCXXABI",
    "-DHAVE___CXA_THREAD_ATEXIT_IMPL",
    "-D_LIBCPP_ENABLE_CXX17_REMOVED_UNEXPECTED_FUNCTIONS",
    "-fvisibility=hidden",
    "-fvisibility-inlines-hidden",
]
EXCLUDED = {"cxa_noexception.cpp", "Unwind-seh.cpp", "Unwind_AIXExtras.cpp", "Unwind-EHABI.cpp"}
ARCHITECTURES = {"arm", "arm64", "riscv64", "x86", "x86_64"}
NOT_PUBLIC = {"apex", "llndk", "systemapi", "future"}


def exported(text: str, level: int) -> tuple[list[str], list[str]]:
    """Return the functions and the variables that an API level's stub library exports on arm64.

    Args:
        text: a symbol map, as in libc.map.txt.
        level: the API level.
    """
    functions, variables = [], []
    node_is_public, hidden = False, False
    for line in text.splitlines():
        code, _, comment = line.partition("#")
        tags = comment.split()
        public = not NOT_PUBLIC & set(tags) and _introduced(tags) <= level
        public = public and (not ARCHITECTURES & set(tags) or "arm64" in tags)
        code = code.strip()
        if match := re.fullmatch(r"(\w+) \{", code):
            node_is_public = public and not match[1].endswith(("_PRIVATE", "_PLATFORM"))
            hidden = False
        elif code == "local:":
            hidden = True
        elif (match := re.fullmatch(r"(\w+);", code)) and node_is_public and public and not hidden:
            (variables if "var" in tags else functions).append(match[1])
    return functions, variables


def _introduced(tags: list[str]) -> int:
    levels = dict(tag.split("=", 1) for tag in tags if tag.startswith("introduced"))
    value = levels.get("introduced-arm64", levels.get("introduced", "0"))
    return int(value) if value.isdigit() else 0


def clone(git_root: Path, repository: str) -> Path:
    """Return the git directory of OWNER/NAME below a git root."""
    owner, name = repository.split("/")
    for place in (f"{owner}/{name}", f"{owner}/{name}.git", f"{owner}+{name}/repo"):
        found = git_root / place
        if found.is_dir():
            return found / ".git" if (found / ".git").is_dir() else found
    raise FileNotFoundError(f"no clone of {repository} below {git_root}")


class BionicAssembly(Assembly):
    """A tree whose sysroot is bionic's.

    Args:
        out: the NDK's root to be.
        zig: a folder with the program ``zig`` and its ``lib``.
        libraries: a folder with zig's libcompiler_rt.a for aarch64-linux-musl.
        git_root: a folder of clones.
    """

    def __init__(self, out: Path, zig: Path, libraries: Path, git_root: Path) -> None:
        super().__init__(out, zig, libraries)
        self.git_root = git_root

    def copy_headers(self) -> None:
        """Lay bionic's, clang's and libc++'s headers out as the NDK does."""
        lib = self.zig / "lib"
        shutil.copytree(lib / "include", self.llvm / CLANG / "include")
        shutil.copytree(HERE / "headers/android", self.include / "android")
        with tempfile.TemporaryDirectory() as name:
            self._extract(BIONIC, ["libc/include", "libc/kernel"], Path(name))
            kernel = Path(name) / "libc/kernel"
            for folder in (kernel / "uapi", kernel / "android/uapi", Path(name) / "libc/include"):
                shutil.copytree(folder, self.include, dirs_exist_ok=True)
        for folder in self.include.glob("asm-*"):
            if folder.name == "asm-arm64":
                (self.include / TRIPLE).mkdir()
                (folder / "asm").rename(self.include / TRIPLE / "asm")
            if folder.name != "asm-generic":
                shutil.rmtree(folder)
        cxx = self.include / "c++/v1"
        for name in ("libcxx", "libcxxabi", "libunwind"):
            shutil.copytree(lib / name / "include", cxx, dirs_exist_ok=True)
        config = cxx / "__config"
        text = config.read_text()
        config.chmod(0o644)
        config.write_text("#include <__config_site>\n" + text)
        (cxx / "__config_site").write_text(CONFIG_SITE)

    def copy_libraries(self) -> None:
        """Compile libc++, libc++abi and the unwinder against bionic's headers."""
        runtime = self.llvm / CLANG / "lib/linux"
        (runtime / "aarch64").mkdir(parents=True)
        self.lib.mkdir(parents=True)
        builtins = runtime / "libclang_rt.builtins-aarch64-android.a"
        shutil.copyfile(self.libraries / "libcompiler_rt.a", builtins)
        lib = self.zig / "lib"
        private = [f"-I{lib}/libcxx/src", f"-I{lib}/libcxxabi/src", f"-I{lib}/libunwind/src"]
        sources = [*lib.glob("libcxx/src/*.cpp"), *lib.glob("libcxx/src/ryu/*.cpp")]
        sources += lib.glob("libcxx/src/filesystem/*.cpp")
        self._archive(self.lib / "libc++_static.a", sources, [*CXX, *private])
        self._archive(
            self.lib / "libc++abi.a", list(lib.glob("libcxxabi/src/*.cpp")), [*CXX, *private]
        )
        unwind = [p for p in lib.glob("libunwind/src/*") if p.suffix in (".c", ".cpp", ".S")]
        flags = ["-D_LIBUNWIND_IS_NATIVE_ONLY", "-fvisibility=hidden", *private]
        flags.append(f"-I{lib}/libunwind/include")
        self._archive(runtime / "aarch64/libunwind.a", unwind, flags)

    def make_stubs(self, scratch: Path) -> None:
        """Write the start-up objects and the stub libraries of one API level."""
        level = self.lib / str(API_LEVEL)
        level.mkdir()
        self._extract(START_UP, ["lib"], scratch)
        for name in ("crtbegin_dynamic.o", "crtend_android.o", "crtbegin_so.o", "crtend_so.o"):
            shutil.copyfile(scratch / "lib" / name, level / name)
        self._extract(BIONIC, [f"lib{n}/lib{n}.map.txt" for n in ("c", "m", "dl")], scratch)
        for name in ("c", "m", "dl"):
            text = (scratch / f"lib{name}/lib{name}.map.txt").read_text()
            functions, variables = exported(text, API_LEVEL)
            source = stub_source(functions, dict.fromkeys(variables, 8))
            self._link(source, level / f"lib{name}.so", scratch)
        self._link(stub_source(list(LOG), {}), level / "liblog.so", scratch)
        for name in ("libandroid.so", "libEGL.so", "libGLESv2.so"):
            self._link("", level / name, scratch)
        (level / "libc++.a").write_text("INPUT(-lc++_static -lc++abi)\n")

    def _extract(self, repository: str, paths: list[str], to: Path) -> None:
        git = f"--git-dir={clone(self.git_root, repository)}"
        done = subprocess.run(
            ["git", git, "archive", "HEAD", *paths], check=True, capture_output=True
        )
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
            tar.extractall(to, filter="data")

    def _archive(self, out: Path, sources: list[Path], flags: list[str]) -> None:
        with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(4) as pool:
            jobs = [
                pool.submit(self._compile, source, Path(name) / f"{source.stem}.o", flags)
                for source in sorted(sources)
                if source.name not in EXCLUDED
            ]
            made = [job.result() for job in jobs]
            subprocess.run(
                [str(self.llvm / "bin/llvm-ar"), "rcsD", str(out), *map(str, made)], check=True
            )

    def _compile(self, source: Path, out: Path, flags: list[str]) -> Path:
        # "-std" is for C++ only, and clang says so.
        language = [f for f in flags if source.suffix == ".cpp" or not f.startswith("-std")]
        command = [str(self.llvm / "bin/clang"), f"--target={TRIPLE}{API_LEVEL}", "-fPIC", "-O2"]
        command += ["-w", "-no-canonical-prefixes", f"--sysroot={self.llvm / 'sysroot'}"]
        command += [f"-resource-dir={self.llvm / CLANG}", *language, "-c", str(source)]
        command += ["-ffile-prefix-map=" + str(self.zig) + "=zig", "-o", str(out)]
        subprocess.run(command, check=True)
        return out


def main() -> None:
    """Read the command line and assemble."""
    arguments: argparse.ArgumentParser = parser(__doc__.splitlines()[0])
    arguments.add_argument("--git-root", type=Path, required=True, help="a folder of clones")
    given = arguments.parse_args()
    print(BionicAssembly(given.out, given.zig, given.libraries, given.git_root).run())


if __name__ == "__main__":
    main()
