"""The type of the fixture that puts fake programs on PATH."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

# (name, shell script without its first line) -> where it stands
Fake = Callable[[str, str], Path]
