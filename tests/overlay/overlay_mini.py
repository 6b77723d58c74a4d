"""A miniature of MediaPipe: its shape and file names, in a few lines of our own, with a profile."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xnnkit.profile import load

PACKAGE = "mediapipe/tasks/cc/genai/inference/utils/xnn_utils"
COMMAND = f"bazel build -c opt --config=android_arm64 {PACKAGE}:llm_test"

MEDIAPIPE = {
    ".gitignore": "bazel-*\n.configure.bazelrc\n.user.bazelrc\n",
    ".bazelversion": "6.1.1\n",
    ".bazelrc": """\
build --define=absl=1
build:android --crosstool_top=//external:android/crosstool
build:android --host_crosstool_top=@bazel_tools//tools/cpp:toolchain
build:android --linkopt=-landroid
build:android --linkopt=-ldl
build:android --linkopt=-llog
build:android --linkopt=-lm
build:android_arm64 --config=android
build:android_arm64 --cpu=arm64-v8a
build:android_arm64 --fat_apk_cpu=arm64-v8a
try-import %workspace%/.configure.bazelrc
try-import %workspace%/.user.bazelrc
""",
    "WORKSPACE": 'workspace(name = "mediapipe")\n\n# Hundreds of lines that fetch the world.\n',
    "BUILD.bazel": "",
    "mediapipe/BUILD": """\
config_setting(
    name = "android",
    values = {"crosstool_top": "//external:android/crosstool"},
    visibility = ["//visibility:public"],
)
""",
    f"{PACKAGE}/BUILD": """\
cc_library(
    name = "port",
    srcs = ["port.cc"],
)

cc_test(
    name = "llm_test",
    srcs = ["llm_test.cc"],
    deps = [
        ":port",
        "@XNNPACK",
        "@org_tensorflow//:lite",
    ],
)
""",
    f"{PACKAGE}/port.cc": "int port = 1;\n",
    f"{PACKAGE}/llm_test.cc": """\
#include "xnn.h"
int main() { return xnn_answer() == 42 ? 0 : 1; }
""",
    "setup.sh": "#!/bin/sh\necho set up\n",
}

XNNPACK = {
    "xnn.h": "#pragma once\nint xnn_answer();\n",
    "xnn.cc": '#include "xnn.h"\nint xnn_answer() { return 42; }\n',
    "BUILD.bazel": """\
cc_library(
    name = "XNNPACK",
    srcs = ["xnn.cc"],
    hdrs = ["xnn.h"],
    includes = ["."],
    visibility = ["//visibility:public"],
)
""",
}

# As much of bazel_skylib as is loaded.
SKYLIB = {
    "BUILD.bazel": "",
    # Bazel's own Java rules, whose toolchains are looked through even by a C++ build, load it.
    "bzl_library.bzl": "def bzl_library(**_):\n    pass\n",
    "rules/BUILD.bazel": "",
    "rules/common_settings.bzl": """\
BuildSettingInfo = provider(fields = ["value"])

def _impl(ctx):
    return [BuildSettingInfo(value = ctx.build_setting_value)]

bool_flag = rule(implementation = _impl, build_setting = config.bool(flag = True))

def _string_impl(ctx):
    return [BuildSettingInfo(value = ctx.build_setting_value)]

string_flag = rule(
    implementation = _string_impl,
    build_setting = config.string(flag = True),
    attrs = {"values": attr.string_list()},
)
""",
}

PATCH = f"""\
schema_version = 1
applies_to = "mediapipe"
subject = "a miniature"
author = "xnnkit <xnnkit@xnnkit.invalid>"
date = 2026-11-21T00:00:00Z
description = "What a patch set does to MediaPipe, in small."

[[edit]]
id = "no-tensorflow"
file = "{PACKAGE}/BUILD"
op = "delete"
anchor = '@org_tensorflow//:lite'
why = "Nothing of it is used."

[[edit]]
id = "no-setup"
file = "setup.sh"
op = "delete-file"
why = "A file that goes."
"""

PROFILE = """\
schema_version = 1
name = "mini"
description = "a miniature of MediaPipe"
default_flavour = "upstream"
toolchains = {toolchains}
settings = ["--cxxopt=-std=c++17"]

[bazel]
version = "7.7.1"
minimum = "{minimum}"
below = "8.0.0"
debian = {{ package = "bazel-bootstrap", suite = "testing" }}

[benchmark]
name = "llm_test"
repository = "mediapipe"
package = "{package}"
target = "llm_test"
archive = "XNNPACK"

[[flavour]]
name = "upstream"
description = "as it is"
archives = {{ XNNPACK = "XNNPACK" }}
proof = {{}}

[[flavour]]
name = "other"
description = "patched"
archives = {{ XNNPACK = "XNNPACK" }}
patch_sets = ["xnnpack/mini"]
proof = {{}}

[[flavour]]
name = "kleidiai"
description = "not there"
unavailable = "its patch set is not written yet"
archives = {{ XNNPACK = "XNNPACK" }}
proof = {{}}

[[stub]]
name = "rules_cc"
files = "rules_cc"

[[stub]]
name = "rules_java"
files = "rules_java"

[[stub]]
name = "rules_proto"
files = "rules_proto"

[[stub]]
name = "rules_python"
files = "rules_python"

[[archive]]
name = "mediapipe"
commit = "{mediapipe}"
tree = "{mediapipe_tree}"
licence = "Apache-2.0"
patch_sets = ["mediapipe/mini"]

[[archive.origin]]
type = "git"
repository = "mini/mediapipe"
format = "tar.gz"
sha256 = "{zeros}"
size = 1
strip_prefix = "mediapipe"
{archives}
"""

ARCHIVE = """
[[archive]]
name = "{name}"
commit = "{commit}"
tree = "{tree}"
licence = "Apache-2.0"
{layout}

[[archive.origin]]
type = "git"
repository = "mini/{name}"
format = "tar.gz"
sha256 = "{sha256}"
size = {size}
strip_prefix = "{name}"
"""

TOOLCHAIN = """
[[toolchain]]
name = "zig"
version = "0.13.0"
host = "linux-x86_64"
licence = "MIT"

[[toolchain.origin]]
type = "http"
url = "https://example.org/zig.tar.gz"
sha256 = "{sha256}"
size = {size}
strip_prefix = "zig"
"""

XNNPACK_PATCH = """\
schema_version = 1
applies_to = "xnnpack"
subject = "a miniature"
author = "xnnkit <xnnkit@xnnkit.invalid>"
date = 2026-11-21T00:00:00Z
description = "Another flavour."

[[edit]]
id = "answer"
file = "xnn.cc"
op = "replace"
anchor = '42'
text = '6 * 7'
why = "The same answer, otherwise."
"""


@dataclass(frozen=True)
class Answer:
    """What a command line came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@dataclass(frozen=True)
class Mini:
    """The miniature: a checkout, the clones, the one file that is in none of them, and a home of
    xnnkit with a profile named mini.
    """

    checkout: Path
    git_root: Path
    distdir: Path
    home: Path


def git(root: Path, *arguments: str, date: str = "2024-06-18T12:00:00Z") -> str:
    """Run git in ``root`` and return what it printed; commits are made at ``date``."""
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    environment = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    return subprocess.run(
        ["git", *settings, *arguments],
        cwd=root,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def repository(root: Path, files: dict[str, str]) -> str:
    """Make a git repository of files; return its commit."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    git(root, "init", "-q", "-b", "master")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "a state")
    return git(root, "rev-parse", "HEAD")


def make(
    root: Path,
    project: Path,
    *,
    minimum: str = "6.1.0",
    toolchain: str = "",
    with_ndk: bool = False,
) -> Mini:
    """Make the miniature below ``root``.

    Args:
        root: an empty directory.
        project: xnnkit's own checkout; its rules and templates are used.
        minimum: the oldest Bazel that the profile allows.
        toolchain: [[toolchain]] tables; a stand-in that compiles nothing when empty.
        with_ndk: the profile can be built with an NDK, too.
    """
    git_root, home = root / "clones", root / "xnnkit"
    checkout = root / "mediapipe"
    commit = repository(checkout, MEDIAPIPE)
    archives, stand_in = "", ""
    stand_in_files = {"README": "No compiler.\n"}
    for name, files in (("XNNPACK", XNNPACK), ("bazel_skylib", SKYLIB), ("zig", stand_in_files)):
        clone = git_root / "mini" / name
        pins = {"name": name, "commit": repository(clone, files)}
        data = subprocess.run(
            f"git archive --format=tar --prefix={name}/ HEAD | gzip -cn",
            shell=True,
            cwd=clone,
            check=True,
            capture_output=True,
        ).stdout
        pins |= {
            "tree": git(clone, "rev-parse", "HEAD^{tree}"),
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": str(len(data)),
            "layout": 'layout = "workspace"' if name == "bazel_skylib" else "",
        }
        if name == "zig":
            stand_in = TOOLCHAIN.format(**pins)
            (root / "distdir").mkdir()
            (root / "distdir/zig.tar.gz").write_bytes(data)
        else:
            archives += ARCHIVE.format(**pins)
    home.mkdir()
    for name in ("rules", "benchmarks", "BUILD.bazel", "MODULE.bazel", "LICENSE", "WORKSPACE.tmpl"):
        (home / name).symlink_to(project / name)
    for name, text in (("mediapipe/mini", PATCH), ("xnnpack/mini", XNNPACK_PATCH)):
        (home / "patches" / name).mkdir(parents=True)
        (home / "patches" / name / "patch.toml").write_text(text)
    new = home / "patches/mediapipe/mini/files" / PACKAGE / "llm_test_main.cc"
    new.parent.mkdir(parents=True)
    new.write_text("int xnnkit_main = 1;\n")
    (home / "profiles").mkdir()
    shutil.copy(project / "profiles/xnnpack-2024-11.toml", home / "profiles")
    for name in ("switches", "build-identifier"):
        shutil.copytree(project / "patches/xnnpack" / name, home / "patches/xnnpack" / name)
    (home / "profiles/mini.toml").write_text(
        PROFILE.format(
            minimum=minimum,
            toolchains='["zig", "ndk"]' if with_ndk else '["zig"]',
            package=PACKAGE,
            mediapipe=commit,
            mediapipe_tree=git(checkout, "rev-parse", "HEAD^{tree}"),
            zeros="0" * 64,
            archives=archives + (toolchain or stand_in),
        )
    )
    os.environ["XNNKIT_HOME"] = str(home)
    load("mini")
    return Mini(checkout, git_root, root / "distdir", home)


def snapshot(root: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return every file of a directory but git's: path -> (bytes, mode, mtime in ns)."""
    return {
        path.relative_to(root).as_posix(): (
            path.read_bytes(),
            path.stat().st_mode,
            path.stat().st_mtime_ns,
        )
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }
