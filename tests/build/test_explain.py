"""What a build's trace says about sharing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from xnnkit.build.explain import Action, account, read_trace
from xnnkit.errors import XnnkitError

FLAVOURS = {"ST-1": "upstream", "ST-2": "base"}
GRAPH = "external/x~~archives~mediapipe/graph.o"


def ran(output: str, *configurations: str) -> list[Action]:
    return [Action(name, output, "CppCompile", True) for name in configurations]


def command(configuration: str, repository: str, *flags: str) -> list[str]:
    inside = f"external/x~~archives~{repository}"
    generated = f"bazel-out/{configuration}/bin/{inside}/include"
    return ["clang", "-iquote", inside, "-I", f"{inside}/include", "-I", generated, *flags]


def test_shared_and_repeated_compilations_are_counted() -> None:
    shared = Action("ST-2", "external/x~~archives~absl/a.o", "CppCompile", False)
    link = Action("ST-1", "llm_test", "CppLink", True)
    tool = Action("exec", "protoc.o", "CppCompile", True)
    actions = [*ran(shared.output, "ST-1"), shared, link, tool]
    found = account(actions, FLAVOURS, {})
    assert found["flavours"] == {
        "upstream": {"actions": 1, "ran": 1, "shared": 0},
        "base": {"actions": 1, "ran": 0, "shared": 1},
    }
    assert found["repeated"] == []


def test_what_is_compiled_against_another_xnnpack_is_told_apart() -> None:
    commands = {
        ("ST-1", GRAPH): command("ST-1", "XNNPACK_upstream"),
        ("ST-2", GRAPH): command("ST-2", "XNNPACK_base"),
    }
    found = account(ran(GRAPH, "ST-1", "ST-2"), FLAVOURS, commands)
    (again,) = found["repeated"]
    assert again["flavours"] == ["upstream", "base"]
    assert again["why"] == "the headers of XNNPACK_upstream | the headers of XNNPACK_base"
    assert again["touches_xnnpack"]
    assert "0 of them without anything of XNNPACK" in "\n".join(found["text"])


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ((["-DA=1"], ["-DA=0"]), "-DA=1 | -DA=0"),
        ((["-DA"], []), "-DA | (nothing more)"),
        ((["-Ilib/XNNPACK.h"], ["-Ilib/x"]), "-Ilib/XNNPACK.h | -Ilib/x"),
        (([], []), "same command line, other inputs"),
        ((["-a", "-b"], ["-b", "-a"]), "same flags in another order"),
    ],
)
def test_a_repetition_that_xnnpack_does_not_explain(
    flags: tuple[list[str], list[str]], why: str
) -> None:
    commands = {
        ("ST-1", GRAPH): command("ST-1", "absl", *flags[0]),
        ("ST-2", GRAPH): command("ST-2", "absl", *flags[1]),
    }
    (again,) = account(ran(GRAPH, "ST-1", "ST-2"), FLAVOURS, commands)["repeated"]
    assert again["why"] == why
    assert not again["touches_xnnpack"]


def test_a_command_line_that_is_not_known() -> None:
    found = account(ran(GRAPH, "ST-1", "ST-2"), FLAVOURS, {})
    assert found["repeated"][0]["why"] == "command line not known"
    assert "1 of them without anything of XNNPACK" in "\n".join(found["text"])


def event(name: str, ts: int, dur: int, tid: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "ts": ts, "dur": dur, "tid": tid, **more}


def processing(output: str, ts: int, dur: int, tid: int = 1) -> dict[str, Any]:
    more = {"cat": "action processing", "out": output, "args": {"mnemonic": "CppCompile"}}
    return event("Compiling", ts, dur, tid, **more)


@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_an_action_ran_when_a_process_started_within_it(tmp_path: Path, name: str) -> None:
    events = [
        processing("bazel-out/ST-1/bin/a.o", 10, 5),
        event("subprocess.run", 12, 2),
        processing("bazel-out/ST-1/bin/b.o", 20, 5),
        event("subprocess.run", 22, 2, 2),  # another thread's
        processing("not below bazel-out", 30, 5),
        event("start", 0, 1),
    ]
    text = json.dumps({"traceEvents": events}).encode()
    file = tmp_path / name
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert read_trace(file) == [
        Action("ST-1", "a.o", "CppCompile", True),
        Action("ST-1", "b.o", "CppCompile", False),
    ]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\x1f\x8b"])
def test_what_is_no_trace(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "trace.json"
    file.write_bytes(content)
    with pytest.raises(XnnkitError, match="not a Bazel profile"):
        read_trace(file)
