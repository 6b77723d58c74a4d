"""gemma-2026-01: what its flavours promise, and what its settings name."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import xnnkit
from xnnkit import profile

NAME = "gemma-2026-01"
OVERLAYS = Path(xnnkit.__file__).parent / "render" / "overlays"
LABEL = re.compile(r"=@(?P<repository>[^/]+)//:(?P<target>\w+)$")

KLEIDIAI = "kai_run_matmul_clamp_f32_qai8dxp4x8_qsi4cxp8x8_8x8x32_neon_i8mm"
I8MM = "xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x16c8__neoni8mm"
NEONDOT = "xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x16c4__neondot"


@pytest.fixture(scope="module")
def pins() -> profile.Profile:
    return profile.load(NAME)


@pytest.mark.parametrize(
    ("flavour", "refused"),
    [
        ("mediapipe-default", [KLEIDIAI, I8MM]),
        ("i8mm", [KLEIDIAI]),
        ("kleidiai", []),
    ],
)
def test_a_flavour_forbids_the_kernels_it_switches_off(
    pins: profile.Profile, flavour: str, refused: list[str]
) -> None:
    forbidden = pins.get_flavour(flavour).proof.forbidden
    found = [
        one
        for one in (KLEIDIAI, I8MM, NEONDOT)
        if any(fnmatchcase(one, pattern) for pattern in forbidden)
    ]
    assert found == refused


def test_kleidiai_may_have_stock_kernels_but_not_enter_them(pins: profile.Profile) -> None:
    proof = pins.get_flavour("kleidiai").proof
    assert not any(fnmatchcase(NEONDOT, glob) for glob in proof.forbidden)
    assert any(fnmatchcase(NEONDOT, glob) for glob in proof.bypassed)


def test_every_flavour_sets_both_switches(pins: profile.Profile) -> None:
    # XNNPACK turns KleidiAI on by itself wherever i8mm is on: a flavour that is silent has it.
    names = ("xnn_enable_arm_i8mm", "xnn_enable_kleidiai")
    assert {one.name: tuple(map(one.switches.get, names)) for one in pins.flavour} == {
        "mediapipe-default": (False, False),
        "i8mm": (True, False),
        "kleidiai": (True, True),
    }


def test_settings_name_targets_that_an_overlay_declares(pins: profile.Profile) -> None:
    labels = [found for one in pins.settings if (found := LABEL.search(one))]
    assert {found["target"] for found in labels} == {"protoc", "cc_toolchain"}
    for found in labels:
        overlay = OVERLAYS / pins.get_archive(found["repository"]).overlay
        text = (overlay / "BUILD.bazel").read_text(encoding="utf-8")
        assert f'name = "{found["target"]}"' in text


def test_an_emulated_run_is_not_profiled(pins: profile.Profile) -> None:
    # llm_test writes a profile of every operator unless it is told an empty file name.
    assert "--xnn_profile_csv=" in pins.benchmark.emulated_arguments
