"""Ways to change what was built, what it was built from, and the statement about it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mini as minis
from mini import Mini
from xnnkit.provenance.digests import dir_hash


def flip_byte(file: Path, at: int = -1) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def edit_json(file: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def edit_statement(change: Callable[[Any], None]) -> Callable[[Mini, Path], None]:
    return lambda mini, statement: edit_json(statement, change)


def definition(content: Any) -> Any:
    return content["predicate"]["buildDefinition"]


def materials(content: Any) -> list[Any]:
    found: list[Any] = definition(content)["resolvedDependencies"]
    return found


def material(content: Any, name: str) -> Any:
    (found,) = [one for one in materials(content) if one["name"] == name]
    return found


def drop(content: Any, name: str) -> None:
    materials(content).remove(material(content, name))


def edit_hash(content: Any, name: str, key: str, value: str) -> None:
    """Change one of a material's hashes and the dirHash with it, as who wants to deceive would."""
    found = material(content, name)
    found["annotations"]["sha256"][key] = value
    found["digest"]["dirHash"] = dir_hash(found["annotations"]["sha256"])


def version(content: Any) -> Any:
    return content["predicate"]["runDetails"]["builder"]["version"]


ZEROS = "0" * 64


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    assert first != second
    one.write_bytes(second)
    other.write_bytes(first)


def cut(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-5])


def write(file: Path) -> None:
    file.write_text("// more\n")


def to_symlink(path: Path) -> None:
    """Move a file or folder away and leave a symlink to it: the same bytes behind it."""
    elsewhere = path.parents[1] / f"{path.name}-moved"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)
    assert path.exists()


def minis_sha(name: str) -> str:
    return hashlib.sha256(minis.packed(name)).hexdigest()
