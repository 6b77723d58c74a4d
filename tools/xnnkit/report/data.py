"""What was measured, inside the page: every file that was read, byte for byte, as a ZIP archive.

The archive is the target of an ordinary link (a ``data:`` address), so a browser saves it without
any script, and the page can forbid scripts altogether. What was found stands beside it as JSON.
Both are read back by ``extract``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any

from xnnkit.bench.readers import file as content
from xnnkit.errors import BadEnvironment, BadInput, Finding
from xnnkit.report.visible import visible

JSON_ID = "xnnkit-report"
"""Of the element that holds the JSON."""

ZIP_ID = "xnnkit-files"
"""Of the link that holds the archive."""

FILES = "runs"
"""The folder of extracted files."""

PREFIX = "data:application/zip;base64,"

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same archive whenever it is made
_LARGEST = 1 << 31


@dataclass(frozen=True)
class Kept:
    """A file that was read.

    Attributes:
        name: in the archive.
        label: what the command line said of it, ``DEVICE/MODEL/FLAVOUR``; "" for nothing.
        content: of it.
        path: where it was read.
    """

    name: str
    label: str
    content: bytes = field(repr=False)
    path: Path = Path()

    @classmethod
    def read(cls, path: Path, name: str, label: str) -> Kept:
        """Read a file.

        Raises:
            BadInput: it cannot be read.
        """
        return cls(name, label, content.load(path), path)

    def to_json(self) -> dict[str, Any]:
        """Return what is said of it, without its content."""
        return {
            "name": self.name,
            "label": self.label,
            "size": len(self.content),
            "sha256": hashlib.sha256(self.content).hexdigest(),
        }


def link(files: Sequence[Kept]) -> str:
    """Return the address of a link that is the archive of all files; the same for the same ones."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for one in files:
            entry = zipfile.ZipInfo(one.name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, one.content)
    return PREFIX + base64.b64encode(buffer.getvalue()).decode("ascii")


def script(data: dict[str, Any]) -> str:
    """Return JSON that can stand in a ``script`` element, whatever is in it.

    Neither ``<`` nor ``&`` is left, so no name can end the element or begin another one; JSON's own
    escapes stand for them.
    """
    text = json.dumps(_finite(data), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _finite(value: Any) -> Any:
    """Return data with null for what JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value


@dataclass(frozen=True)
class Content:
    """What a page holds.

    Attributes:
        data: its JSON.
        files: everything that was read for it.
    """

    data: dict[str, Any]
    files: tuple[Kept, ...]


def load(path: Path) -> Content:
    """Read a report's page.

    Raises:
        BadInput: it cannot be read, or is no report.
        Finding: a file in it is not what its sha256 says.
    """
    reader = _Page()
    reader.feed(content.load(path).decode("utf-8", errors="replace"))
    reader.close()
    try:
        data = json.loads("".join(reader.json))
        labels = {one["name"]: one for one in data["files"]}
        if not reader.link.startswith(PREFIX):
            raise ValueError("no archive")
        packed = base64.b64decode(reader.link.removeprefix(PREFIX), validate=True)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                raise ValueError("larger than 2 GiB")
            found = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        binascii.Error,
        zipfile.BadZipFile,
    ) as error:
        raise BadInput(
            "no report of xnnkit", where=str(path), why=str(error) or "its data is not there"
        ) from error
    files = []
    for name, bytes_ in found.items():
        said = labels.get(name, {})
        if said.get("sha256") != hashlib.sha256(bytes_).hexdigest():
            raise Finding(
                f"the report's data is not what was written: {visible(name)}",
                where=str(path),
                why="its sha256 is another one",
            )
        files.append(Kept(name, str(said.get("label", "")), bytes_))
    if len(files) != len(labels):
        raise Finding("a file of the report's data is gone", where=str(path))
    return Content(data, tuple(files))


def extract(path: Path, folder: Path) -> list[str]:
    """Write what a report was made of into a folder, and the report's own JSON beside it.

    Args:
        path: the page.
        folder: where to; it is made as needed, and nothing in it is overwritten.

    Returns:
        The sources as ``xnnkit report`` takes them: the files, labelled where they were.

    Raises:
        BadInput: it is no report, or a name in it leads elsewhere, or a file is there already.
        BadEnvironment: it cannot be written.
        Finding: the data is not what was written.
    """
    found = load(path)
    sources = []
    for one in found.files:
        place = PurePosixPath(one.name)
        if place.is_absolute() or ".." in place.parts or "\\" in one.name or not place.parts:
            raise BadInput(
                f"a file of the report leads out of the folder: {visible(one.name)}",
                where=str(path),
            )
        target = folder.joinpath(FILES, *place.parts)
        _write(target, one.content)
        sources.append(f"{one.label}={target}" if one.label else str(target))
    _write(folder / "report.json", (json.dumps(found.data, indent=1) + "\n").encode())
    return sources


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise BadInput(
            "there is such a file already", where=str(path), fix="choose an empty folder"
        ) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadEnvironment(f"the file cannot be written: {why}", where=str(path)) from error


class _Page(HTMLParser):
    """Finds the JSON and the link in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.json: list[str] = []
        self.link = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "script":
            self._inside = said.get("id") == JSON_ID
        elif tag == "a" and said.get("id") == ZIP_ID:
            self.link = said.get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.json.append(data)
