"""musl's loader for arm64, from Debian, under the name that Android's has: for running tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import ndk_shape
from xnnkit import apt

# What a program of bionic may ask for and musl's libc has not; found as a library it needs.
ANDROID_ONLY = """
int __system_property_get(const char* name, char* value) { value[0] = 0; return 0; }
int __android_log_write(int priority, const char* tag, const char* text) { return 0; }
int __android_log_print(int priority, const char* tag, const char* format, ...) { return 0; }
int __android_log_vprint(int priority, const char* tag, const char* format, __builtin_va_list a) {
  return 0;
}
void __android_log_assert(const char* condition, const char* tag, const char* format, ...) {
  __builtin_trap();
}
"""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PROGRAMS = ("apt-get", "dpkg-deb", "qemu-aarch64")


def missing() -> str:
    """Return what this machine lacks for it, "" for nothing."""
    lacking = [name for name in PROGRAMS if not shutil.which(name)]
    if not KEYRING.is_file():
        lacking.append(str(KEYRING))
    if not apt.mirrors():
        lacking.append("a Debian mirror")
    return ", ".join(lacking)


def install(root: Path, scratch: Path) -> Path:
    """Put musl's loader at ``root/system/bin/linker64`` and return ``root``, for qemu's -L.

    apt verifies the package; nothing is installed on this machine.

    Args:
        root: the folder that stands for the device's root.
        scratch: an empty folder.
    """
    for folder in ("lists/partial", "archives/partial"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "status").touch()
    (scratch / "sources.list").write_text(
        f"deb [signed-by={KEYRING}] {apt.mirrors()[0]} stable main\n"
    )
    rows = [line for line in apt.configuration("Acquire") if "Post-Invoke" not in line]
    rows += [
        f'Dir::State "{scratch}";',
        f'Dir::State::status "{scratch}/status";',
        f'Dir::Cache "{scratch}";',
        f'Dir::Etc::sourcelist "{scratch}/sources.list";',
        'Dir::Etc::sourceparts "/dev/null";',
        'Dir::Etc::parts "/dev/null";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::Languages "none";',
        'APT::Architecture "arm64";',
        'APT::Architectures { "arm64"; };',
        'APT::Sandbox::User "";',
        'Debug::NoLocking "true";',
    ]
    (scratch / "apt.conf").write_text("\n".join(rows) + "\n")
    environment = {**os.environ, "APT_CONFIG": str(scratch / "apt.conf")}
    for command in (["update"], ["download", "musl"]):
        subprocess.run(
            ["apt-get", "-qq", *command], env=environment, cwd=scratch, check=True, timeout=600
        )
    (package,) = scratch.glob("musl_*.deb")
    subprocess.run(["dpkg-deb", "-x", str(package), str(scratch / "musl")], check=True)
    (loader,) = (scratch / "musl").rglob("libc.so")
    place = root / "system/bin/linker64"
    place.parent.mkdir(parents=True)
    shutil.copyfile(loader, place)
    place.chmod(0o755)
    return root


def add_liblog(root: Path, tree: Path, scratch: Path) -> None:
    """Put a liblog.so that says nothing into ``root``, compiled with an assembled tree's clang."""
    llvm = tree / ndk_shape.PREBUILT / "bin"
    source, made = scratch / "log.c", scratch / "log.o"
    source.write_text(ANDROID_ONLY)
    target = "--target=aarch64-linux-android30"
    subprocess.run(
        [str(llvm / "clang"), target, "-fPIC", "-O1", "-c", str(source), "-o", str(made)],
        check=True,
    )
    (root / "lib").mkdir()
    library = root / "lib/liblog.so"
    subprocess.run(
        [str(llvm / "ld.lld"), "-shared", "-soname", "liblog.so", str(made), "-o", str(library)],
        check=True,
    )
