"""An upstream with two releases and a profile that pins the first of them."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2024-11-08T12:00:00Z",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": "2024-11-08T12:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}

PATCH = """\
schema_version = 1
applies_to = "XNNPACK"
subject = "Two changes"
author = "somebody <somebody@example.invalid>"
date = 2026-01-31T00:00:00Z
description = "What it does."

[[edit]]
id = "fast"
file = "src/a.c"
op = "replace"
anchor = '^int a = 1;$'
text = "int a = 10;"
why = "Because."

[[edit]]
id = "slow"
file = "src/a.c"
op = "replace"
anchor = '^int b = 1;$'
text = "int b = 10;"
why = "Because."
"""

PROFILE = """\
# What this profile is for.
schema_version = 1
name = "small"
description = "for tests"
default_flavour = "upstream"
toolchains = ["zig"]
bazel = {{ version = "7.7.1", minimum = "7.4.0", below = "8.0.0" }}

[benchmark]
name = "llm_block"
source = "benchmarks/llm_block"
package = "llm_block"
target = "llm_block"
archive = "XNNPACK"

[[flavour]]
name = "upstream"
description = "plain"
archives = {{ XNNPACK = "engine" }}
patch_sets = ["engine/fix"]
proof = {{}}

# The engine.
[[archive]]
name   = "engine"  # oddly spaced
commit = "{commit}"
tree = "{tree}"
licence = "MIT"

[[archive.origin]]
type = "http"
url = "https://example.org/acme/engine/archive/{commit}.zip"
sha256 = "{sha256}"  # of the bytes
size = {size}
strip_prefix = "engine-{commit}"

[[archive.origin]]
type = "git"
repository = "acme/engine"
format = "zip"
sha256 = "{sha256}"
size = {size}
strip_prefix = "engine-{commit}"

# Debian's.
[[archive.origin]]
type = "debian"
path = "pool/main/e/engine/engine_1.0.orig.tar.xz"
sha256 = "{sha256}"
size = 77

# ---------------------------------------------------------------- toolchains

[[toolchain]]
name = "zig"
version = "0.13.0"
host = "linux-x86_64"
licence = "MIT"

[[toolchain.origin]]
type = "http"
url = "https://example.org/zig.tar.xz"
sha256 = "{sha256}"
size = 99
"""


@dataclass
class World:
    """The upstream, and what its host serves.

    Attributes:
        clone: the repository; releases are the tags v1.0, v2.0 (fits) and v3.0 (does not).
        git_root: the folder it is in.
        profile: the file.
        served: address -> bytes; any other address cannot be reached.
        asked: the addresses that were.
    """

    clone: Path
    git_root: Path
    profile: Path
    served: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def git(self, *arguments: str) -> str:
        """Run git in the clone and return what it prints."""
        return git(self.clone, *arguments)

    def commit(self, tag: str) -> str:
        return self.git("rev-parse", f"{tag}^{{commit}}")

    def tree(self, tag: str) -> str:
        return self.git("rev-parse", f"{tag}^{{tree}}")

    def archive(self, tag: str) -> bytes:
        """Return the zip that the host has of a release."""
        return archive(self.clone, self.commit(tag))

    def url(self, tag: str) -> str:
        return f"https://example.org/acme/engine/archive/{self.commit(tag)}.zip"

    def serve(self, *tags: str) -> None:
        """Let the host serve releases."""
        for tag in tags:
            self.served[self.url(tag)] = self.archive(tag)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def archive(clone: Path, commit: str) -> bytes:
    return subprocess.run(
        ["git", "archive", "--format=zip", f"--prefix=engine-{commit}/", commit],
        cwd=clone,
        env={**os.environ, **ENVIRONMENT, "TZ": "America/Los_Angeles"},
        check=True,
        capture_output=True,
    ).stdout


def recompressed(data: bytes) -> bytes:
    """Return the same zip, packed by another program."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            content = old.read(member.filename)
            member.compress_type = zipfile.ZIP_STORED
            new.writestr(member, content)
    return out.getvalue()
