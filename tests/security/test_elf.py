"""ELF files that would fill the memory."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from xnnkit import elf
from xnnkit.elf import facts
from xnnkit.errors import BadInput


def written(tmp_path: Path, sections: list[tuple[str, int, int, bytes, int, int]]) -> Path:
    """Write an object file: (name, type, flags, content, link, entry size) of each section."""
    names, body, rows = b"\0", bytearray(64), [bytes(64)]
    sections = [*sections, (".shstrtab", 3, 0, b"", 0, 0)]
    offsets = []
    for name, *_ in sections:
        offsets.append(len(names))
        names += name.encode() + b"\0"
    for (name, kind, flags, content, link, entry), offset in zip(sections, offsets, strict=True):
        data = names if name == ".shstrtab" else content
        row = (offset, kind, flags, 0, len(body), len(data), link, 0, 1, entry)
        rows.append(struct.pack("<IIQQQQIIQQ", *row))
        body += data
    table = len(body)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 1, 183, 1, 0, 0, table, 0, 64, 56, 0, 64, len(rows), len(rows) - 1
    )
    body[: len(header)] = header
    path = tmp_path / "evil.o"
    path.write_bytes(bytes(body) + b"".join(rows))
    return path


def test_names_that_share_their_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of symbols in a megabyte of letters would be a tebibyte of names."""
    monkeypatch.setattr(facts, "MAX_NAMES", 1 << 20)
    letters = b"\0" + b"n" * 4000 + b"\0"
    symbols = b"".join(struct.pack("<IBBHQQ", 1 + i % 100, 2, 0, 1, i, 1) for i in range(1000))
    path = written(
        tmp_path,
        [
            (".text", 1, 6, b"x", 0, 0),
            (".symtab", 2, 0, symbols, 3, 24),
            (".strtab", 3, 0, letters, 0, 0),
        ],
    )
    with pytest.raises(BadInput) as caught:
        elf.inspect(path)
    assert "names" in caught.value.why


def test_sections_that_unpack_to_more_than_there_is_memory(tmp_path: Path) -> None:
    packed = struct.pack("<IIQQ", 1, 0, 1 << 40, 1) + zlib.compress(b"x")
    with pytest.raises(BadInput) as caught:
        elf.inspect(written(tmp_path, [(".debug_str", 1, 0x800, packed, 0, 0)]))
    assert "compressed sections" in caught.value.why


def test_segments_without_end(tmp_path: Path) -> None:
    path = written(tmp_path, [(".text", 1, 6, b"x" * 60_000, 0, 0)])
    data = bytearray(path.read_bytes())
    data[32:40] = struct.pack("<Q", 64)
    data[56:58] = struct.pack("<H", 1000)
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        elf.inspect(path)
    assert "1000 segments" in caught.value.why
