"""Places of the building machine: what is one, and what only looks like it."""

from __future__ import annotations

import pytest
from xnnkit.elf import leaks


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"\0/buildbot/tmp/crtbrand-a1b2c3.o\0", False),
        (b"\0/tmp/crtbrand-a1b2c3.o\0", True),
        (b"\0-I/tmp/build/include\0", True),
        (b"\0a.cc:/tmp/build/a.cc\0", True),
        (b"\0/tmp/build/tmp/a.o\0", True),
    ],
)
def test_a_tmp_within_another_machines_path_is_none_of_ours(text: bytes, found: bool) -> None:
    assert bool(leaks.places([text])) is found
