"""MediaPipe's real llm_test, from clones: built in every flavour, proved, and run under qemu.

Needs clones of every archive (XNNKIT_GIT_ROOT), a real Bazel and, with an empty cache, some fifteen
minutes on two cores for each profile: marked ``upstream``, ``bazel`` and ``slow``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xnnkit import paths, profile
from xnnkit.bazel import find
from xnnkit.render.repositories import available

pytestmark = [pytest.mark.upstream, pytest.mark.bazel, pytest.mark.slow]

# One token of decode and one prompt of encode; int4 weights, the shortest sequence there is.
FILTERS = {
    "gemma-2024-05": "BM_Llm_Mixed_INT48/64/",
    "gemma-2026-01": "BM_Llm_Mixed_INT48/512/128/1/",
}


def xnnkit(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnnkit", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(paths.home() / "tools")},
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module", params=sorted(FILTERS))
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The output of one build of all flavours of a profile."""
    name: str = request.param
    out = tmp_path_factory.mktemp(name) / "out"
    done = xnnkit("build", name, "--out", str(out), cwd=out.parent)
    assert done.returncode == 0, done.stderr[-4000:]
    yield name, out
    find(profile.load(name).bazel).run(["shutdown"], cwd=out / "workspace", quiet=True)


def test_every_flavour_is_built_and_proved(built: tuple[str, Path]) -> None:
    name, out = built
    manifest: dict[str, Any] = json.loads((out / "build.json").read_text())
    flavours = [flavour.name for flavour in available(profile.load(name))]
    assert [binary["flavour"] for binary in manifest["binaries"]] == flavours
    assert all(binary["proof"]["ok"] for binary in manifest["binaries"])
    assert len({binary["sha256"] for binary in manifest["binaries"]}) == len(flavours)
    assert all(archive["tree"] for archive in manifest["archives"] if archive["kind"] == "archive")


@pytest.mark.parametrize("method", ["encode", "decode"])
def test_it_runs(built: tuple[str, Path], method: str, tmp_path: Path) -> None:
    name, out = built
    arguments = [
        f"--benchmark_method={method}",
        f"--benchmark_filter={FILTERS[name]}",
        "--benchmark_min_time=0",
        "--num_threads=2",
    ]
    if name == "gemma-2026-01":
        arguments.append("--xnn_profile_csv=")
    done = xnnkit(
        *("run", name, "--out", str(out), "--runs", str(tmp_path), "--json", "--", *arguments),
        cwd=out,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    for run in json.loads(done.stdout)["runs"]:
        assert run["identity"]["method"] == method
        assert run["identity"]["executed"]


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--benchmark_methd=encode", "benchmark_methd"),
        ("--num_thread=1", "num_thread"),
        ("--nope", "nope"),
    ],
)
def test_a_flag_that_is_not_there_is_an_error(
    built: tuple[str, Path], flag: str, said: str
) -> None:
    _, out = built
    for binary in sorted(out.glob("bin/*/llm_test")):
        done = subprocess.run(
            ["qemu-aarch64", "-cpu", "max", str(binary), flag], text=True, capture_output=True
        )
        assert done.returncode not in (0, -11)
        assert said in done.stdout + done.stderr
