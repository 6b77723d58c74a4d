"""Damaged archives of every kind: a Finding or a tree, nothing else, and nothing outside."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xnnkit.archives.members import Limits
from xnnkit.archives.unpack import unpack
from xnnkit.errors import Finding

FORMS = {
    "zip": (lambda data: data, lambda data: data),
    "tar.gz": (gzip.decompress, lambda data: gzip.compress(data, 1)),
    "tar.xz": (lzma.decompress, lambda data: lzma.compress(data, preset=0)),
}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12))
@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_archive(form: str, changes: list[tuple[float, int]], upstream: Any) -> None:
    opened, closed = FORMS[form]
    good = {"zip": upstream.zip, "tar.gz": upstream.targz, "tar.xz": upstream.tarxz}[form]
    inner = bytearray(opened(good))
    # Contents are most of the bytes and harmless; zip's directory is at the end, tar's everywhere.
    span, start = (4000, max(0, len(inner) - 4000)) if form == "zip" else (20_000, 0)
    for place, value in changes:
        inner[min(start + int(place * span), len(inner) - 1)] = value
    with tempfile.TemporaryDirectory() as folder:
        blob = Path(folder) / "blob"
        blob.write_bytes(closed(bytes(inner)))
        target = Path(folder) / "in" / "t"
        limits = Limits(total=8 << 20)
        with contextlib.suppress(Finding):
            unpack(blob, form, target, strip_prefix="", limits=limits)  # type: ignore[arg-type]
        assert [p.name for p in target.parent.iterdir()] == ["t"]
        root = target.resolve()
        for path in target.rglob("*"):
            assert root in path.resolve().parents or path.resolve() == root
