"""``xnnkit profile``: it prints what the library says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from xnnkit.cli.main import main

NAME = "xnnpack-2024-11"


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "list"]) == 0
    (line,) = [row for row in capsys.readouterr().out.splitlines() if row.startswith(NAME)]
    assert "upstream, upstream-i8mm, kleidiai" in line
    assert main(["profile", "list", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema_version"] == 1
    assert NAME in [p["name"] for p in data["profiles"]]


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "show", NAME]) == 0
    text = capsys.readouterr().out
    marked = [line for line in text.splitlines() if "prebuilt: bytes only, no tree" in line]
    assert len(marked) == 1
    assert "libkleidiai-dev" in marked[0]
    assert main(["profile", "show", NAME, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    origins = {a["name"]: a["origin"] for a in data["profile"]["archive"]}
    assert [o["prebuilt"] for o in origins["KleidiAI"]] == [False, False, True]


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "check"]) == 0
    assert f"{NAME}: ok (7 archives, 3 flavours)" in capsys.readouterr().out
    assert main(["profile", "check", NAME, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema_version": 1, "ok": [NAME]}


def test_check_of_a_broken_file(
    capsys: pytest.CaptureFixture[str], repository: Path, tmp_path: Path
) -> None:
    text = (repository / "profiles" / f"{NAME}.toml").read_text(encoding="utf-8")
    file = tmp_path / f"{NAME}.toml"
    file.write_text(text.replace("sha256 =", "sha265 =", 1), encoding="utf-8")
    line = file.read_text(encoding="utf-8").split("sha265")[0].count("\n") + 1
    assert main(["profile", "check", str(file)]) == 2
    assert f"{file}:{line}: archive[0].origin[0].sha265" in capsys.readouterr().err
    assert main(["profile", "check", str(file), "--json"]) == 2
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert {"line": line, "what": "unknown key 'sha265'"}.items() <= {
        k: v for p in problems if p["key"].endswith("sha265") for k, v in p.items()
    }.items()
