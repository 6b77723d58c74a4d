"""What a build is asked for. Light on purpose: a no-op build imports this and no profile."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import xnnkit


@dataclass(frozen=True)
class Sources:
    """Where archives may come from.

    Attributes:
        cache: the content-addressed cache.
        origins: legal origin types in the order to try, or None for the profile's order.
        git_root: folder of clones, or None.
        distdirs: directories searched by hash before any origin.
        accept_tree: archives whose other bytes are accepted because the tree agrees.
        jobs: downloads at a time.
    """

    cache: Path
    origins: Sequence[str] | None = None
    git_root: Path | None = None
    distdirs: Sequence[Path] = ()
    accept_tree: Collection[str] = ()
    jobs: int = 4


@dataclass(frozen=True)
class Options:
    """What is to be built and how.

    Attributes:
        out: directory for the workspace, the binaries and the manifest.
        profile: how the profile was named, name or path; "" for one of xnnkit's own.
        flavours: names; empty for all of the profile.
        toolchain: "zig" or "ndk"; must be one of the profile's.
        ndk: which NDK, as `profile.compiler.choose` takes it.
        api_level: Android's, for the NDK; None for the default.
        licence_accepted: the NDK's licence was accepted.
        layout: "module" for MODULE.bazel, "workspace" for WORKSPACE.
        log: file for Bazel's output, or None for stderr.
        bazel_options: passed to Bazel after ours.
        disk_cache: Bazel's disk cache, or None for one in xnnkit's cache.
    """

    out: Path
    profile: str = ""
    flavours: Sequence[str] = ()
    toolchain: str = "zig"
    ndk: str = ""
    api_level: int | None = None
    licence_accepted: bool = False
    layout: Literal["module", "workspace"] = "module"
    log: Path | None = None
    bazel_options: Sequence[str] = ()
    disk_cache: Path | None = None


def key_of(profile_name: str, options: Options, sources: Sources) -> dict[str, Any]:
    """Return what of a request decides its result, JSON-ready; needs no profile loaded."""
    return {
        "xnnkit": xnnkit.__version__,
        "profile": profile_name,
        "flavours": list(options.flavours),
        "toolchain": options.toolchain,
        "ndk": options.ndk,
        "ndk_home": os.environ.get("ANDROID_NDK_HOME", "") if options.ndk == "local" else "",
        "api_level": options.api_level,
        "licence_accepted": options.licence_accepted,
        "layout": options.layout,
        "bazel_options": list(options.bazel_options),
        "disk_cache": str(options.disk_cache or ""),
        "cache": str(sources.cache),
        "origins": list(sources.origins or []),
        "distdirs": [str(d) for d in sources.distdirs],
        "git_root": str(sources.git_root or ""),
        "accept_tree": sorted(sources.accept_tree),
    }
