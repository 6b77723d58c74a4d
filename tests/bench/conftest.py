"""Lets these tests import ``gbench`` here and ``tests/elf/tiny_elf.py``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "elf")]
