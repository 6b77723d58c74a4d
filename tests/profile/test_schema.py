"""The published JSON Schema says the same as the loader."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from xnnkit import profile
from xnnkit.profile.references import PATTERNS


def published(repository: Path) -> dict[str, Any]:
    text = (repository / "profiles" / "schema.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def test_the_published_schema_is_the_loaders(repository: Path) -> None:
    assert published(repository) == profile.json_schema(), "run: python tools/gen_reference.py"


def test_it_is_a_schema_and_accepts_every_profile(repository: Path) -> None:
    schema = published(repository)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for file in (repository / "profiles").glob("*.toml"):
        validator.validate(tomllib.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size = 20", "size = 20\nshasum = 1"),
        (f'sha256 = "{"a" * 64}"', 'sha256 = "abc"'),
        ('type = "git"', 'type = "gti"'),
        ("schema_version = 1", "schema_version = 2"),
        ('description = "for tests"\n', ""),
    ],
)
def test_it_refuses_what_the_loader_refuses(old: str, new: str, write, repository: Path) -> None:
    good, bad = write().read_text(), write((old, new)).read_text()
    validator = jsonschema.Draft202012Validator(published(repository))
    assert validator.is_valid(tomllib.loads(good))
    assert not validator.is_valid(tomllib.loads(bad))


def test_every_pattern_is_explained_in_words() -> None:
    patterns: set[str] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            patterns.update(p for p in [node.get("pattern")] if isinstance(p, str))
            for inner in node.values():
                collect(inner)
        elif isinstance(node, list):
            for inner in node:
                collect(inner)

    collect(profile.json_schema())
    assert patterns == set(PATTERNS)


def test_every_field_is_described() -> None:
    schema = profile.json_schema()
    for name, table in [("Profile", schema), *schema["$defs"].items()]:
        assert table["description"], name
        for field, entry in table["properties"].items():
            assert entry.get("description"), f"{name}.{field}"
