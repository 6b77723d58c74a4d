"""Which names of bionic's symbol maps a stub library exports."""

from __future__ import annotations

import pytest
from bionic import exported

MAP = """
LIBC {
  global:
    always;
    only_arm; # arm
    ours_too; # arm arm64
    variable; # var
    later; # introduced=26
    later_here; # introduced=21 introduced-arm64=29
    inside; # apex
  local:
    *;
};

LIBC_R { # introduced=30
  global:
    new; # var introduced=30
} LIBC;

LIBC_PRIVATE {
  global:
    private;
} LIBC;
"""


@pytest.mark.parametrize(
    ("level", "functions", "variables"),
    [
        (21, ["always", "ours_too"], ["variable"]),
        (26, ["always", "ours_too", "later"], ["variable"]),
        (30, ["always", "ours_too", "later", "later_here"], ["variable", "new"]),
    ],
)
def test_what_a_level_exports(level: int, functions: list[str], variables: list[str]) -> None:
    assert exported(MAP, level) == (functions, variables)
