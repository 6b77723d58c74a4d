"""Flavours that a processor cannot run: refused, or told."""

from __future__ import annotations

from pathlib import Path

import pytest
from xnnkit import elf, profile
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
        # The patch set's own: off as a whole where one of the two is missing.
        ("xnn_kleidiai_qd8_f32_qc4w_gemm_1x16__neondot", {"dotprod", "i8mm"}),
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


@pytest.mark.parametrize("flavour", ["kleidiai", "kleidiai-all", "upstream-kleidiai"])
def test_a_phone_without_i8mm_gets_no_flavour_of_the_patch_set(flavour: str) -> None:
    (glob,) = profile.load("gemma-2024-05").get_flavour(flavour).proof.executed
    names = [
        "kai_run_matmul_clamp_f32_qai8dxp4x8_qsi4cxp8x8_8x8x32_neon_i8mm",
        "xnn_kleidiai_qd8_f32_qc4w_gemm_1x16__neondot",
        "xnn_kleidiai_qd8_f32_qc4w_gemm_8x8__neoni8mm",
        "xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x16c8__neoni8mm",
    ]
    kernels = elf.matching(names, glob)
    assert "xnn_kleidiai_qd8_f32_qc4w_gemm_1x16__neondot" in kernels
    with pytest.raises(BadEnvironment, match="no i8mm"):
        fit.check([binary(k=kernels)], frozenset({"dotprod", "fp16"}), "adb:X", print)


def test_nobody_knows() -> None:
    notes: list[str] = []
    fit.check([binary(k=[I8MM])], None, "adb:X", notes.append)
    assert notes == ["adb:X: its CPU features are not known"]
