"""XNNPACK's own tests of fully-connected operators, patched and not, under qemu.

A patched tree must pass every test that the unpatched one passes. Built by Bazel out of XNNPACK's
own BUILD files, in XNNPACK's test mode (assertions on, small tiles), but for the micro-kernels:
patches/production-kernels says why.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from rendered import HERE, Workspace, Workspaces, keep, target_names
from xnnkit.device import Job
from xnnkit.device.qemu import Qemu
from xnnkit.elf import inspect, matching

pytestmark = [pytest.mark.upstream, pytest.mark.bazel, pytest.mark.slow]

BASE = "base"
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


def flavours_of(workspace: Workspace) -> list[str]:
    """Return the flavours of the base's commit, the base first: others are of another XNNPACK."""
    archive = workspace.profile.get_flavour(BASE).archives["XNNPACK"]
    names = [one for one in workspace.flavours if one != BASE]
    return [BASE] + [
        one for one in names if workspace.profile.get_flavour(one).archives["XNNPACK"] == archive
    ]


@pytest.fixture(scope="module")
def programs(
    workspaces: Workspaces, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, Path]]:
    """Flavour -> program -> binary."""
    gemma = workspaces.get("gemma-2024-05", HERE / "patches" / "production-kernels")
    text = BUILD_FILE
    for flavour in flavours_of(gemma):
        name, repository = flavour.replace("-", "_"), gemma.repository_of(flavour)
        for program in PROGRAMS:
            text += TARGET.format(
                program=program, name=name, repository=repository, flavour=flavour
            )
    gemma.add("xnnpack_tests", {"BUILD.bazel": text})
    folder = tmp_path_factory.mktemp("xnnpack-tests")
    found: dict[str, dict[str, Path]] = {}
    for flavour in flavours_of(gemma):
        names = [f"{program}_{flavour}" for program in PROGRAMS]
        # XNNPACK's tests are visible to XNNPACK only.
        built = gemma.build(target_names("xnnpack_tests", names), "--check_visibility=false")
        kept = [keep(binary, folder / flavour) for binary in built]
        found[flavour] = dict(zip(PROGRAMS, kept, strict=True))
    return found


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
def test_none_fails_that_passed(programs: Mapping[str, Mapping[str, Path]], program: str) -> None:
    base: dict[str, str] = {}
    for flavour, binaries in programs.items():
        switched = flavour.startswith("kleidiai")
        for env in [{}, OFF] if switched else [{}]:
            name = f"{program} {flavour}{' switched off' if env else ''}"
            for _ in range(TIMES):
                results, entered = run(binaries[program], env, "max")
                print(name, dict(Counter(results.values())), f"{len(entered)} of KleidiAI's")
                if flavour == BASE:
                    base = base or results
                    assert "completed" in base.values(), name
                    assert not entered
                    continue
                worse = [t for t, how in base.items() if results.get(t) != how]
                assert not worse, (name, {t: (base[t], results.get(t)) for t in worse})
                taken = program.startswith("fully_connected") and not env
                assert bool(entered) >= taken, name
                assert not (env and [one for one in entered if "gemm" in one]), name
