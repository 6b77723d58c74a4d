"""What the golden tests render: a profile with stand-ins for the patches' diffs."""

from __future__ import annotations

from pathlib import Path

from xnnkit import profile
from xnnkit.render import workspace
from xnnkit.render.repositories import repositories

PROFILES = ("xnnpack-2024-11",)
RENDERED = (
    ".bazelrc",
    ".bazelversion",
    "BUILD.bazel",
    "MODULE.bazel",
    "README.md",
    "flavours.bzl",
)
ROOT = Path(__file__).parent / "golden"
UPDATE = "python tests/render/update_golden.py"


def plan(name: str) -> workspace.Plan:
    """Return a profile's workspace, each patch standing for a diff that no test looks at."""
    pins = profile.load(name)
    return workspace.plan(pins, diffs(pins))


def diffs(pins: profile.Profile) -> dict[str, list[bytes]]:
    """Return a stand-in for the diff of each patch set of each repository."""
    return {
        one.name: [f"the diff of {name}\n".encode() for name in one.patch_sets]
        for one in repositories(pins)
    }


def golden_file(name: str, target: str) -> Path:
    """Return where the expected bytes of a rendered file stand; no name there starts with a dot."""
    return ROOT / name / f"{target.removeprefix('.')}.golden"
