"""A tiny arm64 program, laid out as an ELF file byte by byte: no compiler is needed for tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BASE = 0x400000

Section = tuple[str, int, int, int, int, int, int]  # name, type, flags, offset, size, link, entry

# What it does depends on the number of its arguments:
#   0: enters kai_run_a, prints "hello"        1: enters kai_run_b, writes "hello" to that file
#   2: never ends     3: an illegal instruction     4 or more: exit code 7
PROGRAM = bytes.fromhex(
    "f30340f9 f40b40f9"  # _start: ldr x19, [sp] (argc); ldr x20, [sp, #16] (argv[1])
    "7f0e00f1 20030054 2c030054"  # cmp x19, #3; b.eq spin; b.gt more
    "7f0a00f1 20010054"  # cmp x19, #2; b.eq file
    "1e000094"  # bl kai_run_a
    "200080d2 41030010 c20080d2 080880d2 010000d4"  # write(1, text, 6)
    "000080d2 12000014"  # mov x0, #0; b leave
    "17000094"  # file: bl kai_run_b
    "600c8092 e10314aa 224880d2 833480d2 080780d2 010000d4"  # openat(-100, argv[1], 01101, 0644)
    "a1010010 c20080d2 080880d2 010000d4"  # write(x0, text, 6)
    "000080d2 05000014"  # mov x0, #0; b leave
    "00000014"  # spin: b spin
    "7f1200f1 80000054 e00080d2"  # more: cmp x19, #4; b.eq ill; mov x0, #7
    "a80b80d2 010000d4"  # leave: exit(x0)
    "00000000"  # ill: udf #0
    "68656c6c 6f0a0000"  # text: "hello\n"
    "c0035fd6"  # kai_run_a: ret
    "1f2003d5 c0035fd6"  # kai_run_b: nop; ret
)
FUNCTIONS = (("_start", 0, 0x8C), ("kai_run_a", 0x94, 4), ("kai_run_b", 0x98, 8))


@dataclass
class Tiny:
    """What differs between the files that tests want.

    ``functions`` are (name, offset in the code, size); ``symbols`` False leaves .symtab out;
    ``data`` stands in .rodata, ``debug`` in a compressed .debug_str.
    """

    code: bytes = PROGRAM
    functions: tuple[tuple[str, int, int], ...] = FUNCTIONS
    machine: int = 183
    pie: bool = False
    interpreter: bytes = b""
    needed: bytes = b""
    build_id: bytes = b"\x12\x34"
    comment: bytes = b"tiny 1.0\0"
    data: bytes = b"nothing\0"
    debug: bytes = b""
    symbols: bool = True
    undefined: tuple[str, ...] = ()

    def write(self, path: Path) -> Path:
        """Write the file, make it executable, and return its path."""
        path.write_bytes(self.bytes())
        path.chmod(0o755)
        return path

    def bytes(self) -> bytes:
        """Return the file."""
        base = 0 if self.pie else BASE
        segments: list[tuple[int, int, int, int]] = []  # type, flags, offset, size
        body = bytearray(0x400)  # header and segments go to the front

        def add(content: bytes) -> int:
            body.extend(bytes(-len(body) % 16))
            at = len(body)
            body.extend(content)
            return at

        sections: list[Section] = [("", 0, 0, 0, 0, 0, 0)]
        text = add(self.code)
        sections.append((".text", 1, 6, text, len(self.code), 0, 0))
        sections.append((".rodata", 1, 2, add(self.data), len(self.data), 0, 0))
        if self.interpreter:
            at = add(self.interpreter + b"\0")
            segments.append((3, 4, at, len(self.interpreter) + 1))
        if self.needed:
            names = b"\0" + self.needed + b"\0"
            table = add(names)
            tags = struct.pack("<8q", 1, 1, 5, base + table, 10, len(names), 0, 0)
            segments.append((2, 6, add(tags), len(tags)))
        if self.build_id:
            size = len(self.build_id)
            note = struct.pack("<III", 4, size, 3) + b"GNU\0" + self.build_id + bytes(-size % 4)
            segments.append((4, 4, add(note), len(note)))
        if self.comment:
            sections.append((".comment", 1, 0x30, add(self.comment), len(self.comment), 0, 0))
        if self.debug:
            packed = struct.pack("<IIQQ", 1, 0, len(self.debug), 1) + zlib.compress(self.debug)
            sections.append((".debug_str", 1, 0x800, add(packed), len(packed), 0, 0))
        if self.symbols:
            self._add_symbols(sections, add, base + text)
        end = len(body)
        names, offsets = b"", []
        for name in [s[0] for s in sections] + [".shstrtab"]:
            offsets.append(len(names))
            names += name.encode() + b"\0"
        sections.append((".shstrtab", 3, 0, add(names), len(names), 0, 0))
        table = add(
            b"".join(
                struct.pack(
                    "<IIQQQQIIQQ",
                    offset,
                    kind,
                    flags,
                    base + at if flags & 2 else 0,
                    at,
                    size,
                    link,
                    1 if kind == 2 else 0,
                    8,
                    entry,
                )
                for offset, (_, kind, flags, at, size, link, entry) in zip(
                    offsets, sections, strict=True
                )
            )
        )
        rows = [(1, 5, 0, end), *segments]
        header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
            "<HHIQQQIHHHHHH",
            3 if self.pie else 2,
            self.machine,
            1,
            base + text,
            64,
            table,
            0,
            64,
            56,
            len(rows),
            64,
            len(sections),
            len(sections) - 1,
        )
        for kind, flags, at, size in rows:
            place = base + at
            align = {1: 0x10000, 4: 4}.get(kind, 8)
            header += struct.pack("<IIQQQQQQ", kind, flags, at, place, place, size, size, align)
        body[: len(header)] = header
        return bytes(body)

    def _add_symbols(self, sections: list[Section], add: Callable[[bytes], int], text: int) -> None:
        names, table = b"\0", bytes(24)
        for name, at, size in self.functions:
            table += struct.pack("<IBBHQQ", len(names), 0x12, 0, 1, text + at, size)
            names += name.encode() + b"\0"
        for name in self.undefined:
            table += struct.pack("<IBBHQQ", len(names), 0x12, 0, 0, 0, 0)
            names += name.encode() + b"\0"
        table += struct.pack("<IBBHQQ", len(names), 0x11, 0, 2, text, 8)  # an object, no function
        names += b"kai_run_object\0"
        sections.append((".symtab", 2, 0, add(table), len(table), len(sections) + 1, 24))
        sections.append((".strtab", 3, 0, add(names), len(names), 0, 0))
