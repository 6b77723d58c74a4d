"""What the tests of patch sets share: making a set and a tree from a few strings."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit.patches.load import load_directory
from xnnkit.patches.model import PatchSet

HEAD = {
    "applies_to": "thing",
    "subject": "A change",
    "description": "What it does.",
    "author": "somebody <somebody@example.invalid>",
}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = "".join(c if c.isalnum() or c in " _-." else f"\\U{ord(c):08x}" for c in value)
    return f'"{escaped}"'


def _write_set(root: Path, *edits: Mapping[str, Any], **head: Any) -> Path:
    """Write patch.toml; an edit lacks what most of them have in common."""
    root.mkdir(parents=True, exist_ok=True)
    lines = [f"{k} = {_toml(v)}" for k, v in (HEAD | head).items()]
    lines.append("date = 2026-01-31T00:00:00Z")
    for number, edit in enumerate(edits, start=1):
        whole = {"id": f"e{number}", "file": "a.txt", "op": "replace", "why": "Because."} | edit
        lines.append("[[edit]]")
        lines.extend(f"{k} = {_toml(v)}" for k, v in whole.items())
    (root / "patch.toml").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def write_set() -> Callable[..., Path]:
    """Return the function that writes a set's patch.toml: (folder, *edits, **head)."""
    return _write_set


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., PatchSet]:
    """Return a function that makes a patch set of edits (keyword ``files``: its new files)."""

    def make(*edits: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> PatchSet:
        root = _write_set(tmp_path / "set", *edits)
        for name, data in (files or {}).items():
            path = root / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return load_directory(root, name="thing/set")

    return make


@pytest.fixture(scope="session")
def tools() -> list[str]:
    """What this machine has to apply a diff with: git, and patch where it is installed."""
    known = {"git apply": "git", "patch -p1": "patch"}
    return [name for name, program in known.items() if shutil.which(program)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty tree."""
    root = tmp_path / "tree"
    root.mkdir()
    return root


def _beside(name: str) -> ModuleType:
    """Import a module of this folder, which is no package."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"patches_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def starlark() -> ModuleType:
    """The module starlark.py beside this file."""
    return _beside("starlark")


@pytest.fixture(scope="session")
def xnnpack_tree() -> ModuleType:
    """The module xnnpack_tree.py beside this file."""
    return _beside("xnnpack_tree")
