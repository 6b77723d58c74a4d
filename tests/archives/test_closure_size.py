"""The comparison with MediaPipe's own downloads: its table stays true to the profile."""

from __future__ import annotations

import importlib.util
import os
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit import profile


@pytest.fixture(scope="module")
def script() -> ModuleType:
    file = Path(__file__).resolve().parents[2] / "benchmarks" / "closure_size.py"
    spec = importlib.util.spec_from_file_location("closure_size", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["closure_size"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def table(script: ModuleType) -> dict[str, Any]:
    return tomllib.loads(script.TABLE.read_text(encoding="utf-8"))


def test_the_table_is_of_the_profiles_commit(table: dict[str, Any]) -> None:
    pins = profile.load(table["profile"])
    assert pins.get_archive("mediapipe").commit == table["commit"]


def test_a_further_source_counts_on_both_sides(script: ModuleType, table: dict[str, Any]) -> None:
    pins = profile.load(table["profile"])
    one = script.summary(pins, table, ["upstream"])
    both = script.summary(pins, table, ["upstream", "base"])
    added = pins.get_archive("XNNPACK_5ecf0769").origin[0].size
    assert both["ours"]["bytes"] - one["ours"]["bytes"] == added
    assert both["theirs"]["bytes"] - one["theirs"]["bytes"] == added
    assert script.summary(pins, table, ["base"])["ours"]["archives"] == one["ours"]["archives"]


def test_the_sums_by_kind_make_the_whole(script: ModuleType, table: dict[str, Any]) -> None:
    theirs = script.summary(profile.load(table["profile"]), table, ["upstream"])["theirs"]
    known = theirs["known"].values()
    assert sum(kind["bytes"] for kind in known) == theirs["bytes"] <= theirs["bytes_at_most"]
    assert sum(kind["archives"] for kind in known) == theirs["archives"]
    assert theirs["known"]["unknown"]["bytes"] == 0


@pytest.mark.upstream
def test_measured_sizes_come_out_again(script: ModuleType, table: dict[str, Any]) -> None:
    made, wrong = script.measure_again(table, Path(os.environ["XNNKIT_GIT_ROOT"]))
    if not made:
        pytest.skip("no clone of any of these repositories")
    assert wrong == []
