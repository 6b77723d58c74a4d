"""Whether a profile that can be built with Android's NDK finds one that is new enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from xnnkit.doctor.model import Need, Places
from xnnkit.doctor.probes import Probes
from xnnkit.profile import Profile, Toolchain
from xnnkit.profile.compiler import ACCEPTED, FIRST_NDK, HOME, LICENCE

_REVISION = re.compile(r"^\s*Pkg\.Revision\s*=\s*(\d+)\.(\d+)", re.MULTILINE)


def check(profile: Profile, places: Places, probes: Probes) -> Iterator[Need]:
    """Judge the pinned NDK, which a build takes, and an installed one, which `--ndk local` takes.

    Neither is required: zig builds every profile. Nothing is said of a profile without the NDK.
    """
    pinned = [one for one in profile.toolchain if one.name == "ndk"]
    if "ndk" not in profile.toolchains:
        return
    if pinned:
        yield _pinned(profile, pinned, places, probes)
    if home := probes.getenv(HOME):
        yield _installed(Path(home), probes)


def _installed(home: Path, probes: Probes) -> Need:
    instead = f"export {HOME}=FOLDER  # only --ndk local reads it; the pinned one needs none"
    match = _REVISION.search(probes.read(home / "source.properties") or "")
    if match is None:
        found = f"{HOME} is {home}, where no NDK is (no revision in source.properties)"
        return Need("ndk-local", False, False, found, instead)
    major, minor = int(match[1]), int(match[2])
    # r23 is 23.0, r23b 23.1.
    release = f"r{major}{chr(ord('a') + minor) if minor else ''}"
    if major < FIRST_NDK:
        found = f"{release} at {home} is too old: no +i8mm before r{FIRST_NDK}"
        return Need("ndk-local", False, False, found, instead)
    return Need("ndk-local", True, False, f"{release} at {home}, for --ndk local")


def _pinned(profile: Profile, pinned: list[Toolchain], places: Places, probes: Probes) -> Need:
    first = pinned[0]
    for origin in first.origin:
        if probes.exists(places.cache / "sha256" / origin.sha256[:2] / origin.sha256):
            return Need("ndk", True, False, f"{first.version}, in the cache")
    size = f"{first.version} is to be downloaded ({first.origin[0].size / 10**6:.0f} MB)"
    if probes.getenv(ACCEPTED) in (None, "", "0"):
        found = f"{size}, its licence is not accepted"
        return Need("ndk", False, False, found, f"export {ACCEPTED}=1  # after reading {LICENCE}")
    return Need("ndk", True, False, f"{size}, its licence is accepted")
