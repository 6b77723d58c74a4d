"""What the tests of a release hand to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Run = Callable[..., tuple[int, str]]
"""Runs Bazel: (workspace, *arguments, cwd=..., VARIABLE=...) -> exit code, all output."""


@dataclass(frozen=True)
class Released:
    """What was made of the checkout as it is now.

    Attributes:
        checkout: the archive, unpacked.
        registry: a registry that has it, at a file:// address.
    """

    checkout: Path
    registry: Path
