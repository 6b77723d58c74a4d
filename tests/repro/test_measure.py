"""What a build writes down of its clock, of Bazel and of its caches is read off, not planned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_c import Compile
from xnnkit.bazel import Bazel
from xnnkit.repro import actions, clock, events, kept, machine
from xnnkit.repro.conditions import SHIFT_S


def test_two_processes_of_one_clock_agree_whenever_they_look() -> None:
    first = clock.start()
    time.sleep(0.3)
    assert clock.start() == pytest.approx(first, abs=0.1)


def test_a_process_with_another_clock_says_so() -> None:
    library = machine.probe().faketime
    if not library:
        pytest.skip("libfaketime is not installed (apt-get install -y faketime)")
    script = "from xnnkit.repro import clock; print(clock.start())"
    modules = os.pathsep.join(path for path in sys.path if path)
    shown = {"LD_PRELOAD": str(library), "FAKETIME": f"+{SHIFT_S}s", "PYTHONPATH": modules}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **shown, "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    real = clock.start()
    assert real is not None
    assert float(done.stdout) - real == pytest.approx(SHIFT_S, abs=60)


def test_a_machine_that_does_not_say_how_long_it_runs_gives_no_clock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clock, "_UPTIME", tmp_path / "uptime")
    assert clock.start() is None
    (tmp_path / "uptime").write_text("")
    assert clock.start() is None


# ------------------------------------------------------------------------------ Bazel's events

STREAM = [
    {"started": {"workspaceDirectory": "/a/workspace", "startTimeMillis": "1700000000000"}},
    {
        "optionsParsed": {
            "cmdLine": ["--jobs=HOST_CPUS*2", "--color=no", "--jobs=1"],
            "explicitCmdLine": ["--jobs=1"],
        }
    },
    {"workspaceInfo": {"localExecRoot": "/a/home/execroot/_main"}},
    {"finished": {"finishTimeMillis": "1700000001500"}},
    {"buildMetrics": {"actionSummary": {"runnerCount": [{"name": "total", "count": 3}]}}},
]


def test_bazels_events_say_where_and_how_it_worked(tmp_path: Path) -> None:
    hits = {"name": "disk cache hit", "count": 2}
    metrics = {"buildMetrics": {"actionSummary": {"runnerCount": [hits]}}}
    lines = [json.dumps(event) for event in [*STREAM[:-1], metrics]]
    (tmp_path / "events").write_text("\n".join([*lines, '{"half":']))
    assert events.read(tmp_path / "events") == {
        "workspace": "/a/workspace",
        "execution_root": "/a/home/execroot/_main",
        "jobs": "1",
        "options": ["--jobs=1"],
        "from_disk_cache": 2,
        "finished": 1700000001.5,
    }


def test_a_stream_that_was_never_written_says_nothing(tmp_path: Path) -> None:
    said = events.read(tmp_path / "events")
    assert not any(said.values())


# --------------------------------------------------------------------------------- the actions


def test_the_date_of_the_compiler_is_read_from_an_object(compile_c: Compile) -> None:
    source = actions._FILES["compiler.c"]
    for epoch in (1700000000, 2019000123):
        made = compile_c(f"{epoch}.o", source, SOURCE_DATE_EPOCH=str(epoch))
        assert actions.compiled(made.read_bytes()) == epoch


def test_a_compiler_that_was_told_no_time_is_at_most_a_day_off(compile_c: Compile) -> None:
    seen = actions.compiled(compile_c("now.o", actions._FILES["compiler.c"]).read_bytes())
    assert seen == pytest.approx(time.time(), abs=86400)


def test_a_compiler_whose_date_is_a_constant_gives_none(compile_c: Compile) -> None:
    words = ('-D__DATE__="redacted"', "-Wno-builtin-macro-redefined")
    made = compile_c("redacted.o", actions._FILES["compiler.c"], *words)
    assert actions.compiled(made.read_bytes()) is None


BAZEL = """#!/bin/sh
echo "$*" > called
mkdir -p bazel-bin/xnnkit_repro/_objs/compiler
{body}
"""


def fake(workspace: Path, body: str) -> Bazel:
    program = workspace / "bazel"
    program.write_text(BAZEL.format(body=body))
    program.chmod(0o755)
    return Bazel("given", "7.7.1", (str(program),))


def test_actions_tell_their_own_clock_and_no_cache_is_asked(tmp_path: Path) -> None:
    bazel = fake(tmp_path, "echo '2000001000\n1000.25 7.0' > bazel-bin/xnnkit_repro/clock.txt")
    seen = actions.look(bazel, tmp_path, ["--jobs=2"], tmp_path / "log")
    assert seen == {"actions": 1999999999.75, "compiler": None, "why": ""}
    called = (tmp_path / "called").read_text().split()
    assert called[:3] == ["build", "--jobs=2", "--disk_cache="]
    assert called[-2:] == ["//xnnkit_repro:clock", "//xnnkit_repro:compiler"]


def test_what_bazel_does_not_build_is_not_known_and_says_why(tmp_path: Path) -> None:
    bazel = fake(tmp_path, "echo 'ERROR: no such thing'; exit 1")
    seen = actions.look(bazel, tmp_path, [], tmp_path / "log")
    assert (seen["actions"], seen["compiler"]) == (None, None)
    assert "ERROR: no such thing" in seen["why"]


# ---------------------------------------------------------------------------------- the caches


def test_a_cache_is_told_by_its_results_and_libraries(tmp_path: Path) -> None:
    assert kept.state(tmp_path, tmp_path / "disk") == {"results": 0, "libraries": []}
    for name in ("disk/ac/ab/abcd", "disk/ac/cd/cdef", "disk/cas/00/0011"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("x86_64-ab-4", "aarch64-ab-4", "aarch64-ab-4.partial.7"):
        (tmp_path / "sysroot" / name).mkdir(parents=True)
    assert kept.state(tmp_path, tmp_path / "disk") == {
        "results": 2,
        "libraries": ["aarch64-ab-4", "x86_64-ab-4"],
    }
