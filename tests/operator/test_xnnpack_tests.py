"""XNNPACK's own tests of fully-connected operators, patched and not, under qemu.

A patched tree must pass every test that the unpatched one passes. Built by Bazel out of XNNPACK's
own BUILD files, in XNNPACK's test mode (assertions on, small tiles), but for the micro-kernels:
patches/production-kernels says why.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from rendered import HERE, Workspace, Workspaces, keep, target_names
from xnnkit.device import Job
from xnnkit.device.qemu import Qemu
from xnnkit.elf import inspect, matching

pytestmark = [pytest.mark.upstream, pytest.mark.bazel, pytest.mark.slow]

# Operators; the same in a subgraph; the conversion that feeds them; caches and plans around them.
PROGRAMS = (
    "fully_connected_nc_test",
    "fully_connected_test",
    "convert_nc_test",
    "convert_test",
    "subgraph_fp16_test",
    "weights_cache_test",
    "workspace_test",
)
# Those that run fully-connected operators with int8 rows.
USERS = ("fully_connected_nc_test", "fully_connected_test")
KLEIDIAI = ("xnn_kleidiai_*", "kai_run_*")
OFF = {"XNNPACK_KLEIDIAI": "0"}
# XNNPACK's tests draw new numbers each time they run.
TIMES = 3

BUILD_FILE = '''"""XNNPACK's own tests, a flavour each."""

load("//:flavours.bzl", "flavoured_binary")
'''

TARGET = """
flavoured_binary(
    name = "{program}_{name}",
    testonly = True,
    binary = "@{repository}//test:{program}",
    flavour = "{flavour}",
    platform = "@xnnkit//rules/platforms:linux_arm64_musl",
)
"""


@dataclass(frozen=True)
class Programs:
    """XNNPACK's tests, built.

    Attributes:
        binaries: flavour -> program -> binary.
        pairs: patched flavour and its control.
    """

    binaries: Mapping[str, Mapping[str, Path]]
    pairs: list[tuple[str, str]]


def control_of(workspace: Workspace, flavour: str) -> str:
    """Return the flavour of the same commit and the same kernels, but for KleidiAI's."""
    pins = workspace.profile
    mine = pins.get_flavour(flavour)
    for other in map(pins.get_flavour, workspace.flavours):
        same = other.archives == mine.archives and "kleidiai" not in other.name
        if same and all(mine.switches.get(k) == v for k, v in other.switches.items()):
            return other.name
    raise AssertionError(f"{flavour} has no control")


def pairs(workspace: Workspace) -> list[tuple[str, str]]:
    """Return (patched flavour, its control) for every patched flavour."""
    patched = [one for one in workspace.flavours if "kleidiai" in one]
    return [(one, control_of(workspace, one)) for one in patched]


@pytest.fixture(scope="module")
def programs(workspaces: Workspaces, tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """XNNPACK's tests of each flavour, built."""
    gemma = workspaces.get("gemma-2024-05", HERE / "patches" / "production-kernels")
    flavours = sorted({one for pair in pairs(gemma) for one in pair})
    text = BUILD_FILE
    for flavour in flavours:
        name, repository = flavour.replace("-", "_"), gemma.repository_of(flavour)
        for program in PROGRAMS:
            text += TARGET.format(
                program=program, name=name, repository=repository, flavour=flavour
            )
    gemma.add("xnnpack_tests", {"BUILD.bazel": text})
    folder = tmp_path_factory.mktemp("xnnpack-tests")
    found: dict[str, dict[str, Path]] = {}
    for flavour in flavours:
        names = [f"{program}_{flavour}" for program in PROGRAMS]
        # XNNPACK's tests are visible to XNNPACK only.
        built = gemma.build(target_names("xnnpack_tests", names), "--check_visibility=false")
        kept = [keep(binary, folder / flavour) for binary in built]
        found[flavour] = dict(zip(PROGRAMS, kept, strict=True))
    return Programs(found, pairs(gemma))


def run(binary: Path, env: Mapping[str, str], processor: str) -> tuple[dict[str, str], list[str]]:
    """Return test -> how it ended, and which of KleidiAI's functions were entered."""
    traced = matching(inspect(binary).names, *KLEIDIAI)
    job = Job(binary, ["--gtest_output=xml:{output}"], env=dict(env), trace=traced, timeout=3000)
    done = Qemu(processor).run(job)
    assert done.output is not None, (binary, done.ending, done.tail)
    results: dict[str, str] = {}
    for case in ET.fromstring(done.output).iter("testcase"):
        ended = "failed" if case.find("failure") is not None else case.get("result", "")
        if case.find("skipped") is not None:
            ended = "skipped"
        results[f"{case.get('classname')}.{case.get('name')}"] = ended
    assert (done.code == 0) == ("failed" not in results.values()), (binary, done.tail)
    return results, [name for name, was in (done.entered or {}).items() if was]


@pytest.mark.parametrize("program", PROGRAMS)
def test_none_fails_that_passed(programs: Programs, program: str) -> None:
    wanted: dict[str, dict[str, str]] = {}
    for flavour, control in programs.pairs:
        if control not in wanted:
            wanted[control], entered = run(programs.binaries[control][program], {}, "max")
            say(f"{program} {control}", wanted[control], entered)
            assert "completed" in wanted[control].values(), control
            assert not entered, control
        for env in ({}, OFF):
            name = f"{program} {flavour}{' switched off' if env else ''}"
            for _ in range(TIMES):
                results, entered = run(programs.binaries[flavour][program], env, "max")
                say(name, results, entered)
                differ = {t for t, how in wanted[control].items() if results.get(t) != how}
                assert not differ, (name, {t: results.get(t) for t in differ})
                assert results.keys() == wanted[control].keys(), name
                kernels = [one for one in entered if "gemm" in one or "matmul" in one]
                assert kernels or env or program not in USERS, name
                assert not (kernels and env), (name, kernels)


def say(name: str, results: Mapping[str, str], entered: list[str]) -> None:
    """Print a run's figures."""
    print(name, dict(Counter(results.values())), *entered)
