"""A small Gemma of MediaPipe's own graph code, with fixed weights: its logits in every flavour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from rendered import HERE, Workspace, target_names
from xnnkit.device import Job
from xnnkit.device.qemu import Qemu
from xnnkit.elf import inspect, matching

pytestmark = [pytest.mark.upstream, pytest.mark.bazel, pytest.mark.slow]

Logits = dict[str, np.ndarray]

# What flavours may differ by: the Euclidean norm of the difference over the norm of the logits.
# Each layer makes int8 of its inputs, so rounding of the last bit can tip one over to the next of
# 255 steps, and then the difference is some 1e-3. With these weights and prompts none tips.
TOLERANCE = 1e-5
INT4 = ("kai_run_matmul_*_qsi4cxp*", "xnn_kleidiai_qd8_f32_qc4w_gemm_*")
INT8 = ("kai_run_matmul_*_qsi8cxp*", "xnn_kleidiai_qd8_f32_qc8w_gemm_*")
OFF: Mapping[str, str] = {"XNNPACK_KLEIDIAI": "0"}
NOTHING: Mapping[str, str] = MappingProxyType({})


@pytest.fixture(scope="module")
def binaries(gemma: Workspace) -> Mapping[str, Path]:
    """model_check of each flavour."""
    gemma.add_sources("model_check", "BUILD.model_check.bazel", HERE / "model")
    names = [f"model_check_{flavour}" for flavour in gemma.flavours]
    built = gemma.build(target_names("model_check", names), "--check_visibility=false")
    return dict(zip(gemma.flavours, built, strict=True))


@dataclass(frozen=True)
class Ran:
    """Logits by step, and which of KleidiAI's kernels were entered."""

    logits: Logits
    entered: list[str]


def run(
    binary: Path, weights: str, tokens: str, env: Mapping[str, str] = NOTHING, threads: int = 2
) -> Ran:
    """Run model_check."""
    lines: list[str] = []
    arguments = [weights, tokens, str(threads)]
    traced = matching(inspect(binary).names, *INT4, *INT8)
    job = Job(binary, arguments, env=dict(env), timeout=1200, trace=traced)
    done = Qemu().run(job, lines.append)
    assert done.code == 0, (binary, done.tail)
    steps = [json.loads(line) for line in lines if line.startswith("{")]
    values = {one["step"]: np.array(one["logits"]) for one in steps}
    return Ran(values, [name for name, was in (done.entered or {}).items() if was])


def distance(a: Logits, b: Logits) -> float:
    """Return the largest distance of any step, as TOLERANCE has it."""
    assert a.keys() == b.keys()
    return max(float(np.linalg.norm(a[s] - b[s]) / np.linalg.norm(b[s])) for s in b)


def runs_of(flavour: str) -> list[tuple[str, Mapping[str, str]]]:
    """Return a name and an environment for each path that a flavour can take."""
    switched = [(f"{flavour} switched off", OFF)] if "kleidiai" in flavour else []
    return [(flavour, NOTHING), *switched]


@pytest.mark.parametrize("weights", ["int8", "mixed"])
def test_flavours_agree(binaries: Mapping[str, Path], gemma: Workspace, weights: str) -> None:
    # One row, an incomplete tile, and llm_test's shortest prompt, one after the other.
    prompts = "5:64:1:33"
    wanted = run(binaries["upstream"], weights, prompts).logits
    assert len(wanted) == 12
    for values in wanted.values():
        assert np.isfinite(values).all()
        assert values.std() > 0.1  # nothing has faded away, so that a difference could be seen
    for flavour, binary in binaries.items():
        for name, env in runs_of(flavour):
            ran = run(binary, weights, prompts, env)
            found = distance(ran.logits, wanted)
            print(f"{weights}, prompts {prompts}, {name}: {found:.3g}", *ran.entered)
            assert found <= TOLERANCE, name
            switches = {} if env else gemma.profile.get_flavour(flavour).switches
            int4 = switches.get("xnn_enable_kleidiai", False) and weights == "mixed"
            int8 = switches.get("xnn_enable_kleidiai_qc8w", False)
            assert bool(matching(ran.entered, *INT4)) == int4, name
            assert bool(matching(ran.entered, *INT8)) == int8, name


@pytest.mark.parametrize("weights", ["int8", "mixed"])
def test_neither_threads_nor_what_was_before_matter(
    binaries: Mapping[str, Path], weights: str
) -> None:
    for flavour, binary in binaries.items():
        for name, env in runs_of(flavour):
            series = run(binary, weights, "5:64:1:33", env, threads=4).logits
            for tokens in ("5", "33"):
                alone = run(binary, weights, tokens, env, threads=1)
                for step, values in alone.logits.items():
                    assert (series[step] == values).all(), (name, step)


def test_a_difference_would_be_seen(binaries: Mapping[str, Path]) -> None:
    """A model that is not the same one is far away: other weights, another prompt."""
    mixed = run(binaries["upstream"], "mixed", "5").logits
    int8 = run(binaries["upstream"], "int8", "5").logits
    assert distance(int8, mixed) > 10 * TOLERANCE
    longer = run(binaries["upstream"], "mixed", "6").logits.values()
    assert distance(dict(zip(mixed, longer, strict=True)), mixed) > 10 * TOLERANCE
