"""Run one target: make inputs, try them, and keep what crashed, hung or took too much memory.

Inputs are made by atheris where it is installed (``pip install atheris``: it is guided by the code
that an input reaches), else by the mutator here, which needs nothing.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from targets import Target, attempt, corpus, identity, scratch

HANG_SECONDS = 5.0
"""Of processor time: the machine may be busy with other things."""
MEMORY_BYTES = 1 << 30
LONGEST = 1 << 16
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


class Hang(BaseException):
    """An input took too long; no ``except Exception`` of a reader may swallow it."""


class Record:
    """What came of a target's inputs, kept in a folder as they come.

    Args:
        target: which.
        folder: takes crashing inputs and ``TARGET.json``.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._work = scratch()
        self._current = folder / f"{target.name}.current"
        self._began = time.monotonic()
        self._saved = 0.0
        self.tried = 0
        self.ends: Counter[str] = Counter()
        self.crashes: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, data: bytes) -> str:
        """Try one input and return how it ended."""
        self.tried += 1
        self._current.write_bytes(data)
        signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
        try:
            end = attempt(self._target, data, self._work)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            end = self._crash(data, error)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        self.ends[end] += 1
        if time.monotonic() - self._saved > 2:
            self.save()
        return end

    def _crash(self, data: bytes, error: BaseException) -> str:
        kind = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f for f in frames if "xnnkit" in f.filename or "fuzz" in f.filename] or frames
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
        name = f"{kind} at {place}"
        known = self.crashes.setdefault(name, {"times": 0, "input": identity(data)})
        known["times"] += 1
        if known["times"] == 1:
            known["trace"] = "".join(traceback.format_exception(error)[-6:])[-3000:]
            (self._folder / f"{self._target.name}-{identity(data)}").write_bytes(data)
            self.save()
        return "crash"

    def save(self) -> None:
        """Write the figures so far."""
        self._saved = time.monotonic()
        figures = {
            "target": self._target.name,
            "tried": self.tried,
            "seconds": round(self._saved - self._began, 1),
            "cpu_seconds": round(time.process_time(), 1),
            "ends": dict(self.ends),
            "crashes": self.crashes,
        }
        partial = self._folder / f"{self._target.name}.json.tmp"
        partial.write_text(json.dumps(figures, indent=1))
        os.replace(partial, self._folder / f"{self._target.name}.json")

    def close(self) -> None:
        """Write the figures and remove the working folder."""
        self.save()
        self._current.unlink(missing_ok=True)
        shutil.rmtree(self._work, ignore_errors=True)


def bounded(memory: int = MEMORY_BYTES) -> None:
    """Bound this process: more memory is a MemoryError, a long input a `Hang`."""

    def over(number: int, frame: FrameType | None) -> None:
        raise Hang(f"more than {HANG_SECONDS:g} s")

    signal.signal(signal.SIGPROF, over)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def mutated(target: Target, kept: list[bytes], chance: random.Random) -> bytes:
    """Return a new input made of those that are kept."""
    data = bytearray(chance.choice(kept) if kept else b"")
    for _ in range(1 << chance.randrange(5)):
        at = chance.randrange(len(data) + 1)
        size = min(len(data) - at, 1 << chance.randrange(10))
        match chance.randrange(10):
            case 0 if data:
                data[at - 1] ^= 1 << chance.randrange(8)
            case 1 if data:
                data[at - 1] = chance.randrange(256)
            case 2:
                data[at:at] = chance.choice(target.words or (b"\0",))
            case 3:
                data[at : at + size] = chance.choice(target.words or (b"\0",))
            case 4:
                del data[at : at + size]
            case 5:
                data[at:at] = data[at : at + size] * chance.choice((1, 1, 2, 40))
            case 6 if kept:
                other = chance.choice(kept)
                start = chance.randrange(len(other) + 1)
                data[at : at + size] = other[start : start + size]
            case 7:
                number = chance.choice(_NUMBERS)
                data[at : at + 4] = number.to_bytes(4, chance.choice(("little", "big")))
            case 8:
                data[at:at] = str(chance.choice((*_NUMBERS, -1, 1 << 64, 1e308))).encode()
            case _:
                start = chance.randrange(len(data) + 1)
                data[at:at] = data[start : start + size]
        del data[LONGEST:]
    return bytes(data)


def inputs(target: Target, seed: int) -> Iterator[bytes]:
    """Yield what is kept, then mutations of it, for ever; the same for the same seed."""
    chance = random.Random(seed)
    kept = corpus(target.name)
    yield from kept
    while True:
        yield mutated(target, kept, chance)


def by_chance(target: Target, record: Record, seconds: float, seed: int) -> None:
    """Try mutated inputs for so many seconds."""
    ends = time.monotonic() + seconds
    for data in inputs(target, seed):
        record.take(data)
        if time.monotonic() >= ends:
            return


def guided(target: Target, record: Record, seconds: float, folder: Path) -> None:
    """Let atheris make inputs for so many seconds; it ends the process."""
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

    found = folder / f"{target.name}.corpus"
    found.mkdir(parents=True, exist_ok=True)
    for data in corpus(target.name):
        (found / identity(data)).write_bytes(data)
    words = folder / f"{target.name}.words"
    quoted = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words)
    words.write_text("".join(f'"{word}"\n' for word in quoted))
    with atheris.instrument_imports(include=["xnnkit", "tarfile", "zipfile", "tomllib"]):
        import xnnkit.bench.compare
        import xnnkit.lock.audit
        import xnnkit.patches.render
        import xnnkit.provenance.verify
        import xnnkit.render.workspace  # noqa: F401
    ends = time.monotonic() + seconds

    def one(data: bytes) -> None:
        record.take(data)
        if time.monotonic() >= ends:
            record.close()
            os._exit(0)

    # Time and memory are bounded here, by processor time and by what this process takes.
    options = [
        f"-artifact_prefix={folder}/",
        "-timeout=86400",
        "-rss_limit_mb=0",
        f"-max_len={LONGEST}",
        "-print_final_stats=0",
    ]
    argv = [sys.argv[0], *options, "-verbosity=0", f"-dict={words}", str(found)]
    atheris.Setup(argv, one)
    atheris.Fuzz()


def find_engine(name: str) -> Callable[..., None]:
    """Return the engine called ``name``: ``guided``, ``chance``, or ``auto`` for what is there."""
    if name == "auto":
        from importlib.util import find_spec

        name = "guided" if find_spec("atheris") else "chance"
    return {"guided": guided, "chance": by_chance}[name]
