"""The stubs: what stands for a repository loads, and says what is missing when it is built."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from xnnkit import paths
from xnnkit.render import workspace

STUBS = Path(workspace.__file__).parent / "stubs"
FILES = sorted(path.relative_to(STUBS).as_posix() for path in STUBS.rglob("*.bzl"))
NATIVE = ("CcInfo", "ProtoInfo", "cc_common")


class Failed(Exception):
    """What `fail` raises."""


def fail(message: str) -> None:
    raise Failed(message)


def names(path: str, starlark: ModuleType, package: str = "some/package") -> tuple[Any, Any]:
    """Evaluate one file of a stub and return the recorded targets and the file's names."""
    space = starlark.Workspace(STUBS / path.split("/")[0], package)
    known = space.builtins
    space.builtins = lambda: known() | {name: name for name in NATIVE} | {"fail": fail}
    return space.targets, space.evaluate(STUBS / path)


@pytest.mark.parametrize("path", FILES)
def test_every_file_loads(path: str, starlark: ModuleType) -> None:
    _, found = names(path, starlark)
    assert [name for name in found if not name.startswith("_")]


@pytest.mark.parametrize("path", [f for f in FILES if "_absent = rule" in (STUBS / f).read_text()])
def test_a_target_can_be_declared_and_built_it_says_what_is_missing(
    path: str, starlark: ModuleType
) -> None:
    targets, found = names(path, starlark)
    macros = re.findall(r"^def ([a-z]\w*)\(", (STUBS / path).read_text(), re.MULTILINE)
    assert macros
    for macro in macros:
        found[macro](name=macro, srcs=["a"], tags=["b"], anything="else")
        assert targets[macro]["tags"] == ["b", "manual"]
    with pytest.raises(Failed, match=f"//:a.*@{path.split('/')[0]} stands for load"):
        found["_absent_impl"](SimpleNamespace(label="//:a"))


def test_every_package_of_a_stub_has_a_build_file() -> None:
    missing = [f for f in FILES if not (STUBS / f).with_name("BUILD.bazel").is_file()]
    assert missing == []


def test_every_stub_is_wanted_by_a_profile() -> None:
    profiles = "\n".join(p.read_text() for p in (paths.home() / "profiles").glob("*.toml"))
    wanted = set(re.findall(r'^\[\[stub\]\]\nname = "(\w+)"', profiles, re.MULTILINE))
    assert wanted == {path.name for path in STUBS.iterdir() if path.is_dir()}
