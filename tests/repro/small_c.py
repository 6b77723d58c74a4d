"""The types of this room's fixtures."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Compile(Protocol):
    def __call__(
        self, name: str, source: str, *flags: str, cwd: Path | None = None, **environment: str
    ) -> Path: ...


class Link(Protocol):
    def __call__(self, name: str, *objects: Path | str) -> Path: ...
