"""Flavours that a processor cannot run: refused, or told."""

from __future__ import annotations

from pathlib import Path

import pytest
from xnnkit.bench import fit
from xnnkit.bench.plan import Binary
from xnnkit.errors import BadEnvironment

I8MM, DOT = "kai_run_matmul_8x8x32_neon_i8mm", "kai_run_matmul_1x8x32_neon_dotprod"


def binary(**demanded: list[str]) -> Binary:
    return Binary("kleidiai", Path("b"), "", 0, demanded, [])


@pytest.mark.parametrize(
    ("kernel", "needed"),
    [
        (I8MM, {"i8mm"}),
        (DOT, {"dotprod"}),
        ("xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x16c4__neondot", {"dotprod"}),
        ("xnn_f16_gemm_minmax_ukernel_4x16__neonfp16arith_ld64", {"fp16"}),
        ("xnn_f32_vadd_ukernel__neon_u8", set()),
    ],
)
def test_needs(kernel: str, needed: set[str]) -> None:
    assert fit.needed(kernel) == needed


def test_what_fits_is_not_mentioned() -> None:
    notes: list[str] = []
    both = frozenset({"i8mm", "dotprod"})
    fit.check([binary(k=[I8MM, DOT])], both, "adb:X", notes.append)
    fit.check([binary(k=[])], frozenset(), "adb:X", notes.append)
    assert notes == []


def test_nothing_of_it_can_run() -> None:
    with pytest.raises(BadEnvironment, match="adb:X has no i8mm, which micro-kernels") as caught:
        fit.check([binary(k=[I8MM])], frozenset({"dotprod"}), "adb:X", print)
    assert "its processor has dotprod" in caught.value.why
    assert "--any-cpu" in caught.value.fix
    notes: list[str] = []
    fit.check([binary(k=[I8MM])], frozenset(), "adb:X", notes.append, anyway=True)
    assert notes == ["adb:X has no i8mm, which micro-kernels of kleidiai need"]


def test_some_of_it_cannot_run() -> None:
    notes: list[str] = []
    fit.check([binary(k=[I8MM, DOT])], frozenset({"dotprod"}), "adb:X", notes.append)
    assert notes == ["adb:X has no i8mm, which micro-kernels of kleidiai need"]


def test_nobody_knows() -> None:
    notes: list[str] = []
    fit.check([binary(k=[I8MM])], None, "adb:X", notes.append)
    assert notes == ["adb:X: its CPU features are not known"]
