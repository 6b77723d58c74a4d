"""What readers of files from elsewhere share: JSON and numbers that cannot surprise.

``json`` and ``int`` raise RecursionError, and ValueError of kinds that nobody thinks of, for what
no honest program writes. Here every refusal is one ValueError.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

MAX_JSON = 64 << 20
"""Bytes of a JSON file of ours at most."""

_NUMBER = re.compile(r"[0-9]{1,18}")


def loads(text: str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it is none, nested too deeply, or holds a number that is too long.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def load(path: Path, most: int = MAX_JSON) -> Any:
    """Parse a JSON file.

    Args:
        path: the file.
        most: bytes at most.

    Raises:
        ValueError: as `loads`; it is no UTF-8, or longer than ``most``.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it is longer than {most:,} bytes")
    return loads(data.decode("utf-8"))


def number(text: str) -> int | None:
    """Return a whole number of at most 18 decimal digits; None for any other text."""
    text = text.strip()
    return int(text) if _NUMBER.fullmatch(text) else None


def inside(name: str) -> bool:
    """Tell whether a path is relative, plain, and stays below where it starts."""
    parts = name.split("/")
    return not ("\0" in name or any(part in ("", ".", "..") for part in parts))
