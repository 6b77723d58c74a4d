"""The fuzzers' short form: what is kept, and a few hundred mutations that are always the same."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE))

import engine  # noqa: E402
import targets  # noqa: E402

INPUTS = 150


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.mark.parametrize("name", targets.TARGETS)
def test_what_is_kept_is_read(name: str, folder: Path) -> None:
    ends = [targets.attempt(targets.TARGETS[name], data, folder) for data in targets.corpus(name)]
    assert ends.count("read") >= len(ends) / 2, "half of what is kept must be sound"


@pytest.mark.parametrize("name", targets.TARGETS)
def test_mutations(name: str, folder: Path) -> None:
    target = targets.TARGETS[name]
    for number, data in enumerate(islice(engine.inputs(target, 1), INPUTS)):
        try:
            targets.attempt(target, data, folder)
        except BaseException:
            print(f"input {number}: {data!r}")
            raise


def test_mutations_are_the_same_for_the_same_seed() -> None:
    target = targets.TARGETS["device"]
    first, second = (list(islice(engine.inputs(target, 7), 50)) for _ in range(2))
    assert first == second
    assert len(set(first)) > 30, "they must differ from each other"


def test_no_mutation_is_too_long() -> None:
    target = targets.TARGETS["device"]
    long = [bytes(engine.LONGEST)]
    assert len(engine.mutated(target, long, random.Random(1))) <= engine.LONGEST


def test_the_corpus_is_small() -> None:
    size = sum(file.stat().st_size for file in (HERE / "corpus").rglob("*") if file.is_file())
    assert size < 200_000


BROKEN = """
import sys
sys.path[:0] = [{here!r}, {tools!r}]
import engine, targets
from pathlib import Path

def crash(data, folder):
    if data == b"crash":
        raise KeyError("x")
    if data == b"hang":
        while True:
            pass
    if data == b"memory":
        bytearray(4 << 30)
    if data == b"outside":
        (folder / "x").mkdir()
        targets._nothing_outside(folder, set())

engine.HANG_SECONDS = 0.3
engine.bounded()
record = engine.Record(targets.Target("broken", "", crash), Path({out!r}))
for data in (b"fine", b"crash", b"hang", b"crash", b"memory", b"outside", b"fine"):
    record.take(data)
record.close()
"""


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    code = BROKEN.format(here=str(HERE), tools=str(HERE.parents[1] / "tools"), out=str(tmp_path))
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    figures = json.loads((tmp_path / "broken.json").read_text())
    found = {name.split(" ")[0]: one for name, one in figures["crashes"].items()}
    assert set(found) == {"KeyError", "Hang", "MemoryError", "AssertionError"}
    assert found["KeyError"]["times"] == 2
    assert figures["tried"] == 7
    assert figures["ends"] == {"read": 2, "crash": 5}
    kept = (tmp_path / f"broken-{found['Hang']['input']}").read_bytes()
    assert kept == b"hang"
