"""benchmarks/one_invocation.py: the rules of its folder, with builds that are made up."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FLAVOURS = ("upstream", "kleidiai")


@pytest.fixture
def script(repository: Path) -> ModuleType:
    file = repository / "benchmarks" / "one_invocation.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, seconds: list[float], **every: Any
) -> int:
    """Run it; the builds take so long, and the last one is as ``every`` says."""
    left = iter(seconds)

    def build(scratch: Path, name: str, arguments: list[str]) -> tuple[float, dict[str, Any]]:
        names = [one.removeprefix("--flavour=") for one in arguments if "--flavour" in one]
        content: dict[str, Any] = {
            "binaries": [{"flavour": one, "sha256": one} for one in names],
            "explanation": {"repeated": [], "text": ["shared: all"]},
        }
        return next(left), content | (every if name == "every" else {})

    monkeypatch.setattr(script, "build", build)
    words = [f"--flavour={one}" for one in FLAVOURS]
    monkeypatch.setattr(sys, "argv", ["one_invocation.py", "xnnpack-2024-11", *words, "--json"])
    code: int = script.main()
    return code


def test_it_prints_json_and_says_that_the_aims_are_reached(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(script, monkeypatch, [100.0, 10.0, 150.0]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert (result["ratio"], result["added_ratios"]) == (1.5, {"kleidiai": 0.1})
    assert "kleidiai added to it: 10.0 s" in err


REPEATED = {"repeated": [{"touches_xnnpack": False}], "text": []}
OTHER = [{"flavour": "upstream", "sha256": "other"}, {"flavour": "kleidiai", "sha256": "kleidiai"}]


@pytest.mark.parametrize(
    ("seconds", "every"),
    [
        ([100.0, 10.0, 161.0], {}),
        ([100.0, 16.0, 150.0], {}),
        ([100.0, 10.0, 150.0], {"explanation": REPEATED}),
        ([100.0, 10.0, 150.0], {"binaries": OTHER}),
    ],
    ids=["all at once", "added", "repeated", "other bytes"],
)
def test_an_aim_that_is_missed_is_code_1(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, seconds: list[float], every: dict[str, Any]
) -> None:
    assert run(script, monkeypatch, seconds, **every) == 1
