"""What an ELF file says of itself, read with pyelftools."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xnnkit.errors import BadInput

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

ANDROID_LINKER = "/system/bin/linker64"
MACHINES = {"EM_AARCH64": "AArch64", "EM_X86_64": "x86-64", "EM_ARM": "Arm", "EM_386": "x86"}

MAX_SEGMENTS = 256
MAX_UNPACKED = 512 << 20
"""Bytes that compressed sections may hold together."""
MAX_NAME, MAX_NAMES = 1 << 16, 256 << 20
"""Bytes of one symbol's name, and of all of them: they may share their letters in the file."""

_SYMBOL = {64: "IBBHQQ", 32: "IIIBBH"}
_FUNCTIONS = (2, 10)  # STT_FUNC, STT_GNU_IFUNC


@dataclass(frozen=True, order=True)
class Function:
    """A function symbol that is defined in the file.

    Attributes:
        address: where it begins, as linked.
        size: its length in bytes; 0 when the file does not say.
        name: the symbol's name.
    """

    address: int
    size: int
    name: str


@dataclass(frozen=True)
class ElfFacts:
    """What an ELF file says of itself.

    Attributes:
        path: the file.
        size: its size in bytes.
        machine: ``AArch64``, ``x86-64``, or ELF's own name for another.
        bits: 32 or 64.
        kind: ``executable``, ``position-independent``, ``object`` or ``core``.
        interpreter: the dynamic linker it asks for, "" for none.
        needed: shared libraries it asks for.
        build_id: in hex, "" for none.
        comments: what compilers and linkers left in ``.comment``.
        has_symbols: there is a ``.symtab``; without one nothing can be said about functions.
        functions: defined functions, by address and name.
        code_address: lowest address of executable code as linked, None without any.
        hidden_sections: names of compressed sections that could not be read.
        extra: content of compressed sections, which a search in the file would miss.
    """

    path: Path
    size: int
    machine: str
    bits: int
    kind: str
    interpreter: str
    needed: tuple[str, ...]
    build_id: str
    comments: tuple[str, ...]
    has_symbols: bool
    functions: tuple[Function, ...]
    code_address: int | None
    hidden_sections: tuple[str, ...] = ()
    extra: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def linking(self) -> str:
        """How it is linked: ``static``, ``bionic``, ``dynamic`` (another libc) or ``object``."""
        if self.kind in ("object", "core"):
            return "object"
        if self.interpreter == ANDROID_LINKER:
            return "bionic"
        return "dynamic" if self.interpreter or self.needed else "static"

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all functions."""
        return frozenset(function.name for function in self.functions)

    def to_json(self) -> dict[str, Any]:
        """Return the facts, JSON-ready; of the functions only the micro-kernels."""
        from xnnkit.elf.names import kernels

        return {
            "path": str(self.path),
            "size": self.size,
            "machine": self.machine,
            "bits": self.bits,
            "kind": self.kind,
            "linking": self.linking,
            "interpreter": self.interpreter,
            "needed": list(self.needed),
            "build_id": self.build_id,
            "comments": list(self.comments),
            "has_symbols": self.has_symbols,
            "functions": len(self.functions),
            "kernels": kernels(self.names),
        }


def inspect(path: Path) -> ElfFacts:
    """Read an ELF file.

    Args:
        path: an executable, a library or an object file.

    Raises:
        BadInput: there is no such file, it is not ELF, or its tables lead nowhere.
    """
    from elftools.elf.elffile import ELFFile

    try:
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                raise BadInput(
                    "not an ELF file", where=str(path), why="it does not begin with 7f 45 4c 46"
                )
            try:
                return _facts(path, ELFFile(file))
            except OSError:
                raise
            except Exception as error:
                # pyelftools trusts what it reads: a damaged file ends in any error at all.
                raise BadInput(
                    "a damaged ELF file",
                    where=str(path),
                    why=f"{type(error).__name__}: {error}",
                    fix="build or copy it again",
                ) from error
    except OSError as error:
        raise BadInput(f"the file cannot be read: {error.strerror}", where=str(path)) from error


def _facts(path: Path, elf: ELFFile) -> ElfFacts:
    header = elf.header
    interpreter, needed, build_id = "", [], ""
    code: list[int] = []
    if elf.num_segments() > MAX_SEGMENTS:
        raise ValueError(f"it has {elf.num_segments()} segments")
    segment: Any  # pyelftools does not type what differs by kind
    for segment in elf.iter_segments():
        kind = segment["p_type"]
        if kind == "PT_LOAD" and segment["p_flags"] & 1:
            code.append(segment["p_vaddr"])
        elif kind == "PT_INTERP":
            interpreter = segment.get_interp_name()
        elif kind == "PT_DYNAMIC":
            needed += [t.needed for t in segment.iter_tags() if t.entry.d_tag == "DT_NEEDED"]
        elif kind == "PT_NOTE":
            build_id = build_id or _build_id(segment.data(), elf.little_endian)
    compressed, hidden = _compressed(elf)
    table = elf.get_section_by_name(".symtab")
    return ElfFacts(
        path=path,
        size=path.stat().st_size,
        machine=MACHINES.get(header["e_machine"], str(header["e_machine"])),
        bits=elf.elfclass,
        kind={"ET_EXEC": "executable", "ET_DYN": "position-independent", "ET_REL": "object"}.get(
            header["e_type"], "core"
        ),
        interpreter=interpreter,
        needed=tuple(needed),
        build_id=build_id,
        comments=_comments(elf),
        has_symbols=table is not None and table["sh_type"] == "SHT_SYMTAB",
        functions=tuple(sorted(_functions(elf, table))) if table is not None else (),
        code_address=min(code, default=None),
        hidden_sections=tuple(hidden),
        extra=tuple(compressed),
    )


def _build_id(notes: bytes, little: bool) -> str:
    """Return the GNU build id among a segment's notes, in hex."""
    words = "<III" if little else ">III"
    at = 0
    while at + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from(words, notes, at)
        name = notes[at + 12 : at + 12 + name_size]
        begin = at + 12 + (name_size + 3) // 4 * 4
        if kind == 3 and name == b"GNU\0":
            return notes[begin : begin + size].hex()
        at = begin + (size + 3) // 4 * 4
    return ""


def _comments(elf: ELFFile) -> tuple[str, ...]:
    section = elf.get_section_by_name(".comment")
    if section is None or section["sh_type"] == "SHT_NOBITS":
        return ()
    texts = section.data().split(b"\0")
    return tuple(dict.fromkeys(t.decode("utf-8", "replace") for t in texts if t))


def _compressed(elf: ELFFile) -> tuple[list[bytes], list[str]]:
    """Return the content of compressed sections, and the names of those that resist."""
    found: list[bytes] = []
    hidden: list[str] = []
    total = 0
    for section in elf.iter_sections():
        if not section.compressed:
            continue
        size = section.data_size
        total += size
        if total > MAX_UNPACKED:
            raise ValueError(f"its compressed sections hold more than {MAX_UNPACKED:,} bytes")
        try:
            found.append(section.data())
        except Exception:  # another compression than zlib, or damaged
            hidden.append(section.name)
    return found, hidden


def _functions(elf: ELFFile, table: Any) -> Iterator[Function]:
    """Yield the defined functions of a symbol table; faster than pyelftools' own objects."""
    data = table.data()
    names = elf.get_section(table["sh_link"]).data()
    layout = ("<" if elf.little_endian else ">") + _SYMBOL[elf.elfclass]
    step = struct.calcsize(layout)
    total = 0
    for row in struct.iter_unpack(layout, data[: len(data) // step * step]):
        if elf.elfclass == 64:
            name, info, _, section, address, size = row
        else:
            name, address, size, info, _, section = row
        if info & 15 in _FUNCTIONS and section and name < len(names):
            end = names.index(b"\0", name)
            total += end - name
            if end - name > MAX_NAME or total > MAX_NAMES:
                raise ValueError("the names of its symbols are too long")
            yield Function(address, size, names[name:end].decode("utf-8", "replace"))
