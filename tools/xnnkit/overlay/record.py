"""What an overlay wrote and what was there before, kept in git's folder of the checkout."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from xnnkit import untrusted, whole
from xnnkit.errors import BadInput, typed
from xnnkit.overlay.checkout import Checkout
from xnnkit.profile.compiler import API_LEVELS, RELEASE, Compiler
from xnnkit.profile.model import GitId, Name

SCHEMA_VERSION = 1
ABSENT = ""
"""The sha256 of a file that is not there."""


def _checked_path(path: str) -> str:
    if not untrusted.inside(path) or path.split("/")[0].lower() == ".git":
        raise ValueError(f"{path!r} lies outside of the checkout")
    return path


def _checked_compiler(compiler: Compiler) -> Compiler:
    """Refuse what `choose` never makes; whoever uses the record accepts a licence themselves."""
    ndk = compiler.name == "ndk"
    for fine in (
        bool(compiler.version or compiler.path) == ndk,
        not compiler.version or RELEASE.fullmatch(compiler.version),
        not compiler.path or (os.path.isabs(compiler.path) and compiler.path.isprintable()),
        compiler.api_level in API_LEVELS,
        compiler.revision.isprintable(),
    ):
        if not fine:
            raise ValueError("a compiler that no command line asks for")
    return replace(compiler, licence_accepted=False)


_STRICT = ConfigDict(extra="forbid")
Digest = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
FilePath = Annotated[str, AfterValidator(_checked_path)]


@dataclass(frozen=True)
class Before:
    """A file as it was: its bytes' sha256 (``ABSENT``), permission bits and time."""

    __pydantic_config__ = _STRICT

    sha256: Digest = ABSENT
    mode: Annotated[int, Field(ge=0, le=0o7777)] = 0
    mtime_ns: Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)] = 0


@dataclass(frozen=True)
class Entry:
    """One file that the overlay is about.

    Attributes:
        before: as it was.
        ours: sha256 of what was written; first the latest, then what an earlier or an interrupted
            run may have left. For a block: of the block alone.
        block: only a marked block of the file is ours.
    """

    __pydantic_config__ = _STRICT

    before: Before
    ours: tuple[Digest, ...]
    block: bool = False


@dataclass(frozen=True)
class Record:
    """One overlay: what it is of, and its files."""

    __pydantic_config__ = _STRICT

    xnnkit: str
    profile: Name
    flavour: Name
    compiler: Annotated[Compiler, AfterValidator(_checked_compiler)]
    commit: GitId
    entries: dict[FilePath, Entry] = field(default_factory=dict)
    finished: bool = False

    @property
    def words(self) -> str:
        """What it is of, for messages."""
        return f"{self.profile}, flavour {self.flavour}, toolchain {self.compiler.name}"


def folder(checkout: Checkout) -> Path:
    """Return where the record of a checkout is, or would be."""
    return checkout.git_dir / "xnnkit-overlay"


def load(checkout: Checkout) -> Record | None:
    """Return the record of the overlay that is there, None when there is none.

    Raises:
        BadInput: it is damaged, or of another schema.
    """
    file = folder(checkout) / "record.json"
    try:
        data = untrusted.load(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _damaged(file, str(error)) from None
    version = data.pop("schema_version", None) if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise _damaged(file, f"this xnnkit reads schema version {SCHEMA_VERSION}")
    try:
        # From JSON, where a strict reader takes an array for a tuple.
        return TypeAdapter(Record).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise _damaged(file, f"{key}: {first['msg']}") from None


def _damaged(file: Path, why: str) -> BadInput:
    return BadInput(
        "the record of the overlay cannot be read",
        where=str(file),
        why=why,
        fix="git stash --include-untracked  # keeps every change, yours and the overlay's\n"
        f"rm -r {typed(file.parent)}",
    )


def save(checkout: Checkout, record: Record) -> None:
    """Write the record, by atomic rename."""
    data = {"schema_version": SCHEMA_VERSION, **asdict(record)}
    write_file(
        folder(checkout) / "record.json", (json.dumps(data, indent=1) + "\n").encode(), 0o644
    )


def keep(checkout: Checkout, data: bytes) -> None:
    """Keep the bytes of a file that is about to be replaced."""
    file = folder(checkout) / "original" / sha256(data)
    if not file.is_file():
        write_file(file, data, 0o644)


def kept(checkout: Checkout, digest: str) -> bytes:
    """Return bytes that ``keep`` was given.

    Raises:
        BadInput: they are gone, or no longer the same.
    """
    file = folder(checkout) / "original" / digest
    data = file.read_bytes() if file.is_file() else b""
    if sha256(data) != digest:
        raise BadInput(
            "the kept original of a file is damaged",
            where=str(file),
            fix="git checkout -- .  # restores the files that git tracks",
        )
    return data


def forget(checkout: Checkout) -> None:
    """Remove the record and the originals; the record goes first."""
    (folder(checkout) / "record.json").unlink(missing_ok=True)
    shutil.rmtree(folder(checkout), ignore_errors=True)


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def before(path: Path) -> Before:
    """Return what a file is now.

    Raises:
        BadInput: it is there and no plain file.
    """
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Before()
    if not stat.S_ISREG(status.st_mode):
        raise BadInput("not a plain file", where=str(path), why="xnnkit would have to write to it")
    return Before(sha256(path.read_bytes()), stat.S_IMODE(status.st_mode), status.st_mtime_ns)


def write_file(path: Path, data: bytes, mode: int, mtime_ns: int = 0) -> None:
    """Write a file by atomic rename; folders are made as needed.

    Args:
        path: the file.
        data: its bytes.
        mode: its permission bits.
        mtime_ns: its time, in nanoseconds since 1970; 0 for now.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.write(path, data, mode=mode, mtime_ns=mtime_ns)
