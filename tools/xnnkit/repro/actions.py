"""Which clock a build's actions and its compiler see: two small targets that Bazel builds to tell.

They are built with the options of the build before, in the same workspace, by the same toolchain.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xnnkit.bazel import Bazel
from xnnkit.repro import clock

PACKAGE = "xnnkit_repro"

# "reproducible" is the toolchains' feature that makes __DATE__ a constant.
_FILES = {
    "BUILD.bazel": """
genrule(
    name = "clock",
    outs = ["clock.txt"],
    cmd = "(date -u +%s && cat /proc/uptime) > $@",
)

cc_library(
    name = "compiler",
    srcs = ["compiler.c"],
    features = ["-reproducible"],
)
""",
    "compiler.c": """
const char xnnkit_repro_compiled[] = "xnnkit compiled this on " __DATE__ " " __TIME__;
""",
}

# What an earlier build kept would tell of that build's clock.
_ANEW = ("--disk_cache=", "--noremote_accept_cached", "--noremote_upload_local_results")

_COMPILED = re.compile(
    rb"xnnkit compiled this on ([A-Z][a-z]{2}) ([ \d]\d) (\d{4}) (\d\d):(\d\d):(\d\d)"
)
# Not strptime: the second build speaks another language.
_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def look(bazel: Bazel, workspace: Path, options: Sequence[str], log: Path) -> dict[str, Any]:
    """Build the two targets and return what they saw, JSON-ready.

    Args:
        bazel: the one that built before.
        workspace: where it built; a package is added.
        options: with which it built.
        log: a file for Bazel's output.

    Returns:
        ``actions`` and ``compiler``: when the machine started by the clock of an action's programs
        and by the compiler's, in seconds since 1970, None for one that is not known; ``why`` not.
    """
    package = workspace / PACKAGE
    package.mkdir(exist_ok=True)
    for name, text in _FILES.items():
        (package / name).write_text(text.lstrip())
    targets = [f"//{PACKAGE}:clock", f"//{PACKAGE}:compiler"]
    code = bazel.run(["build", *options, *_ANEW, *targets], cwd=workspace, log=log)
    found: dict[str, Any] = {"actions": None, "compiler": None, "why": ""}
    if code:
        said = [line for line in log.read_text(errors="replace").splitlines() if "ERROR" in line]
        return found | {"why": " ".join(["Bazel did not build the targets that tell", *said[:1]])}
    built = workspace / "bazel-bin" / PACKAGE
    return found | {"actions": _action(built / "clock.txt"), "compiler": _compiler(built)}


def _action(file: Path) -> float | None:
    try:
        now, uptime = file.read_text().splitlines()
        return float(now) - clock.uptime(uptime)
    except (OSError, ValueError):
        return None


def _compiler(built: Path) -> float | None:
    objects = sorted(built.glob("_objs/compiler/*.o"))
    return clock.start(compiled(objects[0].read_bytes())) if objects else None


def compiled(data: bytes) -> float | None:
    """Return the date in an object of ``compiler.c``, in seconds since 1970, or None.

    A compiler that was told no time writes the local one: up to 14 hours off.
    """
    match = _COMPILED.search(data)
    if not match or match[1] not in _MONTHS:
        return None
    day, year, *time = (int(match[number]) for number in range(2, 7))
    return float(calendar.timegm((year, _MONTHS.index(match[1]) + 1, day, *time)))
