"""Lets the tests of this room share a healthy machine (``healthy.py``)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
