"""operator_check under AddressSanitizer and UndefinedBehaviorSanitizer, patched and not."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sanitized
from kernels import OFF
from rendered import Workspace, target_names

pytestmark = [
    pytest.mark.upstream,
    pytest.mark.bazel,
    pytest.mark.slow,
    pytest.mark.skipif(
        sanitized.compiler() is None, reason="apt-get install g++-aarch64-linux-gnu to run this"
    ),
]

CASES = 300
FLAVOURS = ("base", "kleidiai", "kleidiai-all", "upstream-kleidiai")


@pytest.fixture(scope="module", params=FLAVOURS)
def program(
    request: pytest.FixtureRequest,
    gemma_operators: Workspace,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """operator_check of a flavour, instrumented."""
    (target,) = target_names("operator_check", [f"operator_check_{request.param}"])
    gemma_operators.build([target])
    folder = tmp_path_factory.mktemp("sanitized") / request.param
    return sanitized.build(gemma_operators, target, folder)


def test_no_sanitizer_complains(program: Path) -> None:
    def one(env: dict[str, str]) -> tuple[int, str]:
        return sanitized.run(program, f"--cases={CASES}", "--seconds=600", env=env)

    environments: list[dict[str, str]] = [{}]
    if program.parent.name != "base":
        environments += [OFF, {"XNNPACK_KLEIDIAI": "kai"}]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ended = list(pool.map(one, environments))
    for env, (code, text) in zip(environments, ended, strict=True):
        assert not list(sanitized.complaints(text)), text[-4000:]
        assert code == 0, (code, text[-4000:])
        # A define that got lost on the way would leave the stock kernels, and nothing to look at.
        kernels = sanitized.entered(program, "--cases=20", env=env)
        patched = [name for name in kernels if not name.startswith("xnn_qd8")]
        assert kernels
        assert bool(patched) == ("kleidiai" in program.parent.name and env != OFF), kernels
        print(program.parent.name, env, text.splitlines()[-1], *kernels)


@pytest.mark.parametrize("fault", ["block-past", "block-before"])
def test_they_work(program: Path, fault: str) -> None:
    """A read beside a block, of which neither pages nor canaries can know."""
    case = "--case=int8,m=3,k=8,n=8,threads=1,cache=none,seed=7"
    code, text = sanitized.run(program, case, f"--inject={fault}")
    assert code == 1, text
    assert any("use-after-poison" in line for line in sanitized.complaints(text)), text
