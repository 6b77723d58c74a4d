"""A series: many processes that belong together, so that one which was cut can go on.

While a series is under way, ``ROOT/PROFILE/.DEVICE.series`` says what it does and which of its
runs are kept; it is rewritten after each run and removed at the end.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xnnkit import untrusted
from xnnkit.bench import runs
from xnnkit.bench.plan import Binary, Plan
from xnnkit.errors import BadEnvironment, BadInput, Finding, typed

VERSION = 1


@dataclass(frozen=True)
class Turn:
    """One process of a series.

    Attributes:
        number: its place, from 1.
        binary: what is run.
        repetition: which repetition it is, from 1; 0 when the process does all of them.
    """

    number: int
    binary: Binary
    repetition: int


def turns(chosen: Sequence[Binary], plan: Plan, *, apart: bool) -> list[Turn]:
    """Return the processes in their order.

    Args:
        chosen: the binaries.
        plan: with the repetitions, and whether flavours take turns (A B, B A, A B, ...).
        apart: a process for each repetition.
    """
    if not apart:
        return [Turn(i, one, 0) for i, one in enumerate(chosen, 1)]
    repetitions = range(1, plan.repetitions + 1)
    if plan.interleave:
        order = [
            (one, i) for i in repetitions for one in (chosen if i % 2 else list(reversed(chosen)))
        ]
    else:
        order = [(one, i) for one in chosen for i in repetitions]
    return [Turn(number, one, i) for number, (one, i) in enumerate(order, 1)]


@dataclass
class Series:
    """One series on one device.

    Attributes:
        path: its file.
        what: all that must be the same for it to go on.
        name: tells it from others; the same in all its runs.
        kept: number of a turn -> the run's file, relative to ROOT.
    """

    path: Path
    what: dict[str, Any]
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    kept: dict[str, str] = field(default_factory=dict)

    def find(self, turn: Turn, root: Path) -> runs.Run | None:
        """Return the run of a turn that was kept, None when there is none.

        Raises:
            BadInput, Finding: its file is damaged.
        """
        place = self.kept.get(str(turn.number))
        if place is None or not (root / place).is_file():
            return None
        return runs.load(root / place)

    def keep(self, turn: Turn, run: runs.Run, root: Path) -> None:
        """Remember that a turn is done.

        Raises:
            BadEnvironment: it cannot be written.
        """
        assert run.path is not None
        self.kept[str(turn.number)] = run.path.relative_to(root).as_posix()
        content = {"schema_version": VERSION, "name": self.name, "what": self.what}
        text = json.dumps({**content, "kept": self.kept}, indent=1) + "\n"
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            partial.write_text(text, encoding="utf-8")
            os.replace(partial, self.path)
        except OSError as error:
            raise BadEnvironment(
                f"the series cannot be kept: {error.strerror}", where=str(self.path)
            ) from error

    def end(self) -> None:
        """Forget a series that is complete."""
        self.path.unlink(missing_ok=True)


def begin(
    plan: Plan, profile: str, device: str, chosen: Sequence[Binary], *, apart: bool
) -> tuple[Series, bool]:
    """Return the series of a plan, and whether another one that was cut is given up for it.

    Args:
        plan: with ``resume``.
        profile: the profile's name.
        device: the device's name.
        chosen: the binaries.
        apart: a process for each repetition.

    Raises:
        BadInput: there is none to go on with, or it was another one.
        Finding: its file is damaged.
    """
    path = plan.root / profile / f".{runs.stem(device)}.series"
    what = {
        "binaries": {one.flavour: one.sha256 for one in chosen},
        "arguments": list(plan.arguments),
        "repetitions": plan.repetitions,
        "interleave": plan.interleave,
        "apart": apart,
        "count": plan.count,
        "device": device,
    }
    if not plan.resume:
        return Series(path, what), path.is_file()
    old = _read(path)
    if different := [key for key in what if old["what"].get(key) != what[key]]:
        raise BadInput(
            "the series that was cut was another one",
            where=str(path),
            why="\n".join(f"{key}: {old['what'].get(key)}, now {what[key]}" for key in different),
            fix="give the same options, or leave --resume out to begin anew",
        )
    return Series(path, what, old["name"], old["kept"]), False


def _read(path: Path) -> dict[str, Any]:
    try:
        data = untrusted.load(path)
    except FileNotFoundError as error:
        raise BadInput(
            "there is no series to go on with",
            where=str(path),
            why="the last one is complete, or was made with another --out, --runs or --device",
            fix="leave --resume out",
        ) from error
    except (OSError, ValueError) as error:
        raise Finding(
            f"the series cannot be read: {error}", where=str(path), fix=f"rm {typed(path)}"
        ) from error
    good = isinstance(data, dict) and data.get("schema_version") == VERSION
    if not good or not all(
        isinstance(data.get(key), kind)
        for key, kind in (("name", str), ("what", dict), ("kept", dict))
    ):
        raise Finding("this is no series of ours", where=str(path), fix=f"rm {typed(path)}")
    for place in data["kept"].values():
        if not isinstance(place, str) or not untrusted.inside(place):
            raise Finding(
                "the series names a run elsewhere",
                where=str(path),
                why=f"{place!r} is no file below its folder",
                fix=f"rm {typed(path)}",
            )
    return dict(data)
