"""A condition counts as varied only if the two builds found it different."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from what_was_found import BOOT, ordinary, other
from xnnkit.repro import found
from xnnkit.repro.conditions import CONDITIONS, SHIFT_S, Condition
from xnnkit.repro.machine import Machine

ABLE = Machine(faketime=Path("/usr/lib/x/faketime/libfaketimeMT.so.1"))


def rows(
    first: dict[str, Any], second: dict[str, Any], machine: Machine = ABLE
) -> dict[str, Condition]:
    return {row.name: row for row in found.conditions(CONDITIONS, {}, (first, second), machine)}


def test_all_that_was_found_different_is_varied() -> None:
    assert {name for name, row in rows(ordinary(), other()).items() if row.varied} == set(
        CONDITIONS
    )


@pytest.mark.parametrize("name", CONDITIONS)
def test_no_condition_is_varied_when_both_builds_found_the_same(name: str) -> None:
    assert not rows(ordinary(), ordinary())[name].varied
    assert not rows(other(), other())[name].varied


def test_what_was_not_tried_says_why_and_what_was_found() -> None:
    (row,) = found.conditions(["user"], {"user": "not here"}, (ordinary(), other()), ABLE)
    assert (row.varied, row.why) == (False, "not here")
    assert row.values == ("user", "another user")


# ---------------------------------------------------------------------------------- the clock


def test_a_later_build_is_not_a_build_at_another_time() -> None:
    """Minutes pass between two builds, and a whole build before Bazel says that it is done."""
    later = ordinary()
    later["surroundings"]["clock"] += 120
    later["clocks"]["bazel"] -= 900
    clock = rows(ordinary(), later, Machine())["clock"]
    assert not clock.varied
    assert "no program saw the other time" in clock.why
    assert "libfaketime is not installed" in clock.why
    assert clock.values[1] == ", ".join(
        f"{who} the real one" for who in ("xnnkit", "Bazel", "actions", "compilers")
    )


def test_without_libfaketime_only_what_saw_another_time_counts() -> None:
    second = ordinary()
    second["clocks"]["compiler"] += SHIFT_S - 7000
    clock = rows(ordinary(), second, Machine())["clock"]
    assert clock.varied
    assert clock.values[1].endswith("actions the real one, compilers +3690.2 days")
    assert "not shifted: xnnkit, Bazel, actions; libfaketime is not installed" in clock.note


def test_bazels_own_server_is_named_when_it_alone_saw_the_real_time() -> None:
    second = other()
    second["clocks"]["bazel"] = BOOT
    clock = rows(ordinary(), second)["clock"]
    assert clock.varied
    assert clock.note.startswith("not shifted: Bazel; Bazel ignores LD_PRELOAD")
    assert "not shifted" not in rows(ordinary(), other())["clock"].note


def test_a_time_that_was_not_the_intended_one_is_no_variation() -> None:
    second = ordinary(clock=BOOT + 86400)
    assert not rows(ordinary(), second)["clock"].varied


def test_a_first_build_that_saw_the_other_time_too_is_no_variation() -> None:
    assert not rows(other(), other())["clock"].varied


def test_a_clock_that_nobody_could_read_is_not_known_and_says_why() -> None:
    second = ordinary()
    second["clocks"] = {"bazel": None, "actions": None, "compiler": None, "why": "Bazel said no"}
    clock = rows(ordinary(), second)["clock"]
    assert not clock.varied
    assert "compilers not known" in clock.values[1]
    assert "Bazel said no" in clock.why


def test_a_machine_without_its_uptime_knows_no_shift() -> None:
    first, second = ordinary(), other()
    first["real"] = second["real"] = None
    assert not rows(first, second)["clock"].varied


# ----------------------------------------------------------------- what Bazel and the caches say


@pytest.mark.parametrize("folder", ["workspace", "execution_root"])
def test_both_of_bazels_folders_have_to_be_others(folder: str) -> None:
    second = other()
    second["bazel"][folder] = ordinary()["bazel"][folder]
    assert rows(ordinary(), second)["directory"].why == "both builds found the same"


@pytest.mark.parametrize(("name", "key"), [("directory", "execution_root"), ("jobs", "jobs")])
def test_what_bazel_did_not_say_is_not_varied(name: str, key: str) -> None:
    second = other()
    second["bazel"][key] = ""
    row = rows(ordinary(), second)[name]
    assert row.why == "Bazel did not say what it found"
    assert row.values[1] == "not known"


def _warm_second(first: dict[str, Any], second: dict[str, Any]) -> None:
    second["kept"][0] = {"results": 3, "libraries": []}


def _libraries_for_second(first: dict[str, Any], second: dict[str, Any]) -> None:
    second["kept"][0] = {"results": 0, "libraries": ["aarch64-ab-4"]}


def _cold_first(first: dict[str, Any], second: dict[str, Any]) -> None:
    first["kept"] = copy.deepcopy(second["kept"])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_warm_second, "the second build found results of another"),
        (_libraries_for_second, "the second build found results of another"),
        (_cold_first, "both builds began with nothing kept"),
    ],
)
def test_a_cache_that_was_not_empty_or_never_full_is_not_varied(
    change: Callable[[dict[str, Any], dict[str, Any]], None], why: str
) -> None:
    first, second = ordinary(), other()
    change(first, second)
    assert rows(first, second)["cache"].why == why


def test_the_caches_are_told_by_what_was_in_them() -> None:
    assert rows(ordinary(), other())["cache"].values == (
        "10 results, 7 used; zig's libraries kept",
        "0 results, 0 used; zig's libraries compiled anew",
    )
