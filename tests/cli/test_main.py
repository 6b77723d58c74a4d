"""The command line's manners: quick help, one place for errors, the right exit codes."""

from __future__ import annotations

import errno
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from xnnkit import __version__
from xnnkit.cli import main as cli
from xnnkit.cli import trouble
from xnnkit.errors import BadEnvironment, BadInput, Finding, Inconclusive, XnnkitError

FIRST = "xnnpack-2024-11"

HEAVY = (
    "pydantic",
    "rich",
    "requests",
    "numpy",
    "scipy",
    "jinja2",
    "git",
    "cyclonedx",
    "importlib.metadata",
)


def run(repository: Path, *args: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    """Run xnnkit as a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(repository / "tools")}
    command = [sys.executable, "-m", "xnnkit", *args]
    options = {"capture_output": True, "text": True, "env": env, **kwargs}
    return subprocess.run(command, **options)  # type: ignore[call-overload]


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let ``xnnkit fetch`` raise ``error``."""

    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def command(as_json: bool) -> None:
        click.echo("before")
        raise error

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: command)


def test_help_lists_every_command_and_imports_nothing_heavy(repository: Path) -> None:
    code = (
        "import sys; from xnnkit.__main__ import main; code = main();"
        f"print([m for m in {HEAVY!r} if m in sys.modules], code, file=sys.stderr)"
    )
    env = {**os.environ, "PYTHONPATH": str(repository / "tools")}
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], env=env, capture_output=True, text=True
    )
    assert done.stderr == "[] 0\n"
    for name, text in cli.TABLE.items():
        assert f"  {name} " in done.stdout
        assert text in done.stdout


def test_version(repository: Path) -> None:
    assert run(repository, "--version").stdout == f"xnnkit {__version__}\n"


@pytest.mark.parametrize("name", sorted(cli.TABLE))
def test_every_command_exists_and_has_help(name: str) -> None:
    module = importlib.import_module(f"xnnkit.cli.{name}")
    assert isinstance(module.command, click.Command)
    assert module.command.help
    shown = CliRunner().invoke(cli.cli, [name, "--help"])
    assert shown.exit_code == 0
    assert f"Usage: cli {name}" in shown.output


@pytest.mark.parametrize(
    ("kind", "code"),
    [(Finding, 1), (BadInput, 2), (BadEnvironment, 3), (XnnkitError, 3), (Inconclusive, 4)],
)
def test_our_errors_are_printed_once_with_their_exit_code(
    kind: type[XnnkitError],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = kind("it broke", where="a.toml:3", why="because", fix="type this")
    raising(monkeypatch, error)
    assert cli.main(["fetch"]) == code
    out, err = capsys.readouterr()
    assert out == "before\n"
    assert err == ("xnnkit: it broke\n  where: a.toml:3\n  why:   because\n  fix:   type this\n")
    assert cli.main(["fetch", "--json"]) == code
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out.removeprefix("before\n")) == error.to_json()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort(), EOFError()])
def test_interrupted(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, error)
    assert cli.main(["fetch"]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "what", "fix"),
    [
        (["fetc"], "there is no command 'fetc'", "xnnkit fetch"),
        (["profile", "shwo"], "no such command 'shwo'", "xnnkit profile --help"),
        (["--nonsense"], "no such option '--nonsense'", "xnnkit --help"),
        (["profile", "show"], "missing argument 'NAME'", "xnnkit profile show --help"),
        (["completion", "tcsh"], "'tcsh' is not one of", "xnnkit completion --help"),
        (["profile", "show", "nonsense"], "no profile named 'nonsense'", "xnnkit profile show"),
    ],
)
def test_usage_errors(
    args: list[str], what: str, fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert what in err
    assert fix in err.splitlines()[-1]


def test_json_for_another_program_is_not_for_us(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED)
    def command(rest: tuple[str, ...]) -> None:
        raise BadInput(" ".join(rest))

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: command)
    assert cli.main(["bazel", "--", "query", "--json"]) == 2
    assert capsys.readouterr() == ("", "xnnkit: query --json\n")


def test_usage_error_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["profile", "show", "--json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert (data["error"], data["schema_version"]) == ("usage", 1)


@pytest.mark.parametrize(
    ("number", "what"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "permission denied")],
)
def test_what_the_machine_refuses_is_no_bug(
    number: int, what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, OSError(number, os.strerror(number), "/some/file"))
    assert cli.main(["fetch"]) == 3
    err = capsys.readouterr().err
    assert what in err
    assert "/some/file" in err
    assert "Traceback" not in err


LOOPED = {
    "docker": ["docker", FIRST, "-o", "LOOP"],
    "docker below": ["docker", FIRST, "-o", "LOOP/below"],
    "docker --check": ["docker", FIRST, "-o", "LOOP", "--check"],
    "build": ["build", FIRST, "--out", "LOOP"],
    "run": ["run", FIRST, "--out", "LOOP"],
    "sbom": ["sbom", FIRST, "--out", "LOOP"],
    "sbom to a file": ["sbom", FIRST, "--output", "LOOP/file"],
    "provenance": ["provenance", "statement", FIRST, "--out", "LOOP"],
    "repro": ["repro", FIRST, "--out", "LOOP"],
}


@pytest.mark.parametrize("words", LOOPED.values(), ids=LOOPED)
def test_a_link_to_itself_is_no_bug(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert cli.main([word.replace("LOOP", str(tmp_path / "loop")) for word in words]) == 2
    err = capsys.readouterr().err
    assert "a link leads to itself" in err
    assert str(tmp_path / "loop") in err


def test_a_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, ModuleNotFoundError("No module named 'rich'", name="rich"))
    assert cli.main(["fetch"]) == 3
    err = capsys.readouterr().err
    assert "'rich' is not installed" in err
    assert "pip install" in err


def test_an_unexpected_error_is_called_a_bug_and_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(trouble.tempfile, "tempdir", str(tmp_path))
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    assert cli.main(["fetch"]) == 3
    err = capsys.readouterr().err
    assert "this is a bug in xnnkit: ZeroDivisionError: division by zero" in err
    assert "Traceback" not in err
    (kept,) = tmp_path.glob("*.traceback")
    assert str(kept) in err
    assert "Traceback" in kept.read_text()
    assert cli.main(["--debug", "fetch"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_what_a_command_returns_is_no_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        cli.LazyGroup, "get_command", lambda *args: click.Command("x", callback=lambda: 7)
    )
    assert cli.main(["fetch"]) == 0


@pytest.mark.parametrize("args", [["profile", "list"], ["--help"]])
def test_a_reader_that_goes_away_is_no_error(args: list[str], repository: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = run(repository, *args, stdout=write, stderr=subprocess.PIPE, capture_output=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_under_stdout(repository: Path) -> None:
    with open("/dev/full", "w") as full:
        done = run(
            repository, "profile", "list", stdout=full, stderr=subprocess.PIPE, capture_output=False
        )
    assert done.returncode == 3
    assert done.stderr.startswith("xnnkit: the disk is full\n")
    assert "Exception ignored" not in done.stderr


def test_a_terminal_without_unicode_gets_an_answer(repository: Path, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(repository / "tools"), "PYTHONIOENCODING": "ascii"}
    done = run(repository, "profile", "show", "ünknown", env=env)
    assert done.returncode == 2
    assert "\\xfcnknown" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str, repository: Path) -> None:
    script = run(repository, "completion", shell)
    assert script.returncode == 0
    assert "_XNNKIT_COMPLETE" in script.stdout


@pytest.mark.parametrize(
    ("words", "count", "expected"),
    [
        ("xnnkit prof", 1, ["profile"]),
        ("xnnkit profile ", 2, ["check", "list", "show"]),
        ("xnnkit profile show xnn", 3, ["xnnpack-2024-11"]),
        ("xnnkit doctor xnn", 2, ["xnnpack-2024-11"]),
    ],
)
def test_completions(words: str, count: int, expected: list[str], repository: Path) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": str(repository / "tools"),
        "_XNNKIT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(count),
    }
    done = run(repository, env=env)
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == expected


def test_an_installed_script_that_bash_can_source(repository: Path) -> None:
    script = run(repository, "completion", "bash").stdout
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
