"""Lets the tests of this room import what ``update_golden.py`` uses too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
