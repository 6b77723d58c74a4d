"""XNNPACK's fully-connected operators against plain arithmetic, in every flavour, under qemu."""

from __future__ import annotations

import functools
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kernels import KLEIDIAI, OFF, STOCK
from rendered import Workspace, target_names
from xnnkit.device import Job
from xnnkit.device.qemu import Qemu
from xnnkit.elf import inspect, matching

pytestmark = pytest.mark.bazel

# Arm's Cortex-A76 has dot products and no i8mm, its Cortex-A53 neither.
PROCESSORS = ("max", "cortex-a76", "cortex-a53")


@dataclass(frozen=True)
class Checked:
    """What a run of operator_check said, and which kernels it entered."""

    code: int
    lines: list[str]
    summary: dict[str, Any]
    entered: list[str]

    def report(self, *words: str) -> str:
        """The findings, and the command that repeats them."""
        return "\n".join([" ".join(words), *self.lines])


@functools.cache
def kernels_of(binary: Path) -> list[str]:
    """Return the names of the kernels that could be entered."""
    return matching(inspect(binary).names, STOCK, *KLEIDIAI)


def check(
    binary: Path, *arguments: str, processor: str = "max", env: dict[str, str] | None = None
) -> Checked:
    """Run operator_check."""
    lines: list[str] = []
    job = Job(binary, arguments, env=env or {}, trace=kernels_of(binary), timeout=3000)
    done = Qemu(processor).run(job, lines.append)
    summary = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Checked(done.code, lines, summary, [k for k, v in (done.entered or {}).items() if v])


@pytest.fixture(scope="session")
def binaries(operator_workspace: Workspace) -> dict[str, Path]:
    """operator_check of each flavour."""
    names = [f"operator_check_{flavour}" for flavour in operator_workspace.flavours]
    built = operator_workspace.build(target_names("operator_check", names))
    return dict(zip(operator_workspace.flavours, built, strict=True))


Run = tuple[str, dict[str, str], bool]


def runs_of(flavour: str, profile: str) -> list[Run]:
    """Return (processor, environment, whether KleidiAI's path is taken) of each run."""
    # In xnnpack-2024-11 KleidiAI's operators have a datatype of their own; these are not them.
    switched = "kleidiai" in flavour and profile == "gemma-2024-05"
    runs: list[Run] = [(one, {}, switched and one == "max") for one in PROCESSORS]
    return runs + ([("max", OFF, False)] if switched else [])


def test_outputs_are_those_of_plain_arithmetic(
    binaries: dict[str, Path], operator_workspace: Workspace
) -> None:
    profile = operator_workspace.profile.name
    cases = 2000 if profile == "gemma-2024-05" else 150

    def one(job: tuple[str, Run]) -> str:
        flavour, (processor, env, taken) = job
        number = cases if processor == "max" else cases // 5
        name = f"{profile} {flavour} on {processor}{' switched off' if env else ''}"
        arguments = [f"--cases={number}"]
        if profile == "gemma-2024-05" and processor == "cortex-a53":
            # These XNNPACKs have no int8 kernel for more than one row there, and jump to null.
            arguments.append("--only=int4")
        done = check(binaries[flavour], *arguments, processor=processor, env=env)
        print(name, json.dumps(done.summary), " ".join(done.entered))
        if done.code != 0:
            return done.report(name)
        kleidiai = [kernel for kernel in done.entered if not kernel.startswith("xnn_qd8")]
        assert done.entered, name
        assert bool(kleidiai) == taken, name
        assert done.summary["cases"] > number / 2, name
        return ""

    jobs = [(flavour, run) for flavour in binaries for run in runs_of(flavour, profile)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [report for report in pool.map(one, jobs) if report]
    assert not wrong, "\n\n".join(wrong)


# A fault, a case in which it can be made, and what is found.
FAULTS = [
    ("scale", "int4,m=5,k=33,n=17,zp=8,threads=1,cache=none,seed=1", "off by"),
    ("output", "int4,m=5,k=33,n=17,zp=0,bias,threads=4,cache=none,seed=2", "off by"),
    ("output", "int8,m=1,k=64,n=8,convert,threads=1,cache=none,seed=3", "off by"),
    ("missing", "int8,m=7,k=20,n=9,threads=1,cache=soft,seed=4", "nan"),
    ("clamp", "int8,m=9,k=20,n=9,high,threads=1,cache=none,seed=10", "off by"),
    (
        "gap",
        "int4,m=3,k=8,n=8,ogap=2,zp=8,threads=1,cache=none,seed=5",
        "between the outputs' rows",
    ),
    ("gap", "int4,m=3,k=8,n=8,zp=8,threads=1,cache=none,seed=5", "before the begin of the outputs"),
    (
        "output-end",
        "int8,m=3,k=8,n=8,threads=1,cache=none,start,seed=5",
        "past the end of the outp",
    ),
    (
        "output-end",
        "int8,m=3,k=8,n=8,threads=1,cache=none,seed=5",
        "past the end of the pages of: th",
    ),
    ("input-end", "int4,m=3,k=8,n=8,zp=8,threads=1,cache=none,seed=6", "of: the inputs"),
    ("rows-end", "int4,m=3,k=8,n=8,zp=8,convert,threads=1,cache=none,seed=6", "of: the rows'"),
    ("input-written", "int8,m=3,k=8,n=8,threads=1,cache=none,seed=6", "now: the inputs"),
    ("kernel-late", "int8,m=3,k=8,n=8,threads=1,cache=key,seed=6", "now: the kernel"),
    ("block-end", "int8,m=3,k=8,n=8,threads=1,cache=none,seed=7", "past the end of a block"),
    ("block-far", "int8,m=3,k=8,n=8,threads=1,cache=none,seed=7", "of: a block"),
    ("block-late", "int8,m=3,k=8,n=8,threads=1,cache=none,seed=7", "now: a block"),
    ("leak", "int8,m=3,k=8,n=8,threads=1,cache=none,seed=7", "1 block(s) were not freed"),
    ("twice", "int8,m=3,k=8,n=8,threads=1,cache=none,seed=7", "a second time"),
    ("junk", "int8,m=3,k=8,n=8,threads=1,cache=none,seed=7", "what was in the memory before"),
    ("status", "int4,m=3,k=8,n=8,zp=8,threads=1,cache=none,starved,seed=8", "says invalid_state"),
    ("swallowed", "int4,m=3,k=8,n=8,zp=8,threads=1,cache=none,starved,seed=8", "says success"),
    ("starved-leak", "int4,m=3,k=8,n=8,zp=8,threads=1,cache=hard,starved,seed=8", "not freed"),
    ("hang", "int4,m=3,k=8,n=8,zp=8,threads=1,cache=none,seed=8", "ended by signal 14"),
]


@pytest.mark.parametrize(("fault", "case", "said"), FAULTS)
def test_a_fault_is_found(binaries: dict[str, Path], fault: str, case: str, said: str) -> None:
    """The same case without it is fine, so the fault is what is found."""
    binary = binaries[max(binaries)]
    if fault != "hang":
        plain = check(binary, f"--case={case}")
        assert plain.code == 0, plain.report("found without a fault")
    found = check(binary, f"--case={case}", f"--inject={fault}", "--seconds=20")
    assert found.code == 1, found.report("was not found")
    assert said in found.lines[-3], found.report("was found, but not as what it is")
    assert f"--case={case}" in found.lines[-2]


def test_a_finding_is_shrunk_and_can_be_repeated(binaries: dict[str, Path]) -> None:
    binary = next(iter(binaries.values()))
    found = check(binary, "--cases=40", "--only=int8", "--inject=output")
    assert found.code == 1
    shrunk = [line.split("--case=")[1] for line in found.lines if "shrunk" in line]
    assert re.fullmatch(r"int8,m=1,k=[12],n=1,threads=1,cache=none,seed=\d+", shrunk[0])
    again = check(binary, f"--case={shrunk[0]}", "--inject=output")
    assert again.code == 1
    assert check(binary, f"--case={shrunk[0]}").code == 0


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--case=int4,m=3,k=0", "'k=0'"),
        ("--case=int4,m=a", "'m=a'"),
        ("--case=int5", "'int5'"),
        ("--case=int4,zp=3", "'zp=3'"),
        ("--inject=nothing", "there are: none scale"),
        ("--cases=x", "--cases needs a number"),
        ("--bogus", "unknown argument"),
    ],
)
def test_a_bad_argument_is_refused(binaries: dict[str, Path], argument: str, said: str) -> None:
    done = check(next(iter(binaries.values())), argument)
    assert done.code == 2
    assert said in "\n".join(done.lines)
