"""Starting Bazel: exit codes, where the output goes, and what a failure says."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from programs import Fake
from xnnkit.bazel import Bazel
from xnnkit.errors import BadEnvironment, XnnkitError


def bazel(*program: str | Path) -> Bazel:
    return Bazel("path", "7.7.1", tuple(str(word) for word in program), ("--startup",))


def test_startup_options_stand_before_the_command(fake: Fake, tmp_path: Path) -> None:
    program = fake("bazel", 'echo "$@"; pwd')
    one = bazel(program, "--first")
    assert one.argv("build", "//:x")[1:] == ["--first", "--startup", "build", "//:x"]
    text = one.output(["build", "//:a b"], cwd=tmp_path)
    assert text == f"--first --startup build //:a b\n{tmp_path}\n"


@pytest.mark.parametrize("code", [0, 1, 3, 37])
def test_run_returns_the_exit_code_and_logs_both_streams(
    fake: Fake, tmp_path: Path, code: int
) -> None:
    program = fake("bazel", f"echo out; echo err >&2; exit {code}")
    log = tmp_path / "log"
    assert bazel(program).run(["build"], cwd=tmp_path, log=log) == code
    assert log.read_text() == "out\nerr\n"


def test_run_without_a_log_keeps_our_standard_output_clean(fake: Fake, tmp_path: Path) -> None:
    program = fake("bazel", "echo out; echo err >&2")
    script = (
        "import pathlib; from xnnkit.bazel import Bazel;"
        f"Bazel('path', '7.7.1', ({str(program)!r},)).run(['build'], cwd=pathlib.Path('/'), QUIET)"
    )
    import xnnkit

    tools = str(Path(xnnkit.__file__).parents[1])
    for quiet, stderr in (("quiet=False", "out\nerr\n"), ("quiet=True", "")):
        done = subprocess.run(
            [sys.executable, "-c", script.replace("QUIET", quiet)],
            capture_output=True,
            text=True,
            env={"PYTHONPATH": tools},
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", stderr)


def test_nothing_is_read_from_the_users_terminal(fake: Fake, tmp_path: Path) -> None:
    program = fake("bazel", 'read line && echo "read $line"; echo done')
    assert bazel(program).output(["info"], cwd=tmp_path) == "done\n"


def test_a_server_left_behind_does_not_hold_us(fake: Fake, tmp_path: Path) -> None:
    program = fake("bazel", "/bin/sleep 20 &\necho started")
    begin = time.monotonic()
    assert bazel(program).output(["info"], cwd=tmp_path) == "started\n"
    assert bazel(program).run(["info"], cwd=tmp_path, quiet=True) == 0
    assert time.monotonic() - begin < 15


def test_a_failed_output_shows_the_end_of_stderr(fake: Fake, tmp_path: Path) -> None:
    lines = "\n".join(f"echo line {i} >&2" for i in range(30))
    program = fake("bazel", f"{lines}\necho not this\nexit 7")
    with pytest.raises(XnnkitError, match="bazel query failed with exit code 7") as caught:
        bazel(program).output(["query", "//..."], cwd=tmp_path)
    assert caught.value.where == str(tmp_path)
    assert caught.value.why.splitlines() == [f"line {i}" for i in range(10, 30)]


def test_output_that_is_no_utf8_is_no_crash(fake: Fake, tmp_path: Path) -> None:
    program = fake("bazel", "printf 'a\\377b\\n'")
    assert bazel(program).output(["info"], cwd=tmp_path) == "a\ufffdb\n"


def test_a_program_that_is_gone_is_the_environments_fault(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(BadEnvironment, match="cannot be started") as caught:
        bazel(absent).run(["build"], cwd=tmp_path, quiet=True)
    assert caught.value.where == str(absent)
    with pytest.raises(BadEnvironment, match="cannot be started"):
        bazel(absent).output(["info"], cwd=tmp_path)
