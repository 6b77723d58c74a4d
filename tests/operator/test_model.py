"""A small Gemma of MediaPipe's own graph code, with fixed weights: its logits in every flavour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

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
OFF = {"XNNPACK_KLEIDIAI": "0"}


@pytest.fixture(scope="module")
def binaries(gemma: Workspace) -> Mapping[str, Path]:
    """model_check of each flavour."""
    gemma.add_sources("model_check", "BUILD.model_check.bazel", HERE / "model")
    names = [f"model_check_{flavour}" for flavour in gemma.flavours]
    built = gemma.build(target_names("model_check", names), "--check_visibility=false")
    return dict(zip(gemma.flavours, built, strict=True))


def logits(binary: Path, weights: str, tokens: int, env: Mapping[str, str]) -> Logits:
    """Return step -> logits."""
    lines: list[str] = []
    arguments = [weights, str(tokens), "2"]
    done = Qemu().run(Job(binary, arguments, env=dict(env), timeout=1200), lines.append)
    assert done.code == 0, (binary, done.tail)
    steps = [json.loads(line) for line in lines if line.startswith("{")]
    return {one["step"]: np.array(one["logits"]) for one in steps}


def distance(a: Logits, b: Logits) -> float:
    """Return the largest distance of any step, as TOLERANCE has it."""
    assert a.keys() == b.keys()
    return max(float(np.linalg.norm(a[s] - b[s]) / np.linalg.norm(b[s])) for s in b)


@pytest.mark.parametrize("tokens", [1, 5, 64])
@pytest.mark.parametrize("weights", ["int8", "mixed"])
def test_flavours_agree(binaries: Mapping[str, Path], weights: str, tokens: int) -> None:
    wanted = logits(binaries["upstream"], weights, tokens, {})
    assert list(wanted) == ["first", "second", "third"]
    for values in wanted.values():
        assert np.isfinite(values).all()
        assert values.std() > 0.1  # nothing has faded away, so that a difference could be seen
    for flavour, binary in binaries.items():
        for env in [{}, OFF] if flavour.startswith("kleidiai") else [{}]:
            found = distance(logits(binary, weights, tokens, env), wanted)
            name = f"{weights}, {tokens} tokens, {flavour}{' switched off' if env else ''}"
            print(f"{name}: {found:.3g} from upstream")
            assert found <= TOLERANCE, name


def test_a_difference_would_be_seen(binaries: Mapping[str, Path]) -> None:
    """A model that is not the same one is far away: other weights, another prompt."""
    mixed = logits(binaries["upstream"], "mixed", 5, {})
    assert distance(logits(binaries["upstream"], "int8", 5, {}), mixed) > 10 * TOLERANCE
    assert distance(logits(binaries["upstream"], "mixed", 4, {}), mixed) > 10 * TOLERANCE
