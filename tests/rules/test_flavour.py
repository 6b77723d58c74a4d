"""A program of our own in two flavours: built at once, proved, different, and running."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from miniature import Workspace

pytestmark = pytest.mark.bazel

OUTPUT = {
    "slow": "kernel 2, shared 40, built redacted\n",
    "fast": "kernel 3, shared 40, built redacted\n",
}


@pytest.fixture(scope="module")
def binaries(workspace: Workspace) -> dict[str, Path]:
    code, text = workspace.run("build", "//:tiny_slow", "//:tiny_fast")
    assert code == 0, text[-4000:]
    return {name: workspace.root / "bazel-bin" / f"tiny_{name}" for name in OUTPUT}


def test_one_invocation_builds_two_different_programs(binaries: dict[str, Path]) -> None:
    slow, fast = (path.read_bytes() for path in binaries.values())
    assert slow[:4] == fast[:4] == b"\x7fELF"
    assert slow != fast


@pytest.mark.skipif(not shutil.which("qemu-aarch64"), reason="needs qemu-aarch64")
def test_each_runs_and_is_the_flavour_that_was_asked(binaries: dict[str, Path]) -> None:
    for name, path in binaries.items():
        done = subprocess.run(["qemu-aarch64", str(path)], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, OUTPUT[name])


def test_no_place_of_this_machine_is_in_a_binary(
    binaries: dict[str, Path], workspace: Workspace
) -> None:
    for path in binaries.values():
        data = path.read_bytes()
        assert str(workspace.root.parent).encode() not in data
        assert str(Path.home()).encode() + b"/" not in data


def test_the_right_proofs_pass(workspace: Workspace) -> None:
    code, text = workspace.run("test", "//:slow_elf_test", "//:fast_elf_test")
    assert code == 0, text[-4000:]
    assert "2 tests pass" in text


def test_every_wrong_proof_fails_and_says_which(workspace: Workspace) -> None:
    wanted = {
        "forbidden_elf_test": "FAIL forbidden fast_*: fast_kernel",
        "required_elf_test": "FAIL required fast_*: none",
        "machine_elf_test": "FAIL machine: 183, wanted 62",
        "string_elf_test": "FAIL forbidden string built redacted: found",
    }
    code, text = workspace.run("test", "--keep_going", *(f"//:{name}" for name in wanted))
    assert code == 3, text[-4000:]  # Bazel's code for: built, but tests failed
    for line in wanted.values():
        assert line in text
    assert f"{len(wanted)} fail locally" in text


def test_flavours_that_set_different_switches_are_refused(workspace: Workspace) -> None:
    code, text = workspace.run("build", "--nobuild", "//unequal")
    assert code != 0
    assert "flavour slow does not set" in text
    assert "every flavour must set the same switches" in text
