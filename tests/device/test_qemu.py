"""qemu for real, with a program of 40 instructions; and qemu that is missing or broken."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tiny_elf import Tiny
from xnnkit.device import OUTPUT, Job, available, open_device
from xnnkit.device.qemu import PROGRAMS, Qemu
from xnnkit.elf import inspect, matching
from xnnkit.errors import BadEnvironment, BadInput

needs_qemu = pytest.mark.skipif(
    not any(shutil.which(name) for name in PROGRAMS), reason="qemu-aarch64 is not on PATH"
)
KERNELS = ("kai_run_a", "kai_run_b")


def entered(path: Path, args: Sequence[str], *globs: str) -> Mapping[str, bool] | None:
    """Run a program; return whether each function that a glob matches was entered."""
    names = matching(inspect(path).names, *globs)
    return Qemu().run(Job(path, args, trace=names)).entered


def fake_qemu(path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a qemu-aarch64 of our own on PATH, and nothing else."""
    program = path / "qemu-aarch64"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(path))


@needs_qemu
@pytest.mark.parametrize("pie", [False, True])
def test_what_is_entered_depends_on_the_arguments(pie: bool, tmp_path: Path) -> None:
    path = Tiny(pie=pie).write(tmp_path / "p")
    assert entered(path, [], "kai_*") == {"kai_run_a": True, "kai_run_b": False}
    argument = [str(tmp_path / "o")]
    assert entered(path, argument, "kai_*") == {"kai_run_a": False, "kai_run_b": True}
    assert entered(path, argument, "*_a") == {"kai_run_a": False}
    assert entered(path, [], "nothing*") is None


@needs_qemu
def test_a_function_that_is_run_through_but_not_entered_is_not_entered(tmp_path: Path) -> None:
    # kai_run_late begins at the "ret" inside kai_run_b: the block is executed, from its middle on.
    functions = (("kai_run_b", 0x98, 8), ("kai_run_late", 0x9C, 4))
    path = Tiny(functions=functions).write(tmp_path / "p")
    found = entered(path, [str(tmp_path / "o")], "kai_*")
    assert found == {"kai_run_b": True, "kai_run_late": False}


@needs_qemu
def test_two_names_of_one_function(tmp_path: Path) -> None:
    functions = (("kai_run_a", 0x94, 4), ("kai_run_alias", 0x94, 0), ("kai_run_a", 0x98, 8))
    path = Tiny(functions=functions).write(tmp_path / "p")
    assert entered(path, [], "kai_*") == {"kai_run_a": True, "kai_run_alias": True}


@needs_qemu
def test_output_is_brought_back_and_lines_are_streamed(tmp_path: Path) -> None:
    path = Tiny().write(tmp_path / "p")
    lines: list[str] = []
    done = Qemu().run(Job(path), lines.append)
    assert (done.code, done.output, done.entered, lines) == (0, None, None, ["hello"])
    done = Qemu().run(Job(path, [OUTPUT], trace=KERNELS), lines.append)
    assert (done.code, done.output) == (0, b"hello\n")
    assert done.entered == {"kai_run_a": False, "kai_run_b": True}
    assert lines == ["hello"]
    assert done.seconds > 0


@needs_qemu
@pytest.mark.parametrize(
    ("count", "code", "ending"), [(3, -4, "SIGILL"), (4, 7, "exit code 7"), (0, 0, "exit code 0")]
)
def test_endings(count: int, code: int, ending: str, tmp_path: Path) -> None:
    done = Qemu().run(Job(Tiny().write(tmp_path / "p"), ["x"] * count))
    assert (done.code, done.ending) == (code, ending)


@needs_qemu
def test_a_crash_leaves_no_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Tiny().write(tmp_path / "p")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        assert Qemu().run(Job(path, ["x"] * 3)).code == -4
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert list(work.iterdir()) == []


@needs_qemu
def test_time_is_over(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="did not end within"):
        Qemu().run(Job(Tiny().write(tmp_path / "p"), ["x", "y"], timeout=0.5))


@needs_qemu
def test_a_name_that_is_not_in_the_binary_was_not_entered(tmp_path: Path) -> None:
    done = Qemu().run(Job(Tiny().write(tmp_path / "p"), trace=["kai_run_a", "gone"]))
    assert done.entered == {"kai_run_a": True, "gone": False}


@needs_qemu
def test_identity_holds_no_place(tmp_path: Path) -> None:
    identity = Qemu().identity()
    assert identity["kind"] == identity["name"] == "qemu"
    assert identity["emulated"] is True
    assert identity["cpu"] == "max"
    assert identity["qemu"][0].isdigit()
    assert "/" not in "".join(map(str, identity.values()))
    assert Qemu("cortex-a76").identity()["name"] == "qemu:cortex-a76"
    with pytest.raises(BadInput, match="has no processor 'z80'") as caught:
        Qemu("z80").identity()
    assert "cortex-a76" in caught.value.why


@needs_qemu
def test_a_program_for_android_is_refused_before_it_is_started(tmp_path: Path) -> None:
    program = Tiny(pie=True, interpreter=b"/system/bin/linker64").write(tmp_path / "p")
    with pytest.raises(BadInput, match="needs Android's linker") as caught:
        Qemu().run(Job(program))
    assert "--device adb" in caught.value.fix


def test_a_binary_for_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is for x86-64"):
        Qemu().run(Job(Tiny(machine=62).write(tmp_path / "p")))


def test_qemu_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadEnvironment, match="not on PATH") as caught:
        Qemu().identity()
    assert caught.value.fix == "apt-get install qemu-user"
    row = available()[0]
    assert row["available"] is False
    assert row["fix"] == "apt-get install qemu-user"


def test_the_static_build_of_qemu_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_qemu(tmp_path, monkeypatch, 'echo "qemu version 9.1 max"')
    (tmp_path / "qemu-aarch64").rename(tmp_path / "qemu-aarch64-static")
    assert Qemu().identity()["qemu"] == "9.1"


def test_qemu_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_qemu(tmp_path, monkeypatch, "exit 1")
    with pytest.raises(BadEnvironment, match="does not work"):
        Qemu().identity()


def test_a_log_without_the_place_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Tiny(pie=True).write(tmp_path / "p")
    log = 'while [ "$1" != -D ]; do shift; done; printf "IN: \\n0x00000494:  ret\\n" > "$2"'
    fake_qemu(tmp_path, monkeypatch, log)
    with pytest.raises(BadEnvironment, match="where it loaded"):
        Qemu().run(Job(path, trace=KERNELS))


@pytest.mark.parametrize("name", ["adb:", "usb", "", "qemu:", "Qemu", "qemux", "all"])
def test_unknown_devices(name: str) -> None:
    with pytest.raises(BadInput, match="unknown device") as caught:
        open_device(name)
    assert caught.value.why == "legal: qemu, qemu:CPU, adb, adb:SERIAL, all"


def test_names() -> None:
    assert open_device("qemu").name == "qemu"
    assert open_device("qemu:neoverse-n1").name == "qemu:neoverse-n1"
    assert open_device("qemu").emulated


def test_variables_of_ours_do_not_reach_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.environ["PATH"]
    fake_qemu(tmp_path, monkeypatch, f"PATH={path}; env")
    monkeypatch.setenv("BENCHMARK_FILTER", "x")
    done = Qemu().run(Job(Tiny().write(tmp_path / "p"), env={"GIVEN": "1"}))
    names: Any = {line.partition("=")[0] for line in done.tail}
    assert "GIVEN" in names
    assert "BENCHMARK_FILTER" not in names
