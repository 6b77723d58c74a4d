"""The scripts under benchmarks/ that count operators and look at hot loops, without running any."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def script(name: str, repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, repository / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look their annotations up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def operators(repository: Path) -> ModuleType:
    return script("operator_instructions", repository)


@pytest.fixture
def loops(repository: Path) -> ModuleType:
    return script("hot_loops", repository)


def test_flavours_of_a_rendered_workspace(
    operators: ModuleType, repository: Path, tmp_path: Path
) -> None:
    golden = repository / "tests/render/golden/xnnpack-2024-11/module/flavours.bzl.golden"
    (tmp_path / "flavours.bzl").write_text(golden.read_text())
    assert set(operators.flavours_of(tmp_path)) >= {"upstream", "upstream-i8mm", "kleidiai"}


def case(operators: ModuleType, **instructions: int) -> object:
    kernels = dict.fromkeys(instructions, "k")
    return operators.Case("qc4w", "8x8", 4, instructions, kernels, dict.fromkeys(instructions, 1.0))


def test_ratios_say_how_many_times_fewer(operators: ModuleType) -> None:
    one = case(operators, upstream=300, base=150)
    text = operators.report([one], ["upstream", "base"], ["upstream"])
    header, _, row = text.splitlines()[:3]
    assert header.split("|")[-2].strip() == "upstream / base"
    assert [cell.strip() for cell in row.split("|")[-4:-1]] == ["300", "150", "2.000"]
    assert "no times" in text


def test_results_that_differ_are_told(operators: ModuleType) -> None:
    one = operators.Case("qc4w", "8x8", 4, {}, {}, {"a": 100.0, "b": 100.005})
    other = operators.Case("qc8w", "8x8", 4, {}, {}, {"a": 100.0, "b": 100.5})
    (found,) = operators.disagreements([one, other])
    assert found.startswith("qc8w 8x8 M=4")


def code(loops: ModuleType, *lines: str) -> list[object]:
    found = []
    for line in lines:
        match = loops._LINE.match(line)
        assert match
        found.append(loops.Instruction(int(match[1], 16), match[2], match[3].strip()))
    return found


def test_the_innermost_loop_with_the_most_work(loops: ModuleType) -> None:
    listing = code(
        loops,
        "  100: mov x0, x1",
        "  104: smmla v0.4s, v1.16b, v2.16b",
        "  108: subs x0, x0, #1",
        "  10c: b.ne 0x104 <f+0x4>",
        "  110: sdot v0.4s, v1.16b, v2.4b[0]",
        "  114: cbnz x3, 0x110 <f+0x10>",
        "  118: b.hi 0x100 <f>",  # around both: not innermost
        "  11c: b.eq 0x120 <f+0x20>",  # forward
        "  120: ret",
    )
    loop = loops.hot_loop(listing)
    assert [one.address for one in loop] == [0x104, 0x108, 0x10C]
    assert loops.macs(loop) == 32
    assert loops.hot_loop(listing[:2]) == []


@pytest.mark.parametrize(
    ("kernel", "share"),
    [
        ("xnn_qd8_f32_qc4w_gemm_minmax_ukernel_1x16c8__neoni8mm", 0.5),
        ("xnn_qd8_f32_qc4w_gemm_minmax_ukernel_3x16c8__neoni8mm", 0.75),
        ("xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x16c8__neoni8mm", 1.0),
        ("kai_run_matmul_clamp_f32_qai8dxp4x8_qsi4cxp8x8_8x8x32_neon_i8mm", 1.0),
    ],
)
def test_work_on_rows_that_are_not_there_is_none(
    kernel: str, share: float, loops: ModuleType
) -> None:
    loop = [loops.Instruction(0, "smmla", ""), loops.Instruction(4, "smmla", "")]
    assert loops.useful(kernel, loop) == 64 * share
    assert loops.useful(kernel, [loops.Instruction(0, "sdot", "")]) == 16
