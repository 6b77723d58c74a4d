"""Lets the tests of this room import what ``update_golden.py`` uses, and spares them a network."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from xnnkit.build import prepare

sys.path.append(str(Path(__file__).resolve().parent))

import golden


@pytest.fixture
def no_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetch nothing, and take the golden diffs for the rendered ones."""
    monkeypatch.setattr(prepare, "fetch", lambda *a, **k: [])
    monkeypatch.setattr(prepare, "render_patches", lambda pins, *a: golden.diffs(pins))
