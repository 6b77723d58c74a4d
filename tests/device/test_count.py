"""Counting for real: a program of which it is known what it executes, under qemu."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_elf import Tiny
from xnnkit.device import Done, Job
from xnnkit.device.count import GOOGLE_BENCHMARK, Counts, Marks, SymbolCount
from xnnkit.device.qemu import PROGRAMS, Qemu
from xnnkit.errors import BadInput

pytestmark = pytest.mark.skipif(
    not any(shutil.which(name) for name in PROGRAMS) or not Qemu().has_plugins(),
    reason="no qemu-aarch64 with plugins is on PATH",
)
NO_WINDOW = Marks()
WINDOW = Marks(("begin",), ("end",), ("pause_",), ("resume_",))
SOURCE = Path(__file__).parent / "guest.c"
TINY = 18
"""Instructions that the tiny program executes without arguments, kai_run_a's one included."""


@pytest.fixture(scope="session", autouse=True)
def kept_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the plugin is compiled to, once for all tests of a session."""
    return tmp_path_factory.mktemp("plugins")


@pytest.fixture(autouse=True)
def cache(kept_plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNNKIT_CACHE", str(kept_plugin))


@pytest.fixture(scope="session", params=["static", "static-pie"])
def guest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, linked in both ways; no zig here: the tests are skipped."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("no ziglang module")
    folder = tmp_path_factory.mktemp("guest")
    path, thing = folder / "guest", folder / "guest.o"
    zig = [sys.executable, "-m", "ziglang"]
    pie = request.param == "static-pie"
    # Compiled and linked apart: zig would build libraries first, of which nothing is needed.
    command = [*zig, "cc", "-target", "aarch64-linux-musl", "-c", "-O1", "-ffreestanding"]
    command += ["-fPIE" if pie else "-fno-pie", "-fno-stack-protector", "-o", str(thing)]
    environment = {f"ZIG_{kind}_CACHE_DIR": str(folder / "zig") for kind in ("GLOBAL", "LOCAL")}
    subprocess.run([*command, str(SOURCE)], env={**os.environ, **environment}, check=True)
    link = ["-pie", "--no-dynamic-linker"] if pie else ["-static"]
    subprocess.run([*zig, "ld.lld", *link, "-o", str(path), str(thing)], check=True)
    return path


def counted(path: Path, what: str = "", marks: Marks = NO_WINDOW) -> tuple[Done, Counts]:
    done = Qemu().run(Job(path, [what] if what else [], timeout=60, count=marks))
    assert done.counts is not None
    return done, done.counts


def of(counts: Counts, name: str = "work", window: int | None = None) -> SymbolCount:
    """Return what a function executed; in a window, or in the whole program."""
    part = counts.whole if window is None else counts.windows[window]
    found = [symbol for symbol in part.symbols or () if symbol.name == name]
    return found[0] if found else SymbolCount(name, 0, 0)


@pytest.mark.parametrize("pie", [False, True])
def test_every_instruction_is_counted(pie: bool, tmp_path: Path) -> None:
    path = Tiny(pie=pie).write(tmp_path / "p")
    _, counts = counted(path)
    assert counts.whole.instructions == TINY
    assert counts.whole.symbols == (
        SymbolCount("_start", 1, TINY - 1),
        SymbolCount("kai_run_a", 1, 1),
    )
    assert (counts.ended, counts.threads, counts.forks) == (True, 1, 0)


def test_a_stripped_program_has_a_total_and_no_functions(tmp_path: Path) -> None:
    path = Tiny(symbols=False).write(tmp_path / "p")
    _, counts = counted(path)
    assert counts.whole.instructions == TINY
    assert counts.whole.symbols is None
    with pytest.raises(BadInput, match="begins a window") as caught:
        counted(path, marks=GOOGLE_BENCHMARK)
    assert "stripped" in caught.value.why


def test_what_was_entered_follows_from_the_counts(tmp_path: Path) -> None:
    job = Job(Tiny().write(tmp_path / "p"), trace=["kai_run_a", "kai_run_b"], count=Marks())
    assert Qemu().run(job).entered == {"kai_run_a": True, "kai_run_b": False}


def test_a_place_with_a_comma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a,b,,c"
    folder.mkdir()
    monkeypatch.setenv("XNNKIT_CACHE", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert counted(Tiny().write(folder / "p"))[1].whole.instructions == TINY


def test_loops_and_entries(guest: Path) -> None:
    _, counts = counted(guest, "w")
    assert of(counts) == SymbolCount("work", 1, 2002)
    # _start and start are a few dozen instructions more, and nothing else is there.
    assert sum(one.instructions for one in counts.whole.symbols or ()) == counts.whole.instructions
    assert 2002 < counts.whole.instructions < 2102


def test_the_same_number_every_time(guest: Path) -> None:
    assert counted(guest, "m", WINDOW)[1] == counted(guest, "m", WINDOW)[1]


@pytest.mark.parametrize("what", ["w", "m", "p"])
def test_one_instruction_at_a_time_gives_the_same(what: str, guest: Path, tmp_path: Path) -> None:
    """qemu can make every instruction a block of its own: then there is nothing to get wrong."""
    qemu = tmp_path / "single-step"
    program = Qemu().program()
    version = str(Qemu().identity()["qemu"]).split(".")
    option = "-singlestep" if int(version[0]) < 8 else "-one-insn-per-tb"
    qemu.write_text(f'#!/bin/sh\nexec {program} {option} "$@"\n')
    qemu.chmod(0o755)
    stepped = Qemu(program=str(qemu)).run(Job(guest, [what], count=WINDOW)).counts
    whole = counted(guest, what, WINDOW)[1]
    assert stepped is not None
    assert stepped.whole.instructions == whole.whole.instructions
    assert [w.instructions for w in stepped.windows] == [w.instructions for w in whole.windows]


def test_windows(guest: Path) -> None:
    _, counts = counted(guest, "m", WINDOW)
    assert [of(counts, window=i) for i in range(3)] == [
        SymbolCount("work", 1, 2 * 10 * i + 2) for i in (1, 2, 3)
    ]
    # From the entry of `begin` to the entry of `end`: the first's instruction, not the second's.
    assert [of(counts, "begin", i).instructions for i in range(3)] == [1, 1, 1]
    assert [of(counts, "end", i).instructions for i in range(3)] == [0, 0, 0]
    assert of(counts).entries == 6


def test_pause(guest: Path) -> None:
    _, counts = counted(guest, "p", WINDOW)
    assert len(counts.windows) == 1  # the second never ended
    assert of(counts, window=0) == SymbolCount("work", 2, 12 + 16)
    assert of(counts) == SymbolCount("work", 4, 12 + 16 + 2002 + 20)


def test_a_window_inside_another_is_part_of_it(guest: Path) -> None:
    _, counts = counted(guest, "n", WINDOW)
    assert [of(counts, window=i) for i, _ in enumerate(counts.windows)] == [
        SymbolCount("work", 3, 8 + 10 + 12)
    ]


def test_threads_lose_nothing(guest: Path) -> None:
    _, counts = counted(guest, "t")
    assert counts.threads == 5
    assert of(counts) == SymbolCount("work", 4, 4 * 2_000_002)


def test_another_thread_ends_the_program(guest: Path) -> None:
    done, counts = counted(guest, "e")
    assert done.code == 3
    assert counts.ended
    assert of(counts) == SymbolCount("work", 1, 16)


def test_a_fork_is_said_and_not_counted(guest: Path) -> None:
    done, counts = counted(guest, "f", WINDOW)
    assert done.code == 0
    assert counts.forks == 1
    assert of(counts) == SymbolCount("work", 1, 22)
    assert [of(counts, window=i) for i, _ in enumerate(counts.windows)] == [of(counts)]


@pytest.mark.parametrize(("what", "ending"), [("s", "SIGSEGV"), ("k", "SIGKILL")])
def test_a_signal_leaves_the_counts(what: str, ending: str, guest: Path) -> None:
    done, counts = counted(guest, what)
    assert done.ending == ending
    assert not counts.ended
    assert of(counts) == SymbolCount("work", 1, 24)
