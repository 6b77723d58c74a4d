"""Archives that aim at the memory, the clock or the reader's terminal."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from xnnkit.archives import readers
from xnnkit.archives.members import Gate, Limits, Member
from xnnkit.archives.unpack import unpack
from xnnkit.errors import Finding


def refused(tmp_path: Path, data: bytes, fmt: str, match: str) -> None:
    blob = tmp_path / f"evil.{fmt}"
    blob.write_bytes(data)
    began = time.process_time()
    with pytest.raises(Finding, match=match):
        unpack(blob, fmt, tmp_path / "t", strip_prefix="")  # type: ignore[arg-type]
    assert time.process_time() - began < 5, "refusing must be quick"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_compressed_in_pieces_of_any_size(tmp_path: Path, method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as out:
        out.writestr("zeros", bytes(1 << 20))
    refused(tmp_path, buffer.getvalue(), "zip", "otherwise than by deflate")


def test_a_zip_with_an_endless_list_of_members(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MAX_DIRECTORY", 10_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for i in range(300):
            out.writestr(f"f{i}", b"")
    refused(tmp_path, buffer.getvalue(), "zip", "list of members is longer")


def test_an_xz_that_asks_for_all_memory(tmp_path: Path) -> None:
    hungry = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}]
    data = bytearray(lzma.compress(b"x" * 100, lzma.FORMAT_XZ, filters=hungry))
    # The dictionary's size is one byte of the block's header, which ends in its own checksum.
    at = 12
    size = (data[at] + 1) * 4
    assert data[at + 2 : at + 4] == b"\x21\x01", "the filter's flags are elsewhere in this xz"
    data[at + 4] = 40  # 4 GiB - 1
    body = bytes(data[at : at + size - 4])
    data[at + size - 4 : at + size] = struct.pack("<I", readers.zlib.crc32(body))
    refused(tmp_path, bytes(data), "tar.xz", "Memory usage limit")


def test_xz_of_several_streams_is_read_whole() -> None:
    pieces = lzma.compress(b"one ") + bytes(8) + lzma.compress(b"two")
    with readers.decompressed(io.BytesIO(pieces), "xz") as stream:
        assert stream.read() == b"one two"


def test_an_xz_that_is_cut() -> None:
    with (
        pytest.raises(EOFError),
        readers.decompressed(io.BytesIO(lzma.compress(bytes(1 << 20))[:-30]), "xz") as stream,
    ):
        stream.read()


def test_a_header_of_digits_is_not_searched_for_hours(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type = tarfile.XHDTYPE
    info.size = 1 << 19
    data = info.tobuf() + b"1" * (1 << 19)
    refused(tmp_path, lzma.compress(data), "tar.xz", "nothing but digits")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb", "a\rb", "a\x7fb"])
def test_control_characters_in_a_name(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr(name, b"")
    refused(tmp_path, buffer.getvalue(), "zip", "control character")


def test_symlinks_that_lead_on_and_on() -> None:
    gate = Gate("evil", Limits(), "")
    long = "/".join(["."] * 900)
    for i in range(3000):
        onward = f"{long}/l{i + 1}" if i % 30 else "end"
        gate.admit(Member(f"l{i}", "symlink", 0o777, 0, target=onward))
    began = time.process_time()
    with pytest.raises(Finding, match="on and on"):
        gate.finish()
    assert time.process_time() - began < 5


def test_a_symlink_with_a_long_target() -> None:
    gate = Gate("evil", Limits(), "")
    with pytest.raises(Finding, match="too long"):
        gate.admit(Member("l", "symlink", 0o777, 0, target="a/" * 2000))


def test_a_zip_whose_members_lie_before_the_file(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("a", b"x")
    data = bytearray(buffer.getvalue())
    # Where the list of members is said to begin; what lies before it moves along.
    at = len(data) - 6
    (begin,) = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, begin + 5000)
    refused(tmp_path, bytes(data), "zip", "lies before the file")
