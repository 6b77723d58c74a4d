"""A machine that has everything, for tests that take one thing away."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xnnkit import doctor, profile
from xnnkit.doctor import Need, Places, Probes

PLACES = Places(cache=Path("/cache"), output=Path("/out"), git_root=Path("/clones"))
PROGRAMS = {"git", "qemu-aarch64", "adb", "bazel", "apt-get", "dpkg-deb", "bwrap"}


def says(argv: Sequence[str]) -> str | None:
    """Answer like the real programs do."""
    name = argv[0].rsplit("/", 1)[-1]
    if argv[1:] == ["-h"]:
        return "-plugin [file=]FILE  QEMU_PLUGIN"
    return {"git": "git version 2.39.5\n", "bazel": "bazel 7.7.1\n"}.get(name, "v 1.2")


HEALTHY = Probes(
    python=lambda: (3, 11, 2),
    machine=lambda: "linux x86_64",
    which=lambda name: f"/usr/bin/{name}" if name in PROGRAMS else None,
    output=says,
    disk_free=lambda path: 50 * 10**9,
    writable=lambda path: True,
    memory=lambda: 8 * 10**9,
    memory_available=lambda: 6 * 10**9,
    reachable=lambda url: True,
    debian_mirror=lambda: "http://mirror.example/debian",
    bazel_set_up=lambda requirement: None,
    namespaces_work=lambda: True,
    getenv=lambda name: None,
    package_index=lambda: "https://index.example/simple",
    encoding=lambda: "UTF-8",
    is_root=lambda: False,
    exists=lambda path: True,
    read=lambda path: None,
)


def examine(name: str = "xnnpack-2024-11", **changed: Any) -> dict[str, Need]:
    """Examine a healthy machine on which only ``changed`` probes differ."""
    probes = dataclasses.replace(HEALTHY, **changed)
    needs = doctor.examine(profile.load(name), PLACES, probes)
    assert len({n.name for n in needs}) == len(needs)
    return {need.name: need for need in needs}


def without(*names: str) -> Any:
    return lambda name: f"/usr/bin/{name}" if name in PROGRAMS - set(names) else None
