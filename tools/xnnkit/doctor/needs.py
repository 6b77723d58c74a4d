"""What xnnkit needs of a machine: pure judgement of what the probes say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from xnnkit.doctor import memory, ndk
from xnnkit.doctor.bazel import bazel
from xnnkit.doctor.model import Need, Places
from xnnkit.doctor.probes import Probes, apt_line, version_in
from xnnkit.doctor.sources import network
from xnnkit.profile import Profile

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
        lambda: _plugins(probes),
        lambda: _binfmt(probes),
        lambda: bazel(profile.bazel, probes),
        lambda: _room(places, probes),
        lambda: _memory(probes),
        lambda: memory.check(profile, probes),
        lambda: ndk.check(profile, places, probes),
        lambda: network(profile, places, probes),
        lambda: _locale(probes),
    )
    return [need for check in checks for need in check()]


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
        if path and (version := version_in(probes.output([path, "--version"]))):
            found = f"{version}, {path}"
        yield Need(program, bool(path), required, found, "" if path else apt_line(package, probes))


def _plugins(probes: Probes) -> Iterator[Need]:
    """Judge whether qemu loads plugins, which counting needs; one linked statically cannot."""
    path = probes.which("qemu-aarch64")
    if not path:
        return
    ok = "-plugin" in (probes.output([path, "-h"]) or "").split()
    found = "run --count can count instructions" if ok else "qemu was built without plugins"
    fix = (
        "put a qemu-aarch64 with plugins first on PATH: one built from source "
        "(configure --target-list=aarch64-linux-user --enable-plugins), or Debian 12's qemu-user"
    )
    yield Need("qemu-plugins", ok, False, found, "" if ok else fix)


def _binfmt(probes: Probes) -> Iterator[Need]:
    """Judge whether the kernel starts arm64 programs by name; xnnkit itself names the emulator."""
    if not probes.machine().endswith("x86_64"):
        return
    ok = probes.exists(Path("/proc/sys/fs/binfmt_misc/qemu-aarch64"))
    found = "arm64 programs start by name" if ok else "arm64 programs start only through qemu"
    yield Need("binfmt", ok, False, found, "" if ok else apt_line("qemu-user-binfmt", probes))


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
