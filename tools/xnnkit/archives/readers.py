"""Readers of zip, tar and deb that yield `Member`s, and never trust a size they are told."""

from __future__ import annotations

import gzip
import io
import lzma
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from xnnkit.archives.members import Kind, Member, refuse
from xnnkit.errors import BadEnvironment

MAX_HEADER = 1 << 20
"""A header longer than this (tar's extended headers have no bound of their own) is refused."""

MAX_DIRECTORY = 32 << 20
"""The list of members at a zip's end is read as a whole: a longer one is refused, in bytes."""

MAX_DICTIONARY = 256 << 20
"""Memory that unpacking xz may take, in bytes; ``xz -9`` needs a quarter of it."""

_DIGITS = re.compile(rb"[0-9]{300}")
# No name and no number is that long; older tarfiles search such a header for hours.

BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    UnicodeError,
    ValueError,
    RuntimeError,
)
"""What the libraries raise when a file is not what its name says, or is cut off or encrypted."""

_TAR_KINDS: dict[bytes, str] = {
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a fifo",
    tarfile.CONTTYPE: "of an obsolete kind",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}

_ZIP_KINDS: dict[int, str] = {
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFIFO: "a fifo",
    stat.S_IFSOCK: "a socket",
}


class Bounded(io.RawIOBase):
    """A forward-only view of a decompressed stream that refuses to give more than a bound.

    Args:
        stream: what to read from.
        allowance: bytes it may give at most.
        archive: the file's name, for the refusal.
    """

    def __init__(self, stream: BinaryIO, allowance: int, archive: str) -> None:
        self._stream = stream
        self._allowance = allowance
        self._archive = archive
        self._at = 0
        self.in_header = False
        """What is read now is no member's content."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or size > MAX_HEADER:
            refuse(self._archive, "", "one of its headers is larger than a mebibyte", _BOMB)
        pieces: list[bytes] = []
        while size and (piece := self._stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
            self._at += len(piece)
        if self._at > self._allowance:
            too_much(self._archive, self._allowance)
        data = b"".join(pieces)
        if self.in_header and _DIGITS.search(data):
            refuse(self._archive, "", "one of its headers is nothing but digits", _BOMB)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence != io.SEEK_SET or offset < self._at:
            raise tarfile.ReadError("seeking back in a stream")
        while self._at < offset and self.read(min(offset - self._at, MAX_HEADER)):
            pass
        return self._at


_BOMB = "it would fill the disk or the memory: a bomb"


def too_much(archive: str, allowance: int) -> None:
    """Refuse an archive that unpacks to more than ``allowance`` bytes."""
    refuse(archive, "", f"it unpacks to more than {allowance:,} bytes", _BOMB)


def zip_members(file: BinaryIO) -> Iterator[Member]:
    """Yield the members of a zip file (a wheel is one), with exec bits and symlinks.

    Python's zipfile drops both; they stand in the upper half of the external attributes.
    """
    with zipfile.ZipFile(_Sips(file)) as archive:
        for info in archive.infolist():
            unix = info.external_attr >> 16 if info.create_system == 3 else 0
            name = info.orig_filename
            if info.flag_bits & 1:
                yield Member(name, "special", 0, 0, what="encrypted")
                continue
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # zipfile unpacks bzip2 and LZMA in pieces of any size: a bomb fills the memory.
                yield Member(name, "special", 0, 0, what="compressed otherwise than by deflate")
                continue
            yield _zip_member(archive, info, name, unix)


class _Sips(io.RawIOBase):
    """A file that gives a piece of it only: zipfile would read any list of members as a whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_SET and offset < 0:
            raise zipfile.BadZipFile("a member lies before the file")
        return self._file.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise zipfile.BadZipFile(f"its list of members is longer than {MAX_DIRECTORY:,} bytes")
        return self._file.read(MAX_DIRECTORY if size is None or size < 0 else size)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, unix: int) -> Member:
    form = stat.S_IFMT(unix)
    mode = stat.S_IMODE(unix)
    if form == stat.S_IFLNK:
        if info.file_size > 4096:
            return Member(name, "special", 0, 0, what="a symlink with a target of over 4096 bytes")
        with archive.open(info) as stream:
            target = stream.read(4096).decode("utf-8", "surrogateescape")
        return Member(name, "symlink", 0o777, 0, target=target)
    if form in _ZIP_KINDS:
        return Member(name, "special", mode, 0, what=_ZIP_KINDS[form])
    if form == stat.S_IFDIR or name.endswith("/"):
        return Member(name.rstrip("/") if name != "/" else name, "directory", mode, 0)

    def opener() -> BinaryIO:
        return archive.open(info)  # type: ignore[return-value]

    return Member(name, "file", mode or 0o644, info.file_size, open=opener)


def tar_members(stream: BinaryIO, allowance: int, archive: str) -> Iterator[Member]:
    """Yield the members of a decompressed tar stream; each must be read before the next.

    Args:
        stream: the tar's bytes.
        allowance: bytes it may hold at most, headers included.
        archive: the file's name, for refusals.
    """
    bounded = Bounded(stream, allowance, archive)
    bounded.in_header = True  # tarfile reads the first header when it opens the file
    with tarfile.open(
        fileobj=bounded, mode="r:", encoding="utf-8", errors="surrogateescape"
    ) as tar:
        while True:
            bounded.in_header = True
            info = tar.next()
            bounded.in_header = False
            if info is None:
                return
            yield _tar_member(tar, info)
            tar.members = []  # type: ignore[attr-defined]  # tarfile keeps every header otherwise


def _tar_member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    kind: Kind = "special"
    what = _TAR_KINDS.get(info.type, f"of the unknown kind {info.type!r}")
    if info.issparse():
        what = "a sparse file"
    elif info.isreg() and info.type != tarfile.CONTTYPE:
        kind = "file"
    elif info.isdir():
        kind = "directory"
    elif info.issym():
        kind = "symlink"
    elif info.islnk():
        kind = "hardlink"

    def opener() -> BinaryIO:
        content = tar.extractfile(info)
        assert content is not None
        return content  # type: ignore[return-value]

    return Member(
        info.name,
        kind,
        info.mode & 0o7777,
        info.size,
        target=info.linkname,
        what=what,
        open=opener,
    )


@contextmanager
def decompressed(file: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    """Give the decompressed stream of ``file``.

    Args:
        file: the compressed bytes.
        suffix: ``gz``, ``xz``, ``zst`` or "" for none.

    Raises:
        BadEnvironment: it is zstd and this machine has no zstd.
    """
    if suffix == "gz":
        with gzip.GzipFile(fileobj=file) as opened:
            yield opened  # type: ignore[misc]
    elif suffix == "xz":
        with io.BufferedReader(_Xz(file), MAX_HEADER) as opened_xz:  # type: ignore[type-var]
            yield opened_xz
    elif suffix == "zst":
        with _zstd(file) as opened_zst:
            yield opened_zst
    else:
        yield file


class _Xz(io.RawIOBase):
    """The content of an xz file, one stream or several, in a bounded amount of memory.

    Python's own reader takes whatever memory the file asks for, up to four gibibytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = self._new()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while True:
            if self._decoder.eof:
                rest = self._decoder.unused_data or self._file.read(MAX_HEADER)
                rest = rest.lstrip(b"\0")  # the padding between streams
                if not rest and not (rest := self._file.read(MAX_HEADER).lstrip(b"\0")):
                    return 0
                self._decoder = self._new()
            elif self._decoder.needs_input:
                rest = self._file.read(1 << 16)
                if not rest:
                    raise EOFError("the compressed data ends before its end")
            else:
                rest = b""
            data = self._decoder.decompress(rest, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_DICTIONARY)


@contextmanager
def _zstd(file: BinaryIO) -> Iterator[BinaryIO]:
    if not shutil.which("zstd"):
        raise BadEnvironment(
            "zstd is needed to unpack this Debian package", fix="apt-get install zstd"
        )
    import tempfile

    with tempfile.TemporaryFile() as packed:
        shutil.copyfileobj(file, packed)
        packed.seek(0)
        process = subprocess.Popen(["zstd", "-dcq"], stdin=packed, stdout=subprocess.PIPE)
        assert process.stdout is not None
        try:
            yield process.stdout  # type: ignore[misc]
        finally:
            process.stdout.close()
            process.kill()
            process.wait()


AR_MAGIC = b"!<arch>\n"
AR_HEADER = 60


def deb_data(file: BinaryIO, archive: str) -> tuple[BinaryIO, str]:
    """Return the ``data.tar.*`` of a Debian package as a stream of its own, and its suffix.

    Raises:
        Finding: the file is no Debian package.
    """
    if file.read(len(AR_MAGIC)) != AR_MAGIC:
        refuse(archive, "", "it is no Debian package", "its first bytes are not those of ar")
    while header := file.read(AR_HEADER):
        name = header[:16].decode("ascii", "replace").rstrip().rstrip("/")
        digits = header[48:58].strip()
        if (
            len(header) != AR_HEADER
            or header[58:] != b"`\n"
            or not re.fullmatch(rb"[0-9]+", digits)
        ):
            refuse(archive, name, "its ar headers are damaged")
        size = int(digits)
        if name.startswith("data.tar"):
            window: BinaryIO = _Window(file, size)  # type: ignore[assignment]
            return window, name.removeprefix("data.tar").lstrip(".")
        file.seek(size + size % 2, io.SEEK_CUR)
    refuse(archive, "", "it has no data.tar", "every Debian package has one")


class _Window(io.RawIOBase):
    """The next ``size`` bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._file.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)
