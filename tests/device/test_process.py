"""Starting programs: lines as they come, time-outs, and nothing left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from xnnkit.device.process import TAIL_LINES, stream
from xnnkit.errors import BadEnvironment

ENV = {"PATH": os.environ["PATH"]}


def gone(pid: int) -> bool:
    """Tell whether a process has ended; one that only waits to be noticed has."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_lines_code_and_tail() -> None:
    lines: list[str] = []
    done = stream(
        ["sh", "-c", "for i in $(seq 30); do echo line $i; done; echo bad >&2; exit 3"],
        env=ENV,
        say=lines.append,
    )
    assert done.code == 3
    assert len(lines) == 31
    assert lines[:2] == ["line 1", "line 2"]
    assert set(lines) >= {"line 30", "bad"}
    assert list(done.tail) == lines[-TAIL_LINES:]


def test_lines_arrive_while_the_program_runs(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    # The program goes on only when its first line has been seen.
    script = f"echo first; while [ ! -e {flag} ]; do sleep 0.01; done; echo second"
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        flag.touch()

    assert stream(["sh", "-c", script], env=ENV, say=say, timeout=20).code == 0
    assert lines == ["first", "second"]


def test_the_environment_is_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_FILTER", "nothing")
    done = stream(["sh", "-c", "echo $BENCHMARK_FILTER/$A"], env={**ENV, "A": "b"})
    assert done.tail == ("/b",)


def test_time_is_over_for_children_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid}; echo started; wait"
    began = time.monotonic()
    with pytest.raises(BadEnvironment, match=r"did not end within 0\.5 s") as caught:
        stream(["sh", "-c", script], env=ENV, timeout=0.5)
    assert time.monotonic() - began < 10
    assert "started" in caught.value.why
    assert "--timeout" in caught.value.fix
    assert gone(int(pid.read_text()))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_goes_on_when_we_stop(error: type[BaseException], tmp_path: Path) -> None:
    def say(line: str) -> None:
        (tmp_path / "pid").write_text(line)
        raise error

    with pytest.raises(error):
        stream(["sh", "-c", "echo $$; exec sleep 60"], env=ENV, say=say)
    assert gone(int((tmp_path / "pid").read_text()))


def test_no_such_program(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="not there"):
        stream([str(tmp_path / "nothing")], env=ENV)
    (tmp_path / "plain").write_text("x")
    with pytest.raises(BadEnvironment, match="not executable"):
        stream([str(tmp_path / "plain")], env=ENV)


def test_bytes_that_are_no_text() -> None:
    done = stream(["sh", "-c", r"printf 'a\377b\n'"], env=ENV)
    assert done.tail == ("a\ufffdb",)
