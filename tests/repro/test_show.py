"""What a person reads of two builds, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_c import Compile
from xnnkit.cli.main import main
from xnnkit.repro import compare, show, twice
from xnnkit.repro.cause import Traces

PROFILE = "xnnpack-2024-11"


def content(artifacts: list[dict[str, Any]], proofs: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "profile": PROFILE,
        "toolchain": "zig",
        "identical": all(row["identical"] for row in artifacts) and not proofs,
        "varied": 1,
        "conditions": [
            {"name": "umask", "varied": True, "values": ["022", "077"], "why": "", "note": ""},
            {"name": "hostname", "varied": False, "values": ["", ""], "why": "no.", "note": ""},
        ],
        "artifacts": artifacts,
        "proofs": list(proofs),
        "builds": [],
    }


@pytest.fixture
def rows(tmp_path: Path, compile_c: Compile) -> list[dict[str, Any]]:
    for side, number in (("first", 1), ("second", 2)):
        made = compile_c(f"{side}.o", f'const char who[] = "host number {number}";\n')
        (tmp_path / side / "bin").mkdir(parents=True)
        made.rename(tmp_path / side / "bin" / "program")
        (tmp_path / side / "bin" / "same").write_text("same")
    traces = (Traces((), host="number 1"), Traces((), host="number 2"))
    names = ["bin/program", "bin/same"]
    return compare.folders(tmp_path / "first", tmp_path / "second", traces, names)


def run(found: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *more: str) -> int:
    monkeypatch.setattr(twice, "repro", lambda *_, **__: found)
    return main(["repro", "--out", str(tmp_path / "out"), *more])


def test_identical_builds_end_with_0_and_every_condition_is_named(
    rows: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    same = [row for row in rows if row["identical"]]
    assert run(content(same), monkeypatch, tmp_path) == 0
    text = capsys.readouterr().out
    assert "conditions: 1 of 2 varied" in text
    assert "022  |  077" in text
    assert "could not be varied here, because no." in text
    assert f"bin/same  {same[0]['sha256'][0]}" in text


def test_a_difference_ends_with_1_and_says_where_and_why(
    rows: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(content(rows), monkeypatch, tmp_path) == 1
    out, err = capsys.readouterr()
    assert "artifacts: 1 of 2 identical" in out
    assert "differs from .rodata" in out
    assert "in who | who" in out
    assert '"host number 1" | "host number 2"' in out
    assert "likely cause: host name" in out
    assert "1 of 2 artifacts of two builds differ" in err
    assert "bin/program: host name" in err


def test_json_is_one_document_and_ends_with_1_too(
    rows: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(content(rows), monkeypatch, tmp_path, "--json") == 1
    data = json.loads(capsys.readouterr().out)
    assert data["schema_version"] == 1
    assert [row["identical"] for row in data["artifacts"]] == [False, True]


def test_builds_that_are_the_same_and_wrong_are_a_finding(
    rows: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    same = [row for row in rows if row["identical"]]
    found = content(same, ("upstream: no build date: built on Nov 21 2026",))
    assert run(found, monkeypatch, tmp_path) == 1
    assert "fail their proof" in capsys.readouterr().err


def test_what_is_no_file_is_called_by_its_kind(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "first/x").symlink_to("nowhere")
    rows = compare.folders(tmp_path / "first", tmp_path / "second", (Traces(()), Traces(())), ["x"])
    text = show.as_text(content(rows))
    assert "first   link" in text
    assert "second  not there" in text
    assert "likely cause: missing: the second build has no such file" in text


def test_many_differences_are_counted_and_not_all_shown(rows: list[dict[str, Any]]) -> None:
    (different,) = [row for row in rows if not row["identical"]]
    text = show.as_text(content([{**different, "name": f"objects/{n}.o"} for n in range(25)]))
    assert text.count("DIFFERENT") == 20
    assert "and 5 more" in text


def test_diffoscope_is_asked_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert compare.diffoscope(one, other) == ""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "diffoscope"
    program.write_text('#!/bin/sh\necho "--- $4"\necho "+++ $5"\nexit 1\n')
    program.chmod(0o755)
    assert compare.diffoscope(one, other) == f"--- {one}\n+++ {other}\n"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 2\n")
    assert compare.diffoscope(one, other) == "diffoscope failed: broken\n"
