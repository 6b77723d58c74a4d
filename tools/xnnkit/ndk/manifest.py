"""Google's list of SDK packages: the size and SHA-1 of an archive, read strictly.

The file comes from the network, so nothing of XML is allowed that the list does not need: no
document type, hence no entities, and a bounded size and depth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from xnnkit.errors import BadEnvironment, BadInput

MAX_BYTES = 64 << 20
_MAX_DEPTH = 64
_MAX_FACT = 4096


@dataclass(frozen=True)
class Published:
    """What Google says of a file."""

    size: int
    """Bytes."""
    sha1: str


@dataclass
class _Reader:
    """Collects the three facts of every ``complete`` archive, whatever stands around them."""

    path: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    found: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name.rsplit(":", 1)[-1])
        if len(self.path) > _MAX_DEPTH:
            raise ValueError("elements are nested too deeply")
        if self.path[-1] == "complete":
            self.facts, self.kind = {}, ""
        if self.path[-2:] == ["complete", "checksum"]:
            self.kind = attributes.get("type", "sha1")

    def text(self, data: str) -> None:
        if len(self.path) > 1 and self.path[-2] == "complete":
            name = self.path[-1]
            self.facts[name] = self.facts.get(name, "") + data
            if len(self.facts[name]) > _MAX_FACT:
                raise ValueError(f"<{name[:40]}> is too long")

    def end(self, name: str) -> None:
        if self.path.pop() == "complete":
            self.found.append((self.facts, self.kind))


def _refuse(*_: Any) -> None:
    raise ValueError("it has a document type or an entity, which Google's list has not")


def find(text: bytes, filename: str, where: str) -> Published:
    """Return size and SHA-1 of the archive ``filename`` in a list of SDK packages.

    Args:
        text: the XML file.
        filename: as in ``android-ndk-r26d-linux.zip``.
        where: the list's address, for the message.

    Raises:
        BadEnvironment: it is no such list, or contradicts itself.
        BadInput: it does not have the archive.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError) as error:
        raise BadEnvironment(
            "Google's list of packages cannot be read", where=where, why=str(error)
        ) from error
    entries = {
        _published(facts, kind, where)
        for facts, kind in reader.found
        if facts.get("url", "").strip().rsplit("/", 1)[-1] == filename
    }
    if not entries:
        raise BadInput(
            f"Google's list of packages has no {filename}",
            where=where,
            why="a release that Google withdrew, or has not published yet, is not in it",
            fix="xnnkit lock ndk VERSION --sha1 HEX --size BYTES   (from the release's own page)",
        )
    if len(entries) > 1:
        raise BadEnvironment(
            f"Google's list says two things of {filename}",
            where=where,
            why="; ".join(sorted(f"{e.size} bytes, SHA-1 {e.sha1}" for e in entries)),
        )
    return entries.pop()


def _published(facts: dict[str, str], kind: str, where: str) -> Published:
    size, sha1 = facts.get("size", "").strip(), facts.get("checksum", "").strip().lower()
    if (
        kind != "sha1"
        or not re.fullmatch(r"[0-9]{1,15}", size)
        or not re.fullmatch(r"[0-9a-f]{40}", sha1)
    ):
        raise BadEnvironment(
            "Google's list gives no size and SHA-1",
            where=where,
            why=f"size {size!r}, {kind or 'no'} checksum {sha1!r}",
        )
    return Published(int(size), sha1)
