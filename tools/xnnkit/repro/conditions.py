"""The conditions of a build that must not matter, and how two builds are made to differ in them."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xnnkit.errors import BadInput
from xnnkit.repro.machine import HOST, TMPFS_NEEDS, USER, USER_ID, Machine

CONDITIONS = {
    "directory": "where the workspace and the output base are: another name, another length",
    "user": "who builds: another user id and name, without privileges",
    "home": "HOME",
    "umask": "the umask",
    "clock": "the clock: of programs that load libraries by libfaketime, of compilers by"
    " SOURCE_DATE_EPOCH",
    "timezone": "TZ",
    "locale": "LC_ALL and LANGUAGE",
    "jobs": "how many actions Bazel runs at a time",
    "file-order": "the order in which the file system lists a folder",
    "hostname": "the machine's name",
    "cache": "the disk cache and zig's libraries as they are | empty",
    "network": "the network: there | none",
}
"""Every condition and what it means, in the order of a report."""

# Ten years and a bit: another year, month, day, hour and minute, and still 32 bits of seconds.
SHIFT_S = 10 * 365 * 86400 + 40 * 86400 + 7 * 3600 + 23 * 60

_DEEP = "another-directory-with-a-much-longer-name-than-the-first/and/some/folders/more"
_UTF8 = re.compile(r"utf-?8$", re.IGNORECASE)
_DROPPED = re.compile(r"XDG_|LC_|XNNKIT_TEST_")


@dataclass(frozen=True)
class Side:
    """How one of the two builds is run.

    Attributes:
        name: "first" or "second".
        root: its folder; everything that it writes is below.
        home: HOME, below ``root``.
        environment: all of its variables.
        umask: the umask.
        jobs: ``--jobs`` of Bazel.
        cache: xnnkit's cache, None for a new one that has the verified downloads alone.
        empty_disk_cache: use a new one, even where ``cache`` is the user's.
        wrapper: words before the program, such as bubblewrap and its options.
        bazel_options: passed on to Bazel.
        copies: file to copy -> its place below ``root``.
    """

    name: str
    root: Path
    home: Path
    environment: dict[str, str]
    umask: int
    jobs: int
    cache: Path | None
    empty_disk_cache: bool
    wrapper: list[str] = field(default_factory=list)
    bazel_options: list[str] = field(default_factory=list)
    copies: dict[Path, Path] = field(default_factory=dict)


@dataclass
class Condition:
    """One condition of a pair of builds.

    Attributes:
        name: as in CONDITIONS.
        values: as each of the two builds found it.
        why: why it could not be varied, "" when it was.
        note: how it was varied, where that is not plain.
    """

    name: str
    values: tuple[str, str] = ("", "")
    why: str = ""
    note: str = ""

    @property
    def varied(self) -> bool:
        """Whether the two builds differed in it."""
        return not self.why

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "name": self.name,
            "varied": self.varied,
            "values": list(self.values),
            "why": self.why,
            "note": self.note,
        }


def wanted(names: Collection[str]) -> list[str]:
    """Return the conditions to vary, in a report's order; all of them when none is named.

    Raises:
        BadInput: there is no such condition.
    """
    for name in names:
        if name not in CONDITIONS:
            raise BadInput(
                f"no condition {name!r}",
                where="--vary",
                why=f"legal: {', '.join(CONDITIONS)}",
                fix="xnnkit repro --list",
            )
    return [name for name in CONDITIONS if not names or name in names]


def obstacles(machine: Machine) -> dict[str, str]:
    """Return condition -> why it cannot be varied on this machine."""
    found = dict(machine.refused)
    if machine.cores < 2:
        found["jobs"] = "this machine has one processor"
    if machine.memory < TMPFS_NEEDS and "file-order" not in found:
        found["file-order"] = (
            f"an output base in memory needs {TMPFS_NEEDS >> 30} GiB free,"
            f" there are {machine.memory / (1 << 30):.1f}"
        )
    if len(_pair_of_locales(machine.locales)) < 2:
        found["locale"] = "`locale -a` names one locale only"
    return found


def sides(
    scratch: Path, names: Collection[str], cache: Path, machine: Machine
) -> tuple[Side, Side]:
    """Return the two builds: the first as the user builds, the second different in ``names``.

    Args:
        scratch: an absolute folder; both builds are below it.
        names: the conditions to vary; what cannot be varied here must not be among them.
        cache: the user's cache.
        machine: what is possible here.
    """
    root = scratch / "a"
    other = scratch / _DEEP if "directory" in names else root
    shared = "cache" in names
    locales = _pair_of_locales(machine.locales) or ["C"]
    # Half of them for the first: most of what it needs is in the cache, if anything is.
    jobs = max(1, machine.cores // 2)
    first = Side(
        name="first",
        root=root,
        home=root / "home",
        environment=_environment(os.environ, root / "home", machine.user, "UTC0", locales[0], "en"),
        umask=0o022,
        jobs=jobs,
        cache=cache,
        # Two builds that share one cache are one build: when the cache is not varied, both begin
        # with an empty one.
        empty_disk_cache=not shared,
    )
    home = other / ("home-of-somebody-else" if "home" in names else "home")
    environment = _environment(
        os.environ,
        home,
        USER if "user" in names else machine.user,
        # POSIX's form, which needs no table of zones: 13 h 45 min east of Greenwich.
        "CHADT-13:45" if "timezone" in names else "UTC0",
        locales[-1] if "locale" in names else locales[0],
        "fr" if "locale" in names else "en",
    )
    second = Side(
        name="second",
        root=other,
        home=home,
        environment=environment,
        umask=0o077 if "umask" in names else 0o022,
        jobs=machine.cores if "jobs" in names else jobs,
        cache=None if shared else cache,
        empty_disk_cache=True,
        wrapper=_wrapper(names, home),
    )
    if "clock" in names:
        _shift_clock(second, machine)
    return first, second


def _environment(
    given: Mapping[str, str], home: Path, user: str, zone: str, locale: str, language: str
) -> dict[str, str]:
    kept = {name: value for name, value in given.items() if not _DROPPED.match(name)}
    # Where this very xnnkit and its libraries are, HOME or not.
    modules = os.pathsep.join(path for path in sys.path if path)
    return {
        **kept,
        "PYTHONPATH": modules,
        "HOME": str(home),
        "USER": user,
        "LOGNAME": user,
        "TZ": zone,
        "LC_ALL": locale,
        "LANG": locale,
        "LANGUAGE": language,
    }


def _pair_of_locales(names: Collection[str]) -> list[str]:
    """Return a locale in UTF-8 and one as different as there is: a language, or no UTF-8."""
    utf8 = next((name for name in names if name.startswith("C.")), "")
    utf8 = utf8 or next((name for name in names if _UTF8.search(name)), "")
    languages = [name for name in names if not re.match(r"(C|POSIX|en_US)\b", name)]
    # One that sorts letters otherwise, or writes a decimal comma, if there is any.
    other = next((name for name in languages if _UTF8.search(name)), "") or "C"
    return [utf8, other] if utf8 and utf8 != other else [other]


def _wrapper(names: Collection[str], home: Path) -> list[str]:
    options: list[str] = []
    if {"user", "hostname", "network"} & set(names):
        options.append("--unshare-user")
    if "user" in names:
        options += ["--uid", str(USER_ID), "--gid", str(USER_ID)]
    if "hostname" in names:
        options += ["--unshare-uts", "--hostname", HOST]
    if "network" in names:
        options.append("--unshare-net")
    if "file-order" in names:
        # In memory a folder lists its newest file first; on a disk it does not.
        options += ["--tmpfs", str(home)]
    return ["bwrap", "--dev-bind", "/", "/", *options, "--"] if options else []


def _shift_clock(side: Side, machine: Machine) -> None:
    epoch = int(time.time()) + SHIFT_S
    for option in ("--action_env", "--host_action_env"):
        side.bazel_options.append(f"{option}=SOURCE_DATE_EPOCH={epoch}")
    if machine.faketime:
        # A copy: Debian's Bazel sees another /usr.
        library = side.root / "libfaketime.so"
        side.copies[machine.faketime] = library
        shift = {"LD_PRELOAD": str(library), "FAKETIME": f"+{SHIFT_S}s"}
        # Java waits by the monotonic clock.
        shift["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
        side.environment.update(shift)
        for name, value in shift.items():
            side.bazel_options.append(f"--action_env={name}={value}")
            side.bazel_options.append(f"--host_action_env={name}={value}")
