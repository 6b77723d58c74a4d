"""The archives of llm_test's profiles are those that MediaPipe and XNNPACK themselves pin."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from xnnkit import profile
from xnnkit.archives import regenerate
from xnnkit.profile import HttpOrigin

pytestmark = pytest.mark.upstream

PROFILES = ("gemma-2024-05", "gemma-2026-01")

# Where the projects say which archives they take.
FILES = {
    "google-ai-edge/mediapipe": ("WORKSPACE", "third_party/flatbuffers/workspace.bzl"),
    "google/XNNPACK": (
        "WORKSPACE",
        "cmake/DownloadCpuinfo.cmake",
        "cmake/DownloadFP16.cmake",
        "cmake/DownloadFXdiv.cmake",
        "cmake/DownloadKleidiAI.cmake",
        "cmake/DownloadPThreadPool.cmake",
    ),
}

# Published as other files than a commit's archive: zlib.net's own tarball, whose tree is another
# one, and the tarball of skylib's release, made by its own rules.
OTHER_FILES = {"zlib", "bazel_skylib"}

# A commit of MediaPipe that pins XNNPACK 5ecf0769 (2024-03-25 to 2024-04-25).
EARLIER = "c2a183c4a9e2c214b3b54ba67be098fac727ca25"


def text_of(repository: str, commit: str) -> str:
    root = Path(os.environ["XNNKIT_GIT_ROOT"])
    clone = regenerate.find_clone(root, repository)
    if clone is None:
        pytest.skip(f"no clone of {repository} under XNNKIT_GIT_ROOT")
    found = []
    for name in FILES[repository]:
        done = subprocess.run(
            ["git", "-C", str(clone), "show", f"{commit}:{name}"], text=True, capture_output=True
        )
        found.append(done.stdout if done.returncode == 0 else "")
    assert any(found), f"{repository} {commit}"
    return "\n".join(found)


@pytest.mark.parametrize("name", PROFILES)
def test_published_hashes(name: str) -> None:
    pins = profile.load(name)
    texts = [text_of("google-ai-edge/mediapipe", pins.get_archive("mediapipe").commit)]
    for archive in pins.archive:
        if archive.name.startswith("XNNPACK"):
            texts.append(text_of("google/XNNPACK", archive.commit))
    if name == "gemma-2024-05":
        texts.append(text_of("google-ai-edge/mediapipe", EARLIER))
        # Our KleidiAI patch set takes the release that the XNNPACK of the other profile publishes.
        later = profile.load("gemma-2026-01").get_archive("XNNPACK").commit
        texts.append(text_of("google/XNNPACK", later))
    published = set(re.findall(r"\b[0-9a-f]{64}\b", "\n".join(texts)))
    missing = {
        archive.name
        for archive in pins.archive
        for origin in archive.origin
        if isinstance(origin, HttpOrigin) and origin.sha256 not in published
    }
    assert missing <= OTHER_FILES
    assert len([a for a in pins.archive if a.name not in OTHER_FILES]) >= 12
