"""A profile as a package of somebody else's module: pins as JSON, with the files they refer to.

The other module depends on xnnkit and hands ``profile.json`` to its extensions
(//rules/profile:extensions.bzl, //rules/toolchains/zig:extensions.bzl).
"""

from __future__ import annotations

import json
import re
from typing import Any

import xnnkit
from xnnkit.errors import BadInput
from xnnkit.profile import Origin, Profile
from xnnkit.profile.compiler import ZIG, Compiler
from xnnkit.render import remote
from xnnkit.render.environment import render
from xnnkit.render.repositories import available
from xnnkit.render.workspace import PLATFORMS, Parts, Patches, Plan, parts

SCHEMA_VERSION = 1


def plan(
    profile: Profile,
    patches: Patches,
    compiler: Compiler = ZIG,
    *,
    far: remote.Remote | None = None,
) -> Plan:
    """Return every file of the package: relative path -> bytes.

    Args:
        profile: the pins.
        patches: repository -> the unified diff of each of its patch sets, in their order.
        compiler: what the benchmark is compiled with; its platform goes into the bazelrc.
        far: where actions are cached or run.

    Raises:
        BadInput: an overlay or a stub is not there, or the compiler is not zig.
    """
    if compiler.name != "zig":
        raise BadInput(
            "a package has no toolchain but zig",
            where="--toolchain",
            why="the module that uses the package declares its own NDK",
            fix=f"xnnkit render {profile.name} --format package OUT, and ndk.release(...) or"
            " ndk.local(...) in your MODULE.bazel (docs/ndk.md)",
        )
    found = parts(profile, patches)
    files = dict(found.files)
    variables = {
        "profile": profile,
        "version": xnnkit.__version__,
        "flavours": available(profile),
        "platform": PLATFORMS[compiler.name],
        "used": _used(profile),
    }
    if far:
        files[remote.NAME] = remote.rendered(far)
    files["profile.json"] = (json.dumps(pins(profile, found), indent=1) + "\n").encode()
    files["profile.bazelrc"] = render("profile.bazelrc.j2", **variables).encode()
    files["README.md"] = render("package.md.j2", **variables).encode()
    files["BUILD.bazel"] = b'"""Pins that xnnkit rendered."""\n\nexports_files(["profile.json"])\n'
    return dict(sorted(files.items()))


def pins(profile: Profile, found: Parts) -> dict[str, Any]:
    """Return what the module extensions read; labels are relative to the package.

    Args:
        profile: the pins.
        found: the profile's repositories and files.
    """
    archives = []
    for repository in found.repositories:
        archive = repository.archive
        origins = []
        for origin in archive.origin:
            overlay = found.overlays[origin.overlay] if origin.overlay else {}
            origins.append({**_origin(origin), "overlays": _relative(overlay)})
        archives.append(
            {
                "name": repository.name,
                "tree": archive.tree,
                "overlays": _relative(found.overlays[archive.overlay]) if archive.overlay else {},
                "patches": [label.removeprefix("//") for label in found.patches[repository.name]],
                "flavour_switches": {k: list(v) for k, v in repository.switches.items()},
                "origins": origins,
            }
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "xnnkit": xnnkit.__version__,
        "profile": profile.name,
        "flavours": [flavour.name for flavour in available(profile)],
        "archives": archives,
        "aliases": [
            {
                "name": alias.name,
                "targets": list(alias.targets),
                "actual": dict(alias.actual),
                "default": alias.default,
            }
            for alias in found.aliases
        ],
        "stubs": {name: _relative(overlay) for name, overlay in found.stubs.items()},
        "toolchains": {
            one.name: {"version": one.version, "origins": [_origin(o) for o in one.origin]}
            for one in reversed(profile.toolchain)
        },
    }


def _used(profile: Profile) -> list[str]:
    """Return the repositories that the other module names: the program's, and the settings'."""
    named = {name for one in profile.settings for name in re.findall(r"@([A-Za-z0-9_.-]+)//", one)}
    return sorted({profile.benchmark.repository or profile.benchmark.archive} | named)


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "type": origin.type,
        "location": origin.location,
        "filename": origin.filename,
        "format": origin.archive_format,
        "sha256": origin.sha256,
        "strip_prefix": origin.strip_prefix,
        "prebuilt": origin.prebuilt,
    }


def _relative(labels: dict[str, str]) -> dict[str, str]:
    return {label.removeprefix("//"): path for label, path in labels.items()}
