"""Plain text and Markdown tables: the same bytes for the same rows, on any terminal."""

from __future__ import annotations

from collections.abc import Sequence


def plain(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Lay a table out in columns, two blanks apart, a rule below its header.

    Args:
        header: the columns' titles.
        rows: cells, as many in each row.
        right: numbers of the columns that are aligned to the right.
    """
    cells = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        parts = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(parts).rstrip()

    return "\n".join([line(header), "  ".join("-" * w for w in widths), *map(line, rows)])


def markdown(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> str:
    """Write a table for Markdown; bars in cells are escaped.

    Args:
        header: the columns' titles.
        rows: cells, as many in each row.
        right: numbers of the columns that are aligned to the right.
    """

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"

    rule = ["--:" if i in right else ":--" for i in range(len(header))]
    return "\n".join([line(header), "|" + "|".join(rule) + "|", *map(line, rows)])


def duration(nanoseconds: float) -> str:
    """Return a time with four digits and a unit that fits."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3), ("ns", 1.0)):
        if nanoseconds >= size or unit == "ns":
            break
    return f"{nanoseconds / size:#.4g}".rstrip(".") + f" {unit}"


def milliseconds(nanoseconds: float) -> str:
    """Return a time in milliseconds, so that those of many operators can be compared at sight."""
    return f"{nanoseconds / 1e6:.4f} ms"


def percent(share: float, *, signed: bool = False) -> str:
    """Return a share as a percentage with one digit, such as ``-8.4 %``."""
    text = f"{share * 100:+.1f}" if signed else f"{share * 100:.1f}"
    return ("0.0" if text in ("+0.0", "-0.0") else text) + " %"
