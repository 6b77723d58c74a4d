"""``xnnkit lock update`` on the real sources: pins that move, anchors that fit and do not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from xnnkit.cli import main

pytestmark = pytest.mark.upstream

# The commit after the pinned one, and one from 400 commits later.
NEXT = "ec5853de327eb9d3ebf4a5e43cb29a42d6034bfe"
LATER = "a6c436aa0041abac56dca0449c1361019ca30c82"


def update(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = ["lock", "update", "xnnpack-2024-11", *arguments, "--from-git", "--json"]
    result = CliRunner().invoke(main.cli, command)
    assert result.stdout, (result.stderr, result.exception)
    content: dict[str, Any] = json.loads(result.stdout)["update"]
    return result.exit_code, content


def test_the_next_commit_of_xnnpack() -> None:
    code, found = update("--to", NEXT)
    assert (code, found["archive"], found["ok"]) == (0, "XNNPACK", True)
    assert [one["how"] for one in found["origins"]] == ["reproduced", "made by git"]
    assert found["tree"] == "72cf62c5ac51fecd20ec88c4ed6d78d8abafc833"
    assert [(one["patch_set"], one["problems"]) for one in found["patch_sets"]] == [
        ("xnnpack/switches", []),
        ("xnnpack/build-identifier", []),
    ]


def test_edits_that_no_longer_fit_are_named() -> None:
    code, found = update("--to", LATER)
    assert code != 0
    switches, identifier = found["patch_sets"]
    assert [text.split("(")[1].split(")")[0] for text in switches["problems"]] == [
        *("always", "packing-kleidiai-deps", "consumer-defines")
    ]
    assert identifier["problems"] == []


def test_a_tag_of_kleidiai() -> None:
    code, found = update("KleidiAI", "--to", "v1.9.0")
    assert code == 0
    assert found["to"] == "247088200c679f30b1b4a680bd12fee18457a100"
    assert found["left"] == ["debian:pool/main/k/kleidiai/libkleidiai-dev_1.8.0+ds-1_arm64.deb"]
