"""Lets the tests of this room build tiny arm64 programs (``tests/elf/tiny_elf.py``)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "elf"))
