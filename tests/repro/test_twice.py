"""What `repro` makes of two builds; the builds themselves are made up here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from what_was_found import ordinary, other
from xnnkit.build.request import Options, Sources
from xnnkit.errors import BadEnvironment
from xnnkit.repro import twice
from xnnkit.repro.machine import Machine

PROFILE = "xnnpack-2024-11"
ABLE = Machine(faketime=Path("/x.so"), locales=("C", "C.utf8"), cores=4, memory=1 << 40)

Repro = Callable[..., dict[str, Any]]


@pytest.fixture
def repro(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repro:
    """`twice.repro` with these results, and these bytes as each build's binary (None: none)."""

    def repro(
        results: list[dict[str, Any]], data: tuple[str | None, ...] = ("x", "x"), **more: Any
    ) -> dict[str, Any]:
        made = iter(zip(results, data, strict=True))

        def run(side: Any, plan: dict[str, Any], *_: Any) -> dict[str, Any]:
            found, text = next(made)
            if text is not None:
                binary = tmp_path / "out" / side.name / "bin/upstream/llm_block"
                binary.parent.mkdir(parents=True)
                binary.write_text(text)
            return found

        monkeypatch.setattr(twice, "_run", run)
        monkeypatch.setattr(twice, "fetch", lambda *_: [])
        monkeypatch.setattr(twice, "find", lambda *_: None)
        options = Options(out=tmp_path / "out", flavours=("upstream",))
        return twice.repro(PROFILE, options, Sources(cache=tmp_path / "cache"), ABLE, **more)

    return repro


def test_two_equal_binaries_under_twelve_conditions(repro: Repro, tmp_path: Path) -> None:
    content = repro([ordinary(), other()])
    assert content["identical"]
    assert content["varied"] == 12
    assert [row["name"] for row in content["artifacts"]] == ["bin/upstream/llm_block"]
    assert json.loads((tmp_path / "out/repro.json").read_text())["identical"]


@pytest.mark.parametrize("data", [(None, None), ("x", None), (None, "x")])
def test_builds_without_the_binary_are_not_identical(
    repro: Repro, data: tuple[str | None, str | None]
) -> None:
    content = repro([ordinary(), other()], data)
    assert not content["identical"]
    assert content["artifacts"][0]["causes"][0]["name"] == "missing"


def test_what_was_found_the_same_is_counted_out(repro: Repro) -> None:
    content = repro([ordinary(), ordinary(umask="077")])
    assert content["identical"]
    assert content["varied"] == 1


def test_what_was_asked_for_and_found_the_same_is_an_error(repro: Repro, tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="clock was not varied") as caught:
        repro([ordinary(), ordinary(umask="077")], vary=("umask", "clock"))
    assert "no program saw the other time" in caught.value.why
    assert (tmp_path / "out/repro.json").is_file()


def test_what_was_asked_for_and_found_different_is_none(repro: Repro) -> None:
    assert repro([ordinary(), ordinary(umask="077")], vary=("umask",))["varied"] == 1


def test_a_difference_is_told_before_what_was_not_varied(repro: Repro) -> None:
    content = repro([ordinary(), ordinary()], ("x", "y"), vary=("clock",))
    assert not content["identical"]
