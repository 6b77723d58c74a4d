"""A small Gemma of MediaPipe's own graph code, with fixed weights: its logits in every flavour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from rendered import HERE, Workspace, target_names
from xnnkit.device import Job
from xnnkit.device.qemu import Qemu

pytestmark = [pytest.mark.upstream, pytest.mark.bazel, pytest.mark.slow]

Logits = dict[str, np.ndarray]

# What flavours may differ by: the Euclidean norm of the difference over the norm of the logits.
# All of them make int8 of every layer's input. Rounding of the last bit before that tips a value
# over to the next of 255 steps now and then, and from there on the difference is real.
TOLERANCE = 2e-3
OFF: Mapping[str, str] = {"XNNPACK_KLEIDIAI": "0"}
NOTHING: Mapping[str, str] = MappingProxyType({})


@pytest.fixture(scope="module")
def binaries(gemma: Workspace) -> Mapping[str, Path]:
    """model_check of each flavour."""
    gemma.add_sources("model_check", "BUILD.model_check.bazel", HERE / "model")
    names = [f"model_check_{flavour}" for flavour in gemma.flavours]
    built = gemma.build(target_names("model_check", names), "--check_visibility=false")
    return dict(zip(gemma.flavours, built, strict=True))


def logits(
    binary: Path, weights: str, tokens: str, env: Mapping[str, str] = NOTHING, threads: int = 2
) -> Logits:
    """Return step -> logits."""
    lines: list[str] = []
    arguments = [weights, tokens, str(threads)]
    done = Qemu().run(Job(binary, arguments, env=dict(env), timeout=1200), lines.append)
    assert done.code == 0, (binary, done.tail)
    steps = [json.loads(line) for line in lines if line.startswith("{")]
    return {one["step"]: np.array(one["logits"]) for one in steps}


def distance(a: Logits, b: Logits) -> float:
    """Return the largest distance of any step, as TOLERANCE has it."""
    assert a.keys() == b.keys()
    return max(float(np.linalg.norm(a[s] - b[s]) / np.linalg.norm(b[s])) for s in b)


def runs_of(flavour: str) -> list[tuple[str, Mapping[str, str]]]:
    """Return a name and an environment for each path that a flavour can take."""
    switched = [(f"{flavour} switched off", OFF)] if flavour.startswith("kleidiai") else []
    return [(flavour, NOTHING), *switched]


@pytest.mark.parametrize("weights", ["int8", "mixed"])
def test_flavours_agree(binaries: Mapping[str, Path], weights: str) -> None:
    # One row, an incomplete tile, and llm_test's shortest prompt, one after the other.
    prompts = "5:64:1:33"
    wanted = logits(binaries["upstream"], weights, prompts)
    assert len(wanted) == 12
    for values in wanted.values():
        assert np.isfinite(values).all()
        assert values.std() > 0.1  # nothing has faded away, so that a difference could be seen
    for flavour, binary in binaries.items():
        for name, env in runs_of(flavour):
            found = distance(logits(binary, weights, prompts, env), wanted)
            print(f"{weights}, prompts of {prompts} tokens, {name}: {found:.3g} from upstream")
            assert found <= TOLERANCE, name


@pytest.mark.parametrize("weights", ["int8", "mixed"])
def test_neither_threads_nor_what_was_before_matter(
    binaries: Mapping[str, Path], weights: str
) -> None:
    for flavour, binary in binaries.items():
        for name, env in runs_of(flavour):
            series = logits(binary, weights, "5:64:1:33", env, threads=4)
            for tokens in ("5", "33"):
                alone = logits(binary, weights, tokens, env, threads=1)
                for step, values in alone.items():
                    assert (series[step] == values).all(), (name, step)


def test_a_difference_would_be_seen(binaries: Mapping[str, Path]) -> None:
    """A model that is not the same one is far away: other weights, another prompt."""
    mixed = logits(binaries["upstream"], "mixed", "5")
    int8 = logits(binaries["upstream"], "int8", "5")
    assert distance(int8, mixed) > 10 * TOLERANCE
    longer = logits(binaries["upstream"], "mixed", "6").values()
    assert distance(dict(zip(mixed, longer, strict=True)), mixed) > 10 * TOLERANCE
