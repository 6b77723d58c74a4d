#!/usr/bin/env python3
"""Prove facts of a binary from its ELF, with the standard library alone, for `elf_test`.

    elf_check.py BINARY [--machine aarch64] [--static] [--required GLOB]... [--forbidden GLOB]...
                 [--forbidden-string TEXT]...

Prints a line for each check; exit 0 when all hold, 1 when one does not, 2 when BINARY cannot be
read. Globs are matched against the names of defined functions in .symtab. xnnkit's own reader
(`xnnkit elf`) is another program on purpose: a test of xnnkit holds the two together.
"""

import argparse
import re
import struct
import sys
import zlib
from fnmatch import translate

MACHINES = {"aarch64": 183, "x86_64": 62}
PT_DYNAMIC, PT_INTERP = 2, 3
SHT_SYMTAB, SHT_NOBITS = 2, 8
SHF_COMPRESSED = 0x800
DT_NEEDED = 1
STT_FUNC, STT_GNU_IFUNC = 2, 10
COMPRESSION_ZLIB = 1


class Damaged(Exception):
    """The file is no ELF file that this program can read."""


class Elf:
    """A 64-bit little-endian ELF file: what the checks need of it."""

    def __init__(self, data):
        self.data = data
        if data[:4] != b"\x7fELF":
            raise Damaged("not an ELF file")
        if data[4:6] != b"\x02\x01":
            raise Damaged("not 64-bit little-endian")
        header = self._read("<16xHHIQQQIHHHHHH", 0)
        self.machine = header[1]
        _, _, _, _, phoff, shoff, _, _, phsize, phnum, shsize, shnum, _ = header
        self.segments = [self._read("<IIQQQQQQ", phoff + i * phsize) for i in range(phnum)]
        if shoff and not shnum:  # more sections than the header can count
            shnum = self._read("<IIQQQQIIQQ", shoff)[5]
        self.sections = [self._read("<IIQQQQIIQQ", shoff + i * shsize) for i in range(shnum)]

    def _read(self, layout, at):
        try:
            return struct.unpack_from(layout, self.data, at)
        except (struct.error, OverflowError) as error:
            raise Damaged("a table leads out of the file") from error

    def _rows(self, layout, offset, size):
        if offset + size > len(self.data):
            raise Damaged("a table leads out of the file")
        step = struct.calcsize(layout)
        return struct.iter_unpack(layout, self.data[offset : offset + size // step * step])

    def is_static(self):
        """Return whether it asks for no interpreter and no shared library."""
        for kind, _, offset, _, _, size, _, _ in self.segments:
            if kind == PT_INTERP:
                return False
            if kind == PT_DYNAMIC:
                for tag, _ in self._rows("<qQ", offset, size):
                    if tag == 0:
                        break
                    if tag == DT_NEEDED:
                        return False
        return True

    def functions(self):
        """Return the names of all defined functions, or None without a symbol table."""
        for section in self.sections:
            _, kind, _, _, offset, size, link, _, _, _ = section
            if kind != SHT_SYMTAB:
                continue
            if link >= len(self.sections):
                raise Damaged("the symbol table has no names")
            start, length = self.sections[link][4:6]
            names = self.data[start : start + length]
            found = set()
            for name, info, _, home, _, _ in self._rows("<IBBHQQ", offset, size):
                if info & 15 in (STT_FUNC, STT_GNU_IFUNC) and home and name < len(names):
                    found.add(names[name : names.index(b"\0", name)].decode("utf-8", "replace"))
            return found
        return None

    def contents(self):
        """Yield the file, and the content of compressed sections."""
        yield self.data
        for _, kind, flags, _, offset, size, *_ in self.sections:
            if kind == SHT_NOBITS or not flags & SHF_COMPRESSED:
                continue
            (compression,) = self._read("<I", offset)
            if compression != COMPRESSION_ZLIB:
                raise Damaged("a section is compressed, but not with zlib")
            try:
                yield zlib.decompress(self.data[offset + 24 : offset + size])
            except zlib.error as error:
                raise Damaged("a compressed section is damaged") from error


def matching(names, glob):
    """Return the sorted names that a glob matches, with or without a compiler's suffix."""
    pattern = re.compile(translate(glob))
    return sorted(n for n in names if pattern.match(n) or pattern.match(n.partition(".")[0] or n))


def checks(elf, options):
    """Yield (name, ok, detail) for everything that the options ask."""
    if options.machine:
        wanted = MACHINES[options.machine]
        yield "machine", elf.machine == wanted, f"{elf.machine}, wanted {wanted}"
    if options.static:
        static = elf.is_static()
        yield "static", static, "yes" if static else "it asks for a dynamic linker or library"
    if options.required or options.forbidden:
        names = elf.functions()
        stripped = names is None
        yield "symbols", not stripped, "no .symtab" if stripped else f"{len(names)} functions"
        for glob in options.required:
            found = matching(names or (), glob)
            yield "required " + glob, bool(found), ", ".join(found[:3]) or "none"
        for glob in options.forbidden:
            found = matching(names or (), glob)
            yield "forbidden " + glob, not found and not stripped, ", ".join(found[:3]) or "none"
    if options.forbidden_string:
        contents = list(elf.contents())
        for text in options.forbidden_string:
            inside = any(text.encode() in content for content in contents)
            yield "forbidden string " + text, not inside, "found" if inside else "none"


def main(argv=None):
    """Run the checks, print them, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--machine", choices=sorted(MACHINES))
    parser.add_argument("--static", action="store_true")
    for option in ("--required", "--forbidden", "--forbidden-string"):
        parser.add_argument(option, action="append", default=[])
    options = parser.parse_args(argv)
    try:
        with open(options.binary, "rb") as file:
            elf = Elf(file.read())
        results = list(checks(elf, options))
    except (OSError, Damaged, ValueError) as error:
        print(f"{options.binary}: {error}", file=sys.stderr)
        return 2
    for name, ok, detail in results:
        print("ok  " if ok else "FAIL", f"{name}: {detail}")
    return 0 if results and all(ok for _, ok, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
