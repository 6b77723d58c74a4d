"""Lets these tests import ``tests/bench/gbench.py`` and ``report_cases`` here."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "bench"), str(HERE.parent.parent / "tools")]
