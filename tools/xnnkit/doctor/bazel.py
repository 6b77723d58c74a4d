"""Whether a Bazel can be had: named, on PATH, set up already, or with the means to set it up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xnnkit.bazel.find import allowed
from xnnkit.doctor.model import Need
from xnnkit.doctor.probes import Probes, apt_line, version_in
from xnnkit.profile import Bazel

_SETUP_TOOLS = {"apt-get": "apt", "dpkg-deb": "dpkg", "bwrap": "bubblewrap"}
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_NAMESPACES = "sudo sysctl -w kernel.unprivileged_userns_clone=1"
_BAZELISK = "npm install -g @bazel/bazelisk"


def bazel(requirement: Bazel, probes: Probes) -> Iterator[Need]:
    """Judge the ways to a Bazel in the order that ``xnnkit.bazel.find`` tries them."""
    seen: list[str] = []
    for program in _programs(probes):
        version = version_in(probes.output([program, "--version"]))
        if version and allowed(version, requirement):
            yield Need("bazel", True, True, f"{version}, {program}")
            return
        legal = f"{requirement.minimum} <= version < {requirement.below}"
        seen.append(f"{program} is {_judged(version, requirement)}: not {legal}")
        if program == probes.getenv("XNNKIT_BAZEL"):
            yield Need("bazel", False, True, seen[0], "unset XNNKIT_BAZEL")
            return
    found, fix = _from_debian(requirement, probes)
    yield Need("bazel", not fix, True, "; ".join([*seen, found]), fix)


def _judged(version: str, requirement: Bazel) -> str:
    if not version:
        return "of unknown version"
    old = tuple(map(int, version.split("."))) < tuple(map(int, requirement.minimum.split(".")))
    return f"{version}, too {'old' if old else 'new'}"


def _programs(probes: Probes) -> Iterator[str]:
    if given := probes.getenv("XNNKIT_BAZEL"):
        yield given
        return
    for name in ("bazel", "bazelisk"):
        if path := probes.which(name):
            yield path


def _from_debian(requirement: Bazel, probes: Probes) -> tuple[str, str]:
    """Return what was found of Debian's Bazel, and what to do if that is not enough."""
    if requirement.debian is None:
        return "none on PATH", _BAZELISK
    package = f"{requirement.debian.package} of Debian {requirement.debian.suite}"
    missing = [p for tool, p in _SETUP_TOOLS.items() if not probes.which(tool)]
    if not missing and not probes.namespaces_work():
        return "bubblewrap may not make a namespace", _NAMESPACES
    if place := probes.bazel_set_up(requirement):
        if "bubblewrap" in missing:
            return f"{package} is set up, but not bubblewrap", apt_line("bubblewrap", probes)
        return f"{requirement.version}, {place}", ""
    if not probes.exists(_KEYRING):
        missing.append("debian-archive-keyring")
    if missing:
        fix = apt_line(" ".join(missing), probes)
        return f"{package} cannot be set up without {', '.join(missing)}", fix
    return f"can be set up from {package}", ""
