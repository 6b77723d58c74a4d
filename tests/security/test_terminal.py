"""What strangers wrote does not steer the terminal that it is shown on."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import pytest
from xnnkit.cli._common import note
from xnnkit.terminal import guarded, plain, raw

TOOLS = Path(__file__).resolve().parents[2] / "tools"
EVIL = "BM_\x1b]0;owned\x07\x1b[2J\x1b[1A\x9b31m\u202egpj"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\x1b[8mb", "a\\x1b[8mb"),
        ("a\x1b[30;40mb", "a\\x1b[30;40mb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\x08c\x7f", "a\\x0db\\x08c\\x7f"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x1b[" + "1;" * 40 + "m", "\\x1b[" + "1;" * 40 + "m"),
        # Nothing is drawn for these, or what stands around them is turned round.
        ("\u00ad\u061c\u2060\ufeff\U000e0041", "\\xad\\u061c\\u2060\\ufeff\\U000e0041"),
        ("\u115f\u1160\u3164\uffa0", "\\u115f\\u1160\\u3164\\uffa0"),
        ("\u2028\u2029\u034f\ufe0f\u2065", "\\u2028\\u2029\\u034f\\ufe0f\\u2065"),
        # And these are words.
        ("größer ✓ 速い עברית ͑x́", "größer ✓ 速い עברית ͑x́"),
    ],
)
def test_plain(given: str, shown: str) -> None:
    assert plain(given) == shown


def test_no_character_that_formats_is_let_through() -> None:
    for code in range(sys.maxunicode + 1):
        kind = unicodedata.category(chr(code))
        if kind in ("Cc", "Cf", "Zl", "Zp") and chr(code) not in "\n\t":
            assert plain(chr(code)).isascii(), hex(code)


def on_a_terminal(*words: str, **environment: str) -> bytes:
    """Return what a terminal is sent by ``xnnkit WORDS``, on stdout and on stderr."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "xnnkit", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(TOOLS), "TERM": "xterm", **environment},
    )
    os.close(theirs)
    sent = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        sent += piece
    process.wait(60)
    os.close(ours)
    return sent


@pytest.fixture
def results(tmp_path: Path) -> Path:
    entry = {"name": EVIL, "run_type": "iteration", "iterations": 1, "time_unit": "ns"}
    file = tmp_path / "results.json"
    rows = [{**entry, "real_time": 1.0, "cpu_time": 1.0}]
    file.write_text(json.dumps({"context": {}, "benchmarks": rows}))
    return file


def test_names_of_benchmarks(results: Path) -> None:
    sent = on_a_terminal("results", str(results))
    assert b"\\x1b]0;owned\\x07" in sent, sent
    assert b"\x1b]" not in sent
    assert b"\x1b[2J" not in sent
    assert "\u202e".encode() not in sent


def test_errors(tmp_path: Path) -> None:
    sent = on_a_terminal("results", str(tmp_path / "\x1b[2Jnothing"))
    assert b"\\x1b[2Jnothing" in sent, sent
    assert b"\x1b[2J" not in sent


HIDDEN = b"a\x1b[8m"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    file = tmp_path / "WORKSPACE"
    file.write_bytes(b'http_archive(name = "%s", urls = ["http://x/"])\n' % HIDDEN)
    return file


# click writes to the binary side of a stream of ASCII.
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_colour_that_hides_what_follows(workspace: Path, encoding: str) -> None:
    sent = on_a_terminal("lock", "audit", str(workspace), PYTHONIOENCODING=encoding)
    # The audit makes lines of what it read itself, so that a name cannot forge one.
    assert b"unpinned    a\\u001b[8m  " in sent, sent
    assert b"\x1b" not in sent


def test_bytes_that_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    sent = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Terminal(sent, encoding="utf-8"))
    with guarded():
        click.echo("ü\x1b[2J\x9b".encode() + b"\xff")
    assert sent.getvalue() == "ü\\x1b[2J\\x9b\\xff\n".encode()


def test_our_own_colour_is_around_plain_text(tmp_path: Path) -> None:
    file = tmp_path / "WORKSPACE"
    file.write_text('load("//:a\x1b[0mb.bzl", "x")\n')
    sent = on_a_terminal("lock", "audit", str(file), NO_COLOR="")
    first = sent.splitlines()[0]
    assert first.startswith(b"\x1b[33mnot read: "), sent
    assert b"a\\u001b[0mb.bzl" in first
    assert sent.count(b"\x1b") == 2
    assert b"\x1b" not in on_a_terminal("lock", "audit", str(file), NO_COLOR="1")


class Terminal(io.StringIO):
    """Says that it is a terminal, and keeps what it is sent."""

    def isatty(self) -> bool:
        return True


def test_a_strangers_colour_does_not_end_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Terminal()
    monkeypatch.setattr(sys, "stderr", ours)
    with guarded():
        note("a\x1b[0mb\x1b[8m", style="yellow")
        note("c\x1b[8m")
    assert ours.getvalue() == "\x1b[33ma\\x1b[0mb\\x1b[8m\x1b[0m\nc\\x1b[8m\n"


def test_a_stream_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Terminal()
    monkeypatch.setattr(sys, "stderr", ours)
    with guarded():
        held = sys.stderr
        with guarded():
            assert sys.stderr is held
        print("\x1b", file=sys.stderr, end="")
        sys.stderr.writelines(["\x1b", "b"])
        raw(sys.stderr).write("\x1b[0m")
    assert sys.stderr is ours
    assert raw(ours) is ours
    assert ours.getvalue() == "\\x1b\\x1bb\x1b[0m"


def test_a_pipe_gets_what_there_is(results: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xnnkit", "results", str(results)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(TOOLS)},
        check=True,
    )
    assert b"\\x1b" not in done.stdout
