"""What the commands share."""

from __future__ import annotations

import io
import json
import sys

import click
import pytest
from click.testing import CliRunner
from xnnkit.cli import _common
from xnnkit.errors import BadInput


def test_json_starts_with_the_schema_version(capsys: pytest.CaptureFixture[str]) -> None:
    _common.emit_json({"b": 1, "a": "ü"})
    out = capsys.readouterr().out
    assert list(json.loads(out)) == ["schema_version", "b", "a"]
    assert out.isascii()


def test_json_option() -> None:
    @click.command()
    @_common.json_option
    def command(as_json: bool) -> None:
        click.echo(as_json)

    assert CliRunner().invoke(command, []).output == "False\n"
    assert CliRunner().invoke(command, ["--json"]).output == "True\n"


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"),
    [(True, "", True), (True, "1", False), (False, "", False)],
)
def test_a_note_has_colour_only_on_a_terminal_that_wants_it(
    terminal: bool, no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    _common.note("careful", style="yellow")
    shown = click.style("careful", fg="yellow") if coloured else "careful"
    assert sys.stderr.getvalue() == shown + "\n"  # type: ignore[attr-defined]


def test_a_note_leaves_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    _common.note("careful")
    assert capsys.readouterr() == ("", "careful\n")


def test_table() -> None:
    assert _common.table([("a", "long", "x"), ("bcd", "e", "")], indent=1) == (
        " a    long  x\n bcd  e"
    )
    assert _common.table([]) == ""


def test_load_profile_refuses_what_is_not_there() -> None:
    assert _common.load_profile(_common.DEFAULT_PROFILE).name == _common.DEFAULT_PROFILE
    with pytest.raises(BadInput):
        _common.load_profile("nonsense")
