"""A build in small: a profile, two archives, a patch set, a compiler that is none; no Bazel runs.

Everything but Bazel is the project's own: archives are fetched and verified, patches rendered, the
workspace written, programs placed and proved, ``build.json`` written.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tiny_elf import Tiny
from xnnkit import profile
from xnnkit.archives import tree
from xnnkit.bazel import Bazel
from xnnkit.build import build as library
from xnnkit.build.prepare import prepare
from xnnkit.build.request import Options, Sources

NAME = "small"

# What the fixture ``run`` gives: arguments to exit code, stdout, stderr.
Run = Callable[..., tuple[int, str, str]]

PROFILE = """\
schema_version = 1
name = "small"
description = "a build in small"
default_flavour = "upstream"
toolchains = ["zig", "ndk"]
settings = ["--cxxopt=-std=c++17"]

[bazel]
version = "7.7.1"
minimum = "7.4.0"
below = "8.0.0"

[benchmark]
name = "bench"
source = "benchmarks/bench"
package = "bench"
target = "bench"
archive = "XNNPACK"

[[flavour]]
name = "upstream"
description = "plain"
archives = {{ XNNPACK = "XNNPACK" }}
patch_sets = ["xnnpack/answer"]
switches = {{ fast = false }}
proof = {{ forbidden = ["kai_*"] }}

[[flavour]]
name = "kleidiai"
description = "with KleidiAI"
archives = {{ XNNPACK = "XNNPACK" }}
patch_sets = ["xnnpack/answer"]
switches = {{ fast = true }}
proof = {{}}

[[archive]]
name = "XNNPACK"
commit = "{commit}"
tree = "{XNNPACK_tree}"
licence = "BSD-3-Clause"

[[archive.origin]]
type = "http"
url = "https://example.org/xnnpack.tar.gz"
sha256 = "{XNNPACK_sha256}"
size = {XNNPACK_size}
strip_prefix = "XNNPACK"

[[archive]]
name = "KleidiAI"
commit = "{commit}"
tree = "{KleidiAI_tree}"
licence = "Apache-2.0 AND BSD-3-Clause"
overlay = "KleidiAI"

[[archive.origin]]
type = "git"
repository = "arm/KleidiAI"
format = "tar.gz"
sha256 = "{KleidiAI_sha256}"
size = {KleidiAI_size}
strip_prefix = "KleidiAI"

[[toolchain]]
name = "zig"
version = "0.13.0"
host = "linux-x86_64"
licence = "MIT"

[[toolchain.origin]]
type = "http"
url = "https://example.org/zig.tar.gz"
sha256 = "{zig_sha256}"
size = {zig_size}
strip_prefix = "zig"

[[toolchain]]
name = "ndk"
version = "r26d"
host = "linux-x86_64"
licence = "LicenseRef-Android-SDK"

[[toolchain.origin]]
type = "http"
url = "https://example.org/android-ndk-r26d-linux.zip"
sha256 = "{zeros}"
size = 1
"""

PATCH = """\
schema_version = 1
applies_to = "XNNPACK"
subject = "another answer"
author = "xnnkit <xnnkit@xnnkit.invalid>"
date = 2026-11-21T00:00:00Z
description = "A patch set in small."
files_from = { "xnnpack/shared" = ["shared.h"] }

[[edit]]
id = "answer"
file = "xnn.c"
op = "replace"
anchor = "42"
text = "6 * 7"
why = "The same, otherwise."
"""

SHARED = """\
schema_version = 1
applies_to = "XNNPACK"
subject = "a file"
author = "xnnkit <xnnkit@xnnkit.invalid>"
date = 2026-11-21T00:00:00Z
description = "A file that another set takes."
"""

CONTENTS = {
    "XNNPACK": {"xnn.c": "int answer = 42;\n", "BUILD.bazel": ""},
    "KleidiAI": {"kai.c": "int kai = 1;\n"},
    "zig": {"README": "No compiler.\n"},
}

HOME = {
    "MODULE.bazel": 'module(name = "xnnkit")\n',
    "BUILD.bazel": "",
    "LICENSE": "A licence.\n",
    "rules/BUILD.bazel": "",
    "rules/private/flavour.bzl": "# A rule.\n",
    "benchmarks/bench/BUILD.bazel": "",
    "benchmarks/bench/bench.c": "int main() { return 0; }\n",
    "patches/xnnpack/answer/patch.toml": PATCH,
    "patches/xnnpack/answer/README.md": "What it is for.\n",
    "patches/xnnpack/answer/files/own.h": "// ours\n",
    "patches/xnnpack/shared/patch.toml": SHARED,
    "patches/xnnpack/shared/files/shared.h": "// shared\n",
}

PACKAGE = {
    "build/build.py": "# asks Bazel\n",
    "patches/apply.py": "# applies\n",
    "profile/load.py": "# loads\n",
    "render/templates/bazelrc.j2": "build --compilation_mode=opt\n",
    "whole.py": "# writes\n",
    # What an installed package has instead of a checkout, and what Python leaves.
    "data/profiles/small.toml": "",
    "__pycache__/whole.pyc": "",
    "build/__pycache__/build.pyc": "",
}

BAZEL = Bazel("path", "7.7.1", ("bazel",))


@dataclass(frozen=True)
class Mini:
    """Where everything is."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def profile(self) -> Path:
        return self.home / "profiles" / f"{NAME}.toml"

    def blob(self, name: str) -> Path:
        """The cache's file of an archive."""
        sha256 = hashlib.sha256(packed(name)).hexdigest()
        return self.cache / "sha256" / sha256[:2] / sha256


def packed(name: str) -> bytes:
    """Return an archive of some of `CONTENTS`, the same bytes each time."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for path, text in CONTENTS[name].items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(text)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(raw.getvalue(), mtime=0)


def tree_of(files: dict[str, str]) -> str:
    """Return the git tree id of files."""
    return tree.id_of({name: (tree.FILE, tree.blob_id(t.encode())) for name, t in files.items()})


def make(root: Path, flavours: tuple[str, ...] = (), bazel_options: tuple[str, ...] = ()) -> Mini:
    """Lay out a home, fill a cache, and build; XNNKIT_HOME must be ``root/home`` already."""
    mini = Mini(root)
    assert os.environ["XNNKIT_HOME"] == str(mini.home)
    files = {mini.home / path: text for path, text in HOME.items()}
    files |= {mini.root / "package" / path: text for path, text in PACKAGE.items()}
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    pins = {"commit": "c" * 40, "zeros": "0" * 64}
    with tempfile.TemporaryDirectory() as folder:
        for name, files in CONTENTS.items():
            data = packed(name)
            ending = {"XNNPACK": "xnnpack.tar.gz", "zig": "zig.tar.gz"}.get(name, f"{name}.tar.gz")
            (Path(folder) / ending).write_bytes(data)
            pins |= {
                f"{name}_tree": tree_of(files),
                f"{name}_sha256": hashlib.sha256(data).hexdigest(),
                f"{name}_size": str(len(data)),
            }
        (mini.home / "profiles").mkdir()
        mini.profile.write_text(PROFILE.format(**pins))
        pinned = profile.load(NAME)
        prepared = prepare(
            pinned, mini.out / "workspace", Sources(mini.cache, distdirs=[Path(folder)])
        )
    links(prepared.workspace, root / "base")
    for flavour in pinned.flavour:
        built = prepared.workspace / "bazel-bin" / library.target(pinned, flavour)[3:]
        # Each flavour another program.
        Tiny(functions=(("_start", 0, 8), (f"main_{flavour.name}", 0x94, 4))).write(built)
    options = Options(out=mini.out, flavours=flavours, bazel_options=bazel_options)
    chosen = library.chosen(pinned, options)
    library.finish(pinned, chosen, prepared, options, BAZEL)
    shutil.rmtree(root / "base")
    return mini


def links(workspace: Path, base: Path) -> None:
    """Make the symlinks that Bazel makes in a workspace, and what it keeps behind them."""
    came = {
        "install/A-server.jar": "a server",
        "external/rules_cc~/MODULE.bazel": 'module(name = "rules_cc", version = "0.0.11")\n',
        "external/rules_cc~/cc/defs.bzl": "# A rule.\n",
        "external/bazel_tools/MODULE.bazel": 'module(name = "bazel_tools")\n',
    }
    for path, text in came.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(text)
    place = base / "execroot" / "_main"
    targets = {
        "bin": place / "bazel-out" / "k8-opt" / "bin",
        "out": place / "bazel-out",
        "testlogs": place / "bazel-out" / "k8-opt" / "testlogs",
        workspace.name: place,
    }
    for name, target in targets.items():
        target.mkdir(parents=True, exist_ok=True)
        (workspace / f"bazel-{name}").symlink_to(target)
