"""What the golden tests render: each profile in each layout, with stand-ins for patches' diffs."""

from __future__ import annotations

from pathlib import Path

from xnnkit import profile
from xnnkit.render import package, workspace
from xnnkit.render.repositories import repositories

FIRST = "xnnpack-2024-11"
"""The profile that tests of anything else take."""

LAYOUTS = {
    "module": (
        ".bazelrc",
        ".bazelversion",
        "BUILD.bazel",
        "MODULE.bazel",
        "README.md",
        "flavours.bzl",
    ),
    "workspace": (".bazelrc", "BUILD.bazel", "README.md", "WORKSPACE", "flavours.bzl"),
    "package": ("BUILD.bazel", "README.md", "profile.bazelrc", "profile.json"),
}
ROOT = Path(__file__).parent / "golden"
UPDATE = "python tests/render/update_golden.py"


def cases() -> list[tuple[str, str]]:
    """Return every (profile, layout) that there is."""
    found = []
    for name in profile.names():
        pins = profile.load(name)
        has_workspace = any(archive.layout == "workspace" for archive in pins.archive)
        found += [(name, one) for one in LAYOUTS if one != "workspace" or has_workspace]
    return found


def plan(name: str, layout: str = "module") -> workspace.Plan:
    """Return a profile's files, each patch standing for a diff that no test looks at."""
    pins = profile.load(name)
    if layout == "package":
        return package.plan(pins, diffs(pins))
    return workspace.plan(pins, diffs(pins), "module" if layout == "module" else "workspace")


def diffs(pins: profile.Profile) -> dict[str, list[bytes]]:
    """Return a stand-in for the diff of each patch set of each repository."""
    return {
        one.name: [f"the diff of {name}\n".encode() for name in one.patch_sets]
        for one in repositories(pins)
    }


def golden_file(name: str, layout: str, target: str) -> Path:
    """Return where the expected bytes of a rendered file stand; no name there starts with a dot."""
    return ROOT / name / layout / f"{target.removeprefix('.')}.golden"
