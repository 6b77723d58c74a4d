"""``xnnkit patch`` from the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from xnnkit.cli.main import main
from xnnkit.patches import load

profiles = import_module("xnnkit.profile.load")

EDIT = {"file": "BUILD.bazel", "anchor": "^one$", "text": "two", "why": "One is too few."}


@pytest.fixture(autouse=True)
def sets(
    tmp_path: Path, tree: Path, write_set: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's own set, standing in as one small edit."""
    root = write_set(tmp_path / "sets/xnnpack/switches", EDIT, applies_to="XNNPACK")
    (root / "files").mkdir()
    (root / "files/new.txt").write_text("new\n")
    (tree / "BUILD.bazel").write_text("one\n")
    monkeypatch.setattr(load, "directory", lambda: tmp_path / "sets")
    # The profile as it would be with that set alone.
    real = profiles.path_of("xnnpack-2024-11")
    text = re.sub(r"(?m)^patch_sets = .*$", 'patch_sets = ["xnnpack/switches"]', real.read_text())
    (tmp_path / real.name).write_text(text)
    monkeypatch.setattr(profiles, "path_of", lambda name: tmp_path / real.name)


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patch", "list"]) == 0
    assert capsys.readouterr().out == "xnnpack/switches  XNNPACK  A change\n"
    assert main(["patch", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "patch_sets": [
            {"name": "xnnpack/switches", "applies_to": "XNNPACK", "subject": "A change"}
        ],
    }


def test_render_to_stdout_and_to_a_file(
    tree: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["patch", "render", "--patch-set", "xnnpack/switches", "--tree", str(tree)]) == 0
    printed = capsysbinary.readouterr().out
    assert b"-one\n+two\n" in printed
    out = tmp_path / "out.patch"
    assert main(["patch", "render", "xnnpack-2024-11", "--tree", str(tree), "-o", str(out)]) == 0
    assert out.read_bytes() == printed
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_render_wants_a_tree_for_a_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patch", "render", "--patch-set", "xnnpack/switches"]) == 2
    assert "--patch-set needs --tree" in capsys.readouterr().err


def test_render_where_nothing_can_be_written(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tree / "no" / "out.patch")
    assert main(["patch", "render", "--tree", str(tree), "-o", out]) == 3
    assert "cannot write the diff" in capsys.readouterr().err


def test_check(tree: Path, tools: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patch", "check", "--tree", str(tree)]) == 0
    lines = [f"xnnpack/switches  {tool}  ok\n" for tool in tools]
    assert capsys.readouterr().out == "".join(lines)


def test_check_of_a_tree_that_moved(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "BUILD.bazel").write_text("once\n")
    assert main(["patch", "check", "--tree", str(tree), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["where"] == "xnnpack/switches, edit 1 (e1), BUILD.bazel"
    assert "line 1: once" in found["why"]


def test_check_tells_a_tool_that_fails(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from xnnkit.patches import check

    monkeypatch.setattr(check, "appliers", lambda: {"tool": lambda directory, diff: "refused"})
    assert main(["patch", "check", "--tree", str(tree), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["checks"] == [
        {"patch_set": "xnnpack/switches", "tool": "tool", "ok": False, "said": "refused"}
    ]


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patch", "explain", "xnnpack/switches"]) == 0
    text = capsys.readouterr().out
    for part in ("1. e1: BUILD.bazel", "One is too few.", "^one$", "two", "new file new.txt"):
        assert part in text
    assert main(["patch", "explain", "xnnpack/switches", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["patch_set"]
    assert shown["edits"][0]["why"] == "One is too few."
    assert shown["files"] == [{"path": "new.txt", "bytes": 4, "executable": False}]


def test_explain_of_no_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patch", "explain", "nothing/here"]) == 2
    assert "legal: xnnpack/switches" in capsys.readouterr().err
