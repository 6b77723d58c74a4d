"""Reads what benchmark and profiling tools leave behind, in whatever format (docs/results.md).

Belongs here: one file a format, ``text`` for what they share, and ``file``, which tells the formats
apart by their content. A bad line is named with its number and left out; the rest is kept.
"""

from __future__ import annotations

from xnnkit.bench.readers.file import FORMATS, read, read_bytes

__all__ = ["FORMATS", "read", "read_bytes"]
