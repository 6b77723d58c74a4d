"""A miniature workspace for the rules: a program of our own in two flavours, and small archives."""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from xnnkit import paths
from xnnkit.bazel import Bazel
from xnnkit.profile import Profile
from xnnkit.profile.compiler import needed
from xnnkit.render.environment import render, starlark

MEMBER = b"what is in it\n"
FORMATS = ("tar.gz", "tar.xz", "zip", "whl", "deb")

FILES = {
    "flavours.bzl": """
load("@xnnkit//rules/flavour:defs.bzl", "flavoured_binary_rule")

def _switch_impl(_):
    return []

switch = rule(implementation = _switch_impl, build_setting = config.string(flag = True))

FAST = str(Label("//:fast"))

tiny_binary = flavoured_binary_rule({"slow": {FAST: "false"}, "fast": {FAST: "true"}})
""",
    "unequal/flavours.bzl": """
load("@xnnkit//rules/flavour:defs.bzl", "flavoured_binary_rule")

unequal_binary = flavoured_binary_rule({
    "slow": {},
    "fast": {str(Label("//:fast")): "true"},
})
""",
    "unequal/BUILD.bazel": """
load(":flavours.bzl", "unequal_binary")

unequal_binary(name = "unequal", binary = "//:tiny", flavour = "slow")
""",
    "BUILD.bazel": """
load("@xnnkit//rules/device:defs.bzl", "device_bench", "device_push")
load("@xnnkit//rules/elf:defs.bzl", "elf_test")
load("//:flavours.bzl", "switch", "tiny_binary")

switch(name = "fast", build_setting_default = "false")

config_setting(name = "is_fast", flag_values = {":fast": "true"})

cc_library(name = "shared", srcs = ["shared.cc"], hdrs = ["shared.h"])

cc_binary(
    name = "tiny",
    srcs = ["tiny.cc"] + select({
        ":is_fast": ["fast.cc"],
        "//conditions:default": ["slow.cc"],
    }),
    deps = [":shared"],
)

tiny_binary(name = "tiny_slow", binary = ":tiny", flavour = "slow")

tiny_binary(name = "tiny_fast", binary = ":tiny", flavour = "fast")

device_push(name = "push_fast", binaries = {":tiny_fast": "fast"}, profile = "it's small")

device_push(
    name = "push_slow",
    binaries = {":tiny_slow": "slow"},
    profile = "mine",
    profile_file = "profiles/mine.toml",
)

device_bench(
    name = "bench",
    binaries = {":tiny_fast": "fast", ":tiny_slow": "slow"},
    profile = "small",
    repetitions = 3,
)

elf_test(
    name = "slow_elf_test",
    binary = ":tiny_slow",
    forbidden = ["*fast_kernel*"],
    forbidden_strings = ["nowhere in it"],
    required = ["slow_kernel"],
)

elf_test(
    name = "fast_elf_test",
    binary = ":tiny_fast",
    forbidden = ["slow_*"],
    required = ["fast_*"],
)

elf_test(name = "forbidden_elf_test", binary = ":tiny_fast", forbidden = ["fast_*"])

elf_test(name = "required_elf_test", binary = ":tiny_slow", required = ["fast_*"])

elf_test(name = "machine_elf_test", binary = ":tiny_slow", machine = "x86_64")

elf_test(
    name = "string_elf_test",
    binary = ":tiny_slow",
    forbidden_strings = ["built redacted"],
)
""",
    "profiles/mine.toml": "# A profile of the user's.\n",
    "shared.h": "#pragma once\nint shared(int value);\n",
    "shared.cc": """
#include "shared.h"

#include <stdexcept>

int shared(int value) {
  try {
    if (value > 1) throw std::runtime_error("caught");
  } catch (const std::exception&) {
    return 40;
  }
  return value;
}
""",
    "tiny.cc": """
#include <cstdio>

#include "shared.h"

extern "C" int kernel();

int main(int argc, char**) {
  std::printf("kernel %d, shared %d, built " __DATE__ "\\n", kernel(), shared(argc + 1));
  return 0;
}
""",
    "slow.cc": """
extern "C" __attribute__((noinline)) int slow_kernel(int x) { return x + 1; }
extern "C" int kernel() { volatile int one = 1; return slow_kernel(one); }
""",
    "fast.cc": """
extern "C" __attribute__((noinline)) int fast_kernel(int x) { return x + 2; }
extern "C" int kernel() { volatile int one = 1; return fast_kernel(one); }
""",
    "overlay.BUILD": 'filegroup(name = "member", srcs = ["member.txt"])\n',
    "change.patch": """--- a/member.txt
+++ b/member.txt
@@ -1 +1 @@
-what is in it
+what is patched
""",
}


def tarball(mode: str, prefix: str = "top/") -> bytes:
    """Return a tar file, compressed as ``mode`` ("gz", "xz") says, with one member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{mode}") as tar:  # type: ignore[call-overload]
        info = tarfile.TarInfo(f"{prefix}member.txt")
        info.size = len(MEMBER)
        tar.addfile(info, io.BytesIO(MEMBER))
    return out.getvalue()


def archive_bytes(form: str) -> bytes:
    """Return an archive of one of FORMATS that holds ``top/member.txt``."""
    if form in ("tar.gz", "tar.xz"):
        return tarball(form.removeprefix("tar."))
    if form in ("zip", "whl"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("top/member.txt", MEMBER)
        return out.getvalue()
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": tarball("gz", "control/"),
        "data.tar.xz": tarball("xz", "./top/"),
    }
    packed = b"!<arch>\n"
    for name, data in members.items():
        packed += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        packed += data + b"\n" * (len(data) % 2)
    return packed


def put(cache: Path, data: bytes, name: str = "") -> str:
    """Put a blob into a cache under its own sha256, or under ``name``; return its own sha256."""
    own = hashlib.sha256(data).hexdigest()
    blob = cache / "sha256" / (name or own)[:2] / (name or own)
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(data)
    return own


def declare(name: str, form: str, sha256: str, *, location: str = "", **more: object) -> str:
    """Return the MODULE.bazel lines of one archive with one origin."""
    rows = "".join(f"    {key} = {starlark(value)},\n" for key, value in more.items())
    overlays = starlark({"//:overlay.BUILD": "BUILD.bazel"})
    return (
        f"archives.archive(\n    name = {starlark(name)},\n    overlays = {overlays},\n{rows})\n"
        f"archives.origin(\n    archive = {starlark(name)},\n"
        f'    type = "debian",\n    location = {starlark(location or "pool/" + name)},\n'
        f"    filename = {starlark(name + '.' + form)},\n    format = {starlark(form)},\n"
        f'    sha256 = {starlark(sha256)},\n    strip_prefix = "top",\n)\n'
    )


def archives(cache: Path) -> tuple[str, dict[str, str]]:
    """Fill a cache with small archives, good and bad.

    Returns:
        MODULE.bazel lines that declare them, and repository name -> pinned sha256.
    """
    text, pins = "", {}
    for form in FORMATS:
        name = "good_" + form.replace(".", "_")
        pins[name] = put(cache, archive_bytes(form))
        text += declare(name, form, pins[name])
    pins["patched"] = pins["good_tar_gz"]
    text += declare("patched", "tar.gz", pins["patched"], patches=["//:change.patch"])

    data = tarball("gz", "top/flipped-")
    pins["flipped"] = hashlib.sha256(data).hexdigest()
    put(cache, data[:40] + bytes([data[40] ^ 1]) + data[41:], pins["flipped"])
    text += declare("flipped", "tar.gz", pins["flipped"])

    # Other bytes than pinned, accepted by the user; and the same, with the accepted file damaged.
    other = lzma.compress(lzma.decompress(archive_bytes("tar.xz")), preset=0)
    for name, pin in (("accepted", "ac" * 32), ("accepted_flipped", "ad" * 32)):
        pins[name] = pin
        other += b"\0\0\0\0"  # xz allows padding: other bytes, the same content
        actual = put(cache, other)
        if name == "accepted_flipped":
            put(cache, other[:-1] + b"\1", actual)
        (cache / "accepted").mkdir(exist_ok=True)
        (cache / "accepted" / pin).write_text(f"{actual} by its tree\n")
        text += declare(name, "tar.xz", pin)

    # In no cache and on no server: a --distdir alone can have it, by its name.
    data = lzma.compress(lzma.decompress(archive_bytes("tar.xz")), preset=1)
    pins["brought"] = hashlib.sha256(data).hexdigest()
    text += declare("brought", "tar.xz", pins["brought"])
    distdir = cache.parent / "distdir"
    distdir.mkdir()
    (distdir / "brought.tar.xz").write_bytes(data)

    pins["absent"] = "ab" * 32
    text += declare("absent", "zip", pins["absent"], location="pool/a/absent_1.orig.zip")
    return text, pins


@dataclass(frozen=True)
class Workspace:
    """The workspace, how to start Bazel in it, and what its archives are pinned to."""

    root: Path
    output_base: Path
    bazel: Bazel
    pins: dict[str, str]

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a Bazel command and return its exit code and all its output."""
        log = self.root.parent / "bazel.log"
        code = self.bazel.run(arguments, cwd=self.root, log=log)
        return code, log.read_text(errors="replace")

    def repository(self, name: str) -> Path:
        """Return the directory of an archive's repository."""
        external = self.output_base / "external"
        (found,) = [p for p in external.iterdir() if p.name.endswith(f"archives~{name}")]
        return found


def write(root: Path, profile: Profile, cache: Path) -> dict[str, str]:
    """Write the workspace with its rules copied in; return repository name -> pinned sha256."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))
    home = paths.home()
    for name in ("MODULE.bazel", "BUILD.bazel"):
        (root / "xnnkit").mkdir(exist_ok=True)
        shutil.copyfile(home / name, root / "xnnkit" / name)
    shutil.copytree(
        home / "rules", root / "xnnkit/rules", ignore=shutil.ignore_patterns("__pycache__")
    )
    declared, pins = archives(cache)
    module = 'module(name = "miniature")\nbazel_dep(name = "xnnkit", version = "0.1.0")\n'
    module += 'local_path_override(module_name = "xnnkit", path = "xnnkit")\n'
    module += 'archives = use_extension("@xnnkit//rules/archive:extensions.bzl", "archives")\n'
    names = ", ".join(starlark(name) for name in sorted(pins))
    module += declared + f"use_repo(archives, {names})\n"
    module += 'zig = use_extension("@xnnkit//rules/toolchains/zig:extensions.bzl", "zig")\n'
    for origin in needed(profile).toolchain[0].origin:
        values = {
            "type": origin.type,
            "location": origin.location,
            "filename": origin.filename,
            "format": origin.archive_format,
            "sha256": origin.sha256,
            "strip_prefix": origin.strip_prefix,
        }
        rows = "".join(f"    {key} = {starlark(value)},\n" for key, value in values.items())
        module += f"zig.origin(\n{rows})\n"
    module += 'use_repo(zig, "zig_toolchains")\nregister_toolchains("@zig_toolchains//:all")\n'
    (root / "MODULE.bazel").write_text(module)
    (root / ".bazelignore").write_text("xnnkit\n.disk_cache\n")
    given = {"profile": profile, "layout": "module", "platform": "linux_arm64_musl"}
    (root / ".bazelrc").write_text(render("bazelrc.j2", **given))
    (root / "user.bazelrc").write_text(
        f"common --repo_env=XNNKIT_CACHE={cache}\n"
        f"common --repo_env=XNNKIT_DEBIAN_MIRROR=\n"
        f"common --repository_cache={root.parent / 'repository_cache'}\n"
    )
    return pins


def borrow(cache: Path, mine: Path, blob: Path) -> None:
    """Let ``mine`` serve a blob of the user's cache, and the libraries that zig compiled."""
    target = mine / blob.relative_to(cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(blob)
    (cache / "sysroot").mkdir(parents=True, exist_ok=True)
    (mine / "sysroot").symlink_to(cache / "sysroot")


def remove(root: Path) -> None:
    """Delete a directory even where Bazel took the write bits away."""
    for folder, _, _ in os.walk(root):
        os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(root)
