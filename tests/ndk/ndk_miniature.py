"""Small workspaces that use the NDK toolchain, as MODULE.bazel and as WORKSPACE."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from xnnkit import paths
from xnnkit.bazel import Bazel

BAZELRC = """common --repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1
build --compilation_mode=opt
build --incompatible_strict_action_env
build --nostamp
try-import %workspace%/user.bazelrc
"""

PLATFORMS = """build --host_platform=@xnnkit//rules/platforms:linux_x86_64_musl
build --platforms=@xnnkit//rules/platforms:android_arm64
"""

MODULE = """module(name = "miniature")
bazel_dep(name = "xnnkit", version = "0.1.0")
local_path_override(module_name = "xnnkit", path = "xnnkit")
"""

NDK = """ndk = use_extension("@xnnkit//rules/toolchains/ndk:extensions.bzl", "ndk")
{tags}
use_repo(ndk, "ndk", "ndk_toolchains")
register_toolchains("@ndk_toolchains//:all")
"""

FILES = {
    "BUILD.bazel": """
cc_library(name = "shared", srcs = ["shared.cc"], hdrs = ["shared.h"])

cc_binary(name = "tiny", srcs = ["tiny.cc", "plain.c"], deps = [":shared"])

cc_binary(name = "libtiny.so", srcs = ["shared.cc", "shared.h"], linkshared = True)
""",
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
    "plain.c": "int plain(void) { return 2; }\n",
    "tiny.cc": """
#include <cstdio>

#include "shared.h"

extern "C" int plain();

int main(int argc, char**) {
  std::printf("plain %d, shared %d, built " __DATE__ "\\n", plain(), shared(argc + 1));
  return 0;
}
""",
}


@dataclass(frozen=True)
class Workspace:
    """A workspace and how to start Bazel in it."""

    root: Path
    bazel: Bazel
    output_base: Path

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a Bazel command and return its exit code and all its output."""
        log = self.output_base.parent / "bazel.log"
        code = self.bazel.run(arguments, cwd=self.root, log=log)
        return code, log.read_text(errors="replace")

    def output(self, *arguments: str) -> str:
        """Return what a Bazel command writes to stdout."""
        return self.bazel.output(list(arguments), cwd=self.root)

    def declare(self, tags: str, more: str = "") -> None:
        """Write MODULE.bazel with these tags of the extension ``ndk``, then ``more``."""
        (self.root / "MODULE.bazel").write_text(MODULE + NDK.format(tags=tags) + more)


def write(root: Path, cache: Path) -> None:
    """Write everything but MODULE.bazel, with the rules copied in."""
    for name, text in FILES.items():
        (root / name).write_text(text.lstrip("\n"))
    home = paths.home()
    (root / "xnnkit").mkdir(exist_ok=True)
    for name in ("MODULE.bazel", "BUILD.bazel"):
        shutil.copyfile(home / name, root / "xnnkit" / name)
    shutil.copytree(
        home / "rules", root / "xnnkit/rules", ignore=shutil.ignore_patterns("__pycache__")
    )
    (root / ".bazelignore").write_text("xnnkit\n")
    (root / ".bazelrc").write_text(
        "common --enable_bzlmod --noenable_workspace\n"
        "common --check_direct_dependencies=off --lockfile_mode=off\n" + PLATFORMS + BAZELRC
    )
    (root / "user.bazelrc").write_text(f"common --repo_env=XNNKIT_CACHE={cache}\n")
