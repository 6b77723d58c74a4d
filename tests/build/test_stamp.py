"""The stamp: a build that would change nothing is seen, and any change is seen too."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from xnnkit.build import stamp

KEY = {"profile": "p", "flavours": ["a"]}
RESULT = {"argv": ["true"], "outputs": {}}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    root = tmp_path / "sources"
    (root / "sub" / "__pycache__").mkdir(parents=True)
    for name in ("a.txt", "sub/b.txt", "sub/__pycache__/b.pyc"):
        (root / name).write_text(name)
    return root


@pytest.fixture
def out(tmp_path: Path, sources: Path) -> Path:
    """An output directory with a stamp over the sources."""
    folder = tmp_path / "out"
    folder.mkdir()
    stamp.write(folder, KEY, stamp.watched([sources]), RESULT)
    return folder


def test_untouched_files_give_the_result_back(out: Path) -> None:
    assert stamp.read(out, KEY) == RESULT
    assert [p.name for p in out.iterdir()] == [stamp.NAME]


def later(path: Path) -> None:
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def replaced(path: Path) -> None:
    """Another file of the same size and time, renamed into place."""
    seen, parent = path.stat(), path.parent.stat()
    other = path.with_name("other")
    other.write_bytes(b"x" * seen.st_size)
    os.utime(other, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    os.replace(other, path)
    os.utime(path.parent, ns=(parent.st_atime_ns, parent.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "longer": lambda root: (root / "a.txt").write_text("longer than before"),
    "later": lambda root: later(root / "a.txt"),
    "replaced": lambda root: replaced(root / "sub/b.txt"),
    "gone": lambda root: (root / "sub/b.txt").unlink(),
    "added": lambda root: (root / "sub/new.txt").write_text(""),
    "added folder": lambda root: (root / "empty").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(out: Path, sources: Path, change: str) -> None:
    CHANGES[change](sources)
    assert stamp.read(out, KEY) is None


def test_bytecode_is_no_change(out: Path, sources: Path) -> None:
    (sources / "sub/__pycache__/c.pyc").write_text("new")
    assert stamp.read(out, KEY) == RESULT


def test_a_file_that_was_not_there_is_seen_when_it_comes(out: Path, tmp_path: Path) -> None:
    expected = tmp_path / "later.txt"
    stamp.write(out, KEY, [str(expected)], RESULT)
    assert stamp.read(out, KEY) == RESULT
    expected.write_text("")
    assert stamp.read(out, KEY) is None


@pytest.mark.parametrize("key", [{}, {**KEY, "profile": "q"}, {**KEY, "more": 1}])
def test_another_request_gets_nothing(out: Path, key: dict[str, object]) -> None:
    assert stamp.read(out, key) is None


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", "{}", '{"schema_version": 1}'])
def test_a_damaged_stamp_is_no_stamp(out: Path, damage: str) -> None:
    (out / stamp.NAME).write_text(damage)
    assert stamp.read(out, KEY) is None


def test_a_stamp_of_another_schema_is_no_stamp(out: Path) -> None:
    data = json.loads((out / stamp.NAME).read_text())
    (out / stamp.NAME).write_text(json.dumps({**data, "schema_version": 2}))
    assert stamp.read(out, KEY) is None


def test_without_a_stamp_there_is_nothing(tmp_path: Path) -> None:
    assert stamp.read(tmp_path, KEY) is None
    assert stamp.rebuild(tmp_path, KEY) is None


# ------------------------------------------------------------------- asking Bazel once more


def stamped(out: Path, tmp_path: Path, script: str) -> Path:
    """Stamp a build whose Bazel is a shell script; return its one output."""
    built = tmp_path / "built"
    built.write_text("binary")
    (out / "build.json").write_text('{"schema_version": 1, "profile": "p"}')
    result = {
        "argv": ["/bin/sh", "-c", script],
        "workspace": str(tmp_path),
        "outputs": stamp.facts([str(built)]),
    }
    stamp.write(out, KEY, [], result)
    return built


def test_rebuild_runs_bazel_and_returns_the_manifest(out: Path, tmp_path: Path) -> None:
    stamped(out, tmp_path, "pwd > ran")
    assert stamp.rebuild(out, KEY) == {"schema_version": 1, "profile": "p"}
    assert (tmp_path / "ran").read_text().strip() == str(tmp_path)


@pytest.mark.parametrize("script", ["exit 1", "echo other > built"])
def test_rebuild_gives_up_when_bazel_fails_or_builds_something(
    out: Path, tmp_path: Path, script: str
) -> None:
    stamped(out, tmp_path, script)
    assert stamp.rebuild(out, KEY) is None
