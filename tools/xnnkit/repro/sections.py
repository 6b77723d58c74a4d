"""Where two ELF files differ: section by section, with the symbol that holds the first byte."""

from __future__ import annotations

import bisect
import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xnnkit.errors import BadInput

BUILD_ID = ".note.gnu.build-id"

_TEXT = frozenset(string.printable.encode()) - frozenset(b"\t\n\r\x0b\x0c")
_SHOWN = 100
_BYTES = 16
_UNNAMED = ("STT_SECTION", "STT_FILE")


@dataclass(frozen=True, order=True)
class Symbol:
    """A defined symbol: where it stands (as linked, or in its section), its size and name."""

    address: int
    size: int
    name: str
    kind: str = field(compare=False)


@dataclass(frozen=True)
class Section:
    """A section's place and content; ``data`` is uncompressed, and empty for one without bytes."""

    name: str
    number: int
    offset: int
    address: int
    size: int
    data: bytes = field(repr=False)
    symbols: tuple[Symbol, ...] = field(repr=False, default=())

    def holder(self, offset: int) -> str:
        """Return the name of the symbol whose bytes hold this offset into the section, or ""."""
        at = self.address + offset
        # Every symbol that begins at or before; the last one that reaches over it is the closest.
        behind = bisect.bisect_right(self.symbols, at, key=lambda one: one.address)
        for one in reversed(self.symbols[max(0, behind - 64) : behind]):
            if one.address <= at < one.address + max(one.size, 1):
                return one.name
        return ""


@dataclass(frozen=True)
class Change:
    """A section that is not the same in both files.

    Attributes:
        section: its name.
        what: "content", "size", "only in the first", "only in the second".
        sizes: in bytes, in the first and the second file; 0 where it is not.
        offset: of the first differing byte, in bytes from the section's begin.
        symbols: the symbol that holds that byte, in each file; "" for none.
        excerpts: what stands there in each file: the text around it, or bytes in hex.
    """

    section: str
    what: str
    sizes: tuple[int, int]
    offset: int = 0
    symbols: tuple[str, str] = ("", "")
    excerpts: tuple[str, str] = ("", "")

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "section": self.section,
            "what": self.what,
            "sizes": list(self.sizes),
            "offset": self.offset,
            "symbols": list(self.symbols),
            "excerpts": list(self.excerpts),
        }


def read(path: Path) -> list[Section]:
    """Return a file's sections in file order, each with the symbols that stand in it.

    Raises:
        BadInput: it is no ELF file, or a damaged one.
    """
    from elftools.elf.elffile import ELFFile

    with open(path, "rb") as file:
        try:
            elf = ELFFile(file)
            return sorted(_sections(elf), key=lambda one: (one.offset, one.number))
        except OSError:
            raise
        except Exception as error:
            raise BadInput(
                "not an ELF file, or a damaged one",
                where=str(path),
                why=f"{type(error).__name__}: {error}",
            ) from error


def _sections(elf: Any) -> Iterator[Section]:
    symbols: dict[int, list[Symbol]] = {}
    table = elf.get_section_by_name(".symtab")
    for one in table.iter_symbols() if table is not None else ():
        kind, where = one["st_info"]["type"], one["st_shndx"]
        # $x and $d say what follows is code or data; they hold nothing.
        if isinstance(where, int) and one.name and kind not in _UNNAMED and one.name[0] != "$":
            made = Symbol(one["st_value"], one["st_size"], one.name, kind)
            symbols.setdefault(where, []).append(made)
    for number, section in enumerate(elf.iter_sections()):
        kind = section["sh_type"]
        if kind == "SHT_NULL":
            continue
        yield Section(
            name=section.name,
            number=number,
            offset=section["sh_offset"],
            address=section["sh_addr"],
            size=section["sh_size"],
            data=b"" if kind == "SHT_NOBITS" else section.data(),
            symbols=tuple(sorted(symbols.get(number, ()))),
        )


def named(sections: list[Section]) -> dict[tuple[str, int], Section]:
    """Return the sections by name and by which of that name it is; objects have many of one."""
    seen: Counter[str] = Counter()
    found = {}
    for one in sections:
        found[one.name, seen[one.name]] = one
        seen[one.name] += 1
    return found


def changes(first: list[Section], second: list[Section]) -> list[Change]:
    """Return every section that differs, in the order of the first file; build ids come last.

    A build id is made from all the rest, so it always differs and never says why.
    """
    ours, theirs = named(first), named(second)
    found = [
        change
        for key, one in ours.items()
        if (change := _change(one, theirs[key]) if key in theirs else _alone(one, 0))
    ]
    found += [_alone(one, 1) for key, one in theirs.items() if key not in ours]
    return sorted(found, key=lambda change: change.section == BUILD_ID)


def _alone(one: Section, side: int) -> Change:
    which = "only in the " + ("first", "second")[side]
    return Change(one.name, which, (one.size, 0) if side == 0 else (0, one.size))


def _change(one: Section, other: Section) -> Change | None:
    if one.size == other.size and one.data == other.data:
        return None
    at = first_difference(one.data, other.data)
    return Change(
        section=one.name,
        what="content" if one.size == other.size else "size",
        sizes=(one.size, other.size),
        offset=at,
        symbols=(one.holder(at), other.holder(at)),
        excerpts=(excerpt(one.data, at), excerpt(other.data, at)),
    )


def first_difference(one: bytes, other: bytes) -> int:
    """Return the first position at which two differ; the shorter one's length if it begins both."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def excerpt(data: bytes, at: int) -> str:
    """Return the text that stands around a position, in quotes, or the bytes there, in hex."""
    begin = at
    while begin > max(0, at - _SHOWN) and data[begin - 1] in _TEXT:
        begin -= 1
    end = at
    while end < min(len(data), at + _SHOWN) and data[end] in _TEXT:
        end += 1
    if end - begin >= 4:
        return '"' + data[begin:end].decode("ascii") + '"'
    return data[at : at + _BYTES].hex(" ") or "(end)"


def functions(sections: list[Section]) -> dict[str, bytes]:
    """Return the code of every function by name."""
    return {
        symbol.name: section.data[at : at + symbol.size]
        for section in sections
        for symbol in section.symbols
        if symbol.kind == "STT_FUNC" and symbol.size
        for at in [symbol.address - section.address]
    }


def order(sections: list[Section]) -> list[str]:
    """Return the names of all symbols in the order of their places."""
    return [symbol.name for section in sections for symbol in section.symbols]
