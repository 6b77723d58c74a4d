"""Fuzz the readers of untrusted input.

    python tests/fuzz/run.py [--seconds N] [--out FOLDER] [--engine auto|guided|chance] [TARGET...]

Each target runs in a process of its own, one after the other. A crash is any exception that is not
one of ``xnnkit.errors``, more than 5 s of processor time for one input, or more than 1 GB of
memory. The exit code is 1 when there was one; its input and its trace are in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]

from engine import Record, bounded, find_engine, guided  # noqa: E402
from targets import TARGETS  # noqa: E402

STUCK_SECONDS = 60.0
"""Of processor time for one input: it hangs where no signal reaches it."""


def main(argv: list[str]) -> int:
    """Fuzz, print the figures, and return the exit code."""
    parser = argparse.ArgumentParser(description="Fuzz the readers of untrusted input.")
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--out", type=Path, help="where crashes and figures go")
    parser.add_argument("--engine", choices=("auto", "guided", "chance"), default="auto")
    parser.add_argument("--seed", type=int, default=0, help="for the engine chance")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("target", nargs="*", choices=[[], *TARGETS])
    given = parser.parse_args(argv)
    folder = given.out or Path(tempfile.mkdtemp(prefix="xnnkit-fuzz-"))
    if given.child:
        return _child(given, folder)
    bad = False
    for name in given.target or TARGETS:
        figures = _parent(name, given, folder)
        bad |= bool(figures["crashes"])
        print(_line(figures), flush=True)
    print(f"figures and inputs: {folder}")
    return int(bad)


def _child(given: argparse.Namespace, folder: Path) -> int:
    target = TARGETS[given.target[0]]
    record = Record(target, folder)
    engine = find_engine(given.engine)
    bounded()
    if engine is guided:
        engine(target, record, given.seconds, folder)
    else:
        engine(target, record, given.seconds, given.seed)
        record.close()
    return 0


def _parent(name: str, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run a target until its time is over, in a new process after each that died."""
    ends = time.monotonic() + given.seconds
    whole: dict[str, Any] = {"target": name, "tried": 0, "seconds": 0.0, "cpu_seconds": 0.0}
    whole |= {"ends": {}, "crashes": {}}
    seed = given.seed
    while (left := ends - time.monotonic()) > 0:
        child = [sys.executable, __file__, "--child", "--engine", given.engine, "--out"]
        words = [str(folder), "--seconds", f"{left:.1f}", "--seed", str(seed), name]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.current").unlink(missing_ok=True)
        with (folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen([*child, *words], stdout=log, stderr=log)
            code = _watched(process, folder / f"{name}.current")
        _add(whole, folder / f"{name}.json")
        if code:
            current = folder / f"{name}.current"
            kept = folder / f"{name}-died-{seed}"
            if current.is_file():
                shutil.copy(current, kept)
            whole["crashes"][f"process ended with {code}"] = {"times": 1, "input": kept.name}
            seed += 1
            if seed - given.seed > 20:
                break
        shutil.rmtree(Path("/dev/shm") / f"xnnkit-fuzz-{process.pid}", ignore_errors=True)
    (folder / f"{name}.json").write_text(json.dumps(whole, indent=1))
    return whole


def _watched(process: subprocess.Popen[bytes], current: Path) -> int:
    """Wait for a child, and kill it when one input takes it too much processor time."""
    since, spent = 0.0, 0.0
    try:
        while True:
            try:
                return process.wait(5)
            except subprocess.TimeoutExpired:
                pass
            now = current.stat().st_mtime if current.is_file() else 0.0
            if now != since:
                since, spent = now, _processor(process.pid)
            elif _processor(process.pid) - spent > STUCK_SECONDS:
                process.kill()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _processor(pid: int) -> float:
    """Return the processor time of a process in seconds; 0 for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _add(whole: dict[str, Any], file: Path) -> None:
    """Add what one process wrote to a target's figures."""
    if not file.is_file():
        return
    part = json.loads(file.read_text())
    file.unlink()
    whole["tried"] += part["tried"]
    for key in ("seconds", "cpu_seconds"):
        whole[key] = round(whole[key] + part[key], 1)
    for end, times in part["ends"].items():
        whole["ends"][end] = whole["ends"].get(end, 0) + times
    for crash, facts in part["crashes"].items():
        known = whole["crashes"].setdefault(crash, facts)
        if known is not facts:
            known["times"] += facts["times"]


def _line(figures: dict[str, Any]) -> str:
    ends = ", ".join(f"{times:,} {end}" for end, times in sorted(figures["ends"].items()))
    line = f"{figures['target']}: {figures['tried']:,} inputs in {figures['seconds']:.0f} s,"
    line += f" {figures['cpu_seconds']:.0f} s of processor time ({ends})"
    for crash, facts in figures["crashes"].items():
        line += f"\n  {facts['times']} x {crash}: {figures['target']}-{facts['input']}"
    return line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
