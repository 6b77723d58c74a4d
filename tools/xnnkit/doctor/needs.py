"""What xnnkit needs of a machine: pure judgement of what the probes say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from xnnkit.doctor.model import Need, Places
from xnnkit.doctor.probes import Probes
from xnnkit.doctor.sources import network
from xnnkit.profile import Bazel, Profile

GB = 10**9
DISK_BYTES = 10 * GB
MEMORY_BYTES = 4 * GB
PYTHON = (3, 11)


def examine(profile: Profile, places: Places, probes: Probes | None = None) -> list[Need]:
    """Check all needs of ``profile`` and return them in the order to read them.

    Args:
        profile: whose Bazel and archives are asked for.
        places: where xnnkit would write and look.
        probes: how to ask; this machine when None.
    """
    probes = probes or Probes()
    checks: Sequence[Callable[[], Iterator[Need]]] = (
        lambda: _python(probes),
        lambda: _machine(profile, probes),
        lambda: _programs(probes),
        lambda: _bazel(profile.bazel, probes),
        lambda: _room(places, probes),
        lambda: _memory(probes),
        lambda: network(profile, places, probes),
        lambda: _locale(probes),
    )
    return [need for check in checks for need in check()]


def apt(package: str, probes: Probes) -> str:
    """Return the line that installs a Debian package."""
    return f"{'' if probes.is_root() else 'sudo '}apt-get install -y {package}"


def _python(probes: Probes) -> Iterator[Need]:
    version = probes.python()
    fix = "" if version >= PYTHON else "python3.11 -m venv .venv && .venv/bin/pip install ."
    yield Need("python", not fix, True, f"Python {'.'.join(map(str, version))}", fix)


def _machine(profile: Profile, probes: Probes) -> Iterator[Need]:
    hosts = sorted({t.host.replace("-", " ") for t in profile.toolchain})
    here = probes.machine()
    fix = f"use a machine with {' or '.join(hosts)}; the profile has no toolchain for this one"
    yield Need("machine", here in hosts, True, here, "" if here in hosts else fix)


def _programs(probes: Probes) -> Iterator[Need]:
    wanted = (
        ("git", "git", True),
        ("qemu-aarch64", "qemu-user", True),
        ("adb", "adb", False),
    )
    for program, package, required in wanted:
        path = probes.which(program)
        found = path or "not on PATH"
        if path and (version := _version(probes.output([path, "--version"]))):
            found = f"{version}, {path}"
        yield Need(program, bool(path), required, found, "" if path else apt(package, probes))


def _bazel(bazel: Bazel, probes: Probes) -> Iterator[Need]:
    """Bazel on PATH, or the means to get it: one of them is enough."""
    legal = f"{bazel.minimum} <= version < {bazel.below}"
    seen = ""
    if bazelisk := probes.which("bazelisk"):
        yield Need("bazel", True, True, f"{bazelisk} fetches {bazel.version}")
        return
    if path := probes.which("bazel"):
        version = _version(probes.output([path, "--version"]))
        if version and _numbers(bazel.minimum) <= _numbers(version) < _numbers(bazel.below):
            yield Need("bazel", True, True, f"{version}, {path}")
            return
        seen = f"{path} is {version or 'of unknown version'}, not {legal}; "
    if bazel.debian:
        tools = (("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("bwrap", "bubblewrap"))
        missing = [package for tool, package in tools if not probes.which(tool)]
        if not missing and probes.output(["bwrap", "--ro-bind", "/", "/", "true"]) is None:
            found = f"{seen}bubblewrap may not make user namespaces"
            fix = "sudo sysctl -w kernel.unprivileged_userns_clone=1"
            yield Need("bazel", False, True, found, fix)
            return
        if not missing:
            package = f"{bazel.debian.package} of Debian {bazel.debian.suite}"
            yield Need("bazel", True, True, f"{seen}can be set up from {package}")
            return
        seen += f"cannot be set up from Debian without {', '.join(missing)}; "
        yield Need("bazel", False, True, seen.rstrip("; "), apt(" ".join(missing), probes))
        return
    fix = "npm install -g @bazel/bazelisk"
    yield Need("bazel", False, True, seen.rstrip("; ") or "not on PATH", fix)


def _room(places: Places, probes: Probes) -> Iterator[Need]:
    yield Need(
        "cache",
        writable := probes.writable(places.cache),
        True,
        f"{places.cache} is {'writable' if writable else 'not writable'}",
        "" if writable else "export XNNKIT_CACHE=$HOME/xnnkit-cache",
    )
    for name, path, fix in (
        ("disk-cache", places.cache, "export XNNKIT_CACHE=/a/larger/disk/xnnkit"),
        ("disk-output", places.output, f"df -h {places.output}  # free some, or work elsewhere"),
    ):
        free = probes.disk_free(path)
        ok = free >= DISK_BYTES
        found = f"{free / GB:.1f} GB free at {path}, {DISK_BYTES / GB:.0f} GB needed"
        yield Need(name, ok, True, found, "" if ok else fix)


def _memory(probes: Probes) -> Iterator[Need]:
    octets = probes.memory()
    if octets is None:
        yield Need("memory", True, True, "not known on this machine")
        return
    ok = octets >= MEMORY_BYTES
    found = f"{octets / GB:.1f} GB, {MEMORY_BYTES / GB:.0f} GB needed"
    yield Need("memory", ok, True, found, "" if ok else "free -h  # and close what is large")


def _locale(probes: Probes) -> Iterator[Need]:
    encoding = probes.encoding()
    ok = encoding.lower().replace("-", "") == "utf8"
    yield Need("locale", ok, False, encoding, "" if ok else "export LC_ALL=C.UTF-8")


def _version(text: str | None) -> str:
    """Return the first thing in ``text`` that looks like a version, "" when there is none."""
    match = re.search(r"\d+(\.\d+)+", text or "")
    return match[0] if match else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
