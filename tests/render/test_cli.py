"""``xnnkit render`` without a network: fetching and the patches are stood in for."""

from __future__ import annotations

import json
from pathlib import Path

import golden
import pytest
from click.testing import CliRunner, Result
from xnnkit.cli.render import command
from xnnkit.errors import BadInput

NAME = golden.FIRST
pytestmark = pytest.mark.usefixtures("no_sources")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])


def test_render_then_check_then_drift(tmp_path: Path) -> None:
    out = tmp_path / "ws"
    done = run(NAME, out)
    assert done.exit_code == 0, done.output
    assert (out / "MODULE.bazel").is_file()
    done = run(NAME, out, "--check")
    assert done.exit_code == 0, done.output
    assert "0 differ" in done.stdout
    (out / "MODULE.bazel").write_text("module(name = 'edited')\n")
    done = run(NAME, out, "--check")
    assert done.exit_code == 1
    assert "1 differ" in done.stdout
    assert "MODULE.bazel" in done.stderr
    assert (out / "MODULE.bazel").read_text() == "module(name = 'edited')\n"
    assert run(NAME, out).exit_code == 0
    assert run(NAME, out, "--check").exit_code == 0


def test_check_of_a_directory_that_is_not_there_is_drift(tmp_path: Path) -> None:
    done = run(NAME, tmp_path / "ws", "--check")
    assert done.exit_code == 1
    assert not (tmp_path / "ws").exists()


def test_diff_prints_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "ws"
    run(NAME, out)
    (out / ".bazelversion").write_text("1.2.3\n")
    done = run(NAME, out, "--diff")
    assert done.exit_code == 0
    assert "-1.2.3\n+" in done.stdout
    assert done.stdout.count("--- ") == 1
    assert (out / ".bazelversion").read_text() == "1.2.3\n"


def test_json_says_what_drifted(tmp_path: Path) -> None:
    out = tmp_path / "ws"
    run(NAME, out)
    (out / "README.md").unlink()
    done = run(NAME, out, "--check", "--json")
    assert done.exit_code == 1
    data = json.loads(done.stdout)
    assert data["schema_version"] == 1
    assert data["drift"] == {"added": ["README.md"], "changed": [], "removed": []}


def test_a_foreign_directory_is_refused_by_check_too(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    for arguments in ([NAME, tmp_path], [NAME, tmp_path, "--check"], [NAME, tmp_path, "--diff"]):
        assert isinstance(run(*arguments).exception, BadInput)
