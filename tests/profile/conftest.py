"""A home of xnnkit with one small profile in it, to be changed line by line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SHA = "a" * 64
GIT = "b" * 40

GOOD = f"""\
schema_version = 1
name = "small"
description = "for tests"
default_flavour = "upstream"
toolchains = ["zig"]

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
patch_sets = ["xnnpack/switches"]
switches = {{ fast = true }}
proof = {{ forbidden = ["kai_*"] }}

[[flavour]]
name = "kleidiai"
description = "with KleidiAI"
archives = {{ XNNPACK = "XNNPACK" }}
proof = {{ required = ["kai_*"] }}

[[archive]]
name = "XNNPACK"
commit = "{GIT}"
tree = "{GIT}"
licence = "BSD-3-Clause"

[[archive.origin]]
type = "http"
url = "https://example.org/xnnpack.zip"
sha256 = "{SHA}"
size = 10

[[archive.origin]]
type = "debian"
prebuilt = true
path = "pool/main/x/xnnpack.deb"
sha256 = "{SHA}"
size = 20

[[archive]]
name = "FXdiv"
commit = "{GIT}"
tree = "{GIT}"
licence = "MIT"

[[archive.origin]]
type = "git"
repository = "owner/FXdiv"
format = "zip"
sha256 = "{SHA}"
size = 30
strip_prefix = "FXdiv-1"

[[toolchain]]
name = "zig"
version = "0.13.0"
host = "linux-x86_64"
licence = "MIT"

[[toolchain.origin]]
type = "pypi"
package = "ziglang"
version = "0.13.0"
file = "ziglang.whl"
sha256 = "{SHA}"
size = 40
"""

Write = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An XNNKIT_HOME with a patch set, a benchmark and no profile."""
    root = tmp_path / "xnnkit-home"
    (root / "profiles").mkdir(parents=True)
    (root / "benchmarks" / "bench").mkdir(parents=True)
    patch_set = root / "patches" / "xnnpack" / "switches"
    patch_set.mkdir(parents=True)
    (patch_set / "patch.toml").touch()
    monkeypatch.setenv("XNNKIT_HOME", str(root))
    return root


@pytest.fixture
def write(home: Path) -> Write:
    """Write the good profile, with replacements that must each match, and return its path."""

    def do(*replacements: tuple[str, str], name: str = "small") -> Path:
        text = GOOD
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new, 1)
        file = home / "profiles" / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return do
