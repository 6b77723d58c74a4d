"""What strangers wrote does not steer the terminal that it is shown on."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from xnnkit.terminal import plain

TOOLS = Path(__file__).resolve().parents[2] / "tools"
EVIL = "BM_\x1b]0;owned\x07\x1b[2J\x1b[1A\x9b31m\u202egpj"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\x08c\x7f", "a\\x0db\\x08c\\x7f"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x1b[" + "1;" * 40 + "m", "\\x1b[" + "1;" * 40 + "m"),
    ],
)
def test_plain(given: str, shown: str) -> None:
    assert plain(given) == shown


def on_a_terminal(*words: str) -> bytes:
    """Return what a terminal is sent by ``xnnkit WORDS``, on stdout and on stderr."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "xnnkit", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(TOOLS), "TERM": "xterm"},
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


def test_a_pipe_gets_what_there_is(results: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xnnkit", "results", str(results)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(TOOLS)},
        check=True,
    )
    assert b"\\x1b" not in done.stdout
