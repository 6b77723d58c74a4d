"""Hostile archives: each refused, its member named, nothing written outside."""

from __future__ import annotations

import gzip
import io
import re
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from xnnkit.archives.members import Limits
from xnnkit.archives.unpack import unpack
from xnnkit.errors import Finding

LIMITS = Limits(members=50, total=1 << 20, ratio_floor=1 << 20)


def tar(*members: tuple[str, dict[str, Any]]) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as out:
        for name, facts in members:
            info = tarfile.TarInfo(name)
            data = facts.pop("data", b"")
            info.size = len(data)
            for key, value in facts.items():
                setattr(info, key, value)
            out.addfile(info, io.BytesIO(data))
    return "tar.gz", buffer.getvalue()


def zipped(*members: tuple[str, int, bytes]) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, mode, data in members:
            info = zipfile.ZipInfo("x")
            info.filename = name  # the constructor would repair it
            info.create_system = 3
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, data)
    return "zip", buffer.getvalue()


def bomb_header() -> tuple[str, bytes]:
    """A tar whose extended header alone is 64 MiB."""
    info = tarfile.TarInfo("././@PaxHeader")
    info.type = tarfile.XHDTYPE
    info.size = 64 << 20
    return "tar.gz", gzip.compress(info.tobuf() + bytes(64 << 20), 1)


FILE = stat.S_IFREG | 0o644
LINK = stat.S_IFLNK | 0o777
SYM = {"type": tarfile.SYMTYPE}

HOSTILE: dict[str, tuple[tuple[str, bytes], str, str]] = {
    "traversal": (tar(("../evil", {})), r"climbs out", "../evil"),
    "traversal in a zip": (zipped(("a/../../evil", FILE, b"")), r"climbs out", "evil"),
    "absolute": (tar(("/tmp/evil", {})), "absolute path", "/tmp/evil"),
    "absolute in a zip": (zipped(("/evil", FILE, b"")), "absolute path", "/evil"),
    "windows": (zipped(("C:/evil", FILE, b"")), "absolute path", "C:/evil"),
    "backslash": (zipped(("a\\..\\evil", FILE, b"")), "backslash", "evil"),
    "symlink out": (tar(("d/l", {**SYM, "linkname": "../../etc"})), "leads out", "d/l"),
    "symlink out of a zip": (zipped(("l", LINK, b"../etc")), "leads out", "l"),
    "symlink absolute": (tar(("l", {**SYM, "linkname": "/etc/passwd"})), "leads out", "l"),
    "symlink out by a chain": (
        tar(
            ("d/up", {**SYM, "linkname": ".."}),
            ("d/up2", {**SYM, "linkname": "up/.."}),
        ),
        "leads out",
        "d/up2",
    ),
    "written through a symlink": (
        tar(("l", {**SYM, "linkname": "d"}), ("l/evil", {"data": b"x"})),
        "lies below",
        "l/evil",
    ),
    "hard link to itself": (
        tar(("h", {"type": tarfile.LNKTYPE, "linkname": "h"})),
        "no earlier file",
        "h",
    ),
    "set-group-id folder": (tar(("d", {"type": tarfile.DIRTYPE, "mode": 0o2755})), "set-", "d"),
    "symlinks in a ring": (
        tar(("a", {**SYM, "linkname": "b/x"}), ("b", {**SYM, "linkname": "a/y"})),
        "ring",
        "a",
    ),
    "hard link out": (
        tar(("h", {"type": tarfile.LNKTYPE, "linkname": "../../etc/passwd"})),
        "hard link",
        "h",
    ),
    "hard link to nothing": (
        tar(("h", {"type": tarfile.LNKTYPE, "linkname": "etc"})),
        "no earlier file",
        "h",
    ),
    "character device": (tar(("null", {"type": tarfile.CHRTYPE})), "character device", "null"),
    "block device": (tar(("sda", {"type": tarfile.BLKTYPE})), "block device", "sda"),
    "fifo": (tar(("pipe", {"type": tarfile.FIFOTYPE})), "fifo", "pipe"),
    "socket in a zip": (zipped(("s", stat.S_IFSOCK | 0o644, b"")), "socket", "s"),
    "set-user-id": (tar(("su", {"mode": 0o4755})), "set-user-id", "su"),
    "set-group-id in a zip": (zipped(("sg", stat.S_IFREG | 0o2755, b"")), "set-group-id", "sg"),
    "bomb by size": (tar(("zeros", {"data": bytes(3 << 20)})), "bomb|more than 1,048,576", ""),
    "bomb by size in a zip": (zipped(("zeros", FILE, bytes(3 << 20))), "more than", ""),
    "bomb in a header": (bomb_header(), "larger than a mebibyte", ""),
    "bomb by count": (tar(*((f"f{i}", {}) for i in range(60))), "more than 50 members", "f50"),
    "duplicate": (tar(("a", {}), ("a", {})), "same name", "a"),
    "duplicate in a zip": (zipped(("a", FILE, b"1"), ("./a", FILE, b"2")), "same name", "./a"),
    "file and folder": (tar(("a", {}), ("a/b", {})), "lies below", "a/b"),
    "case clash": (tar(("README", {}), ("readme", {})), "upper and lower", "readme"),
    "case clash of folders": (tar(("Src/a", {}), ("src/b", {})), "upper and lower", "src/b"),
    "NUL in a name": (zipped(("a\0b", FILE, b"")), "NUL", "a"),
    "NUL in a pax name": (tar(("x", {"pax_headers": {"path": "a\0b"}})), "NUL", "a"),
    "deep": (tar(("/".join("d" * 60), {})), "deeper", "d/d"),
    "long name": (tar(("n" * 300, {})), "too long", "nnn"),
    "sparse file": (tar(("s", {"type": tarfile.GNUTYPE_SPARSE})), "sparse|no sound", ""),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", HOSTILE, ids=str)
def test_refused_by_name(case: str, tmp_path: Path) -> None:
    (fmt, data), reason, member = HOSTILE[case]
    blob = tmp_path / f"evil.{fmt}"
    blob.write_bytes(data)
    target = tmp_path / "in" / "t"
    with pytest.raises(Finding) as caught:
        unpack(blob, fmt, target, strip_prefix="", limits=LIMITS)  # type: ignore[arg-type]
    assert str(blob) in caught.value.what, "the archive must be named"
    # The file's own path holds the case's name, and so could match by itself.
    assert re.search(reason, caught.value.what.replace(str(blob), "")), caught.value.what
    assert member in caught.value.where.replace("\\x00", "\0"), "the member must be named"
    assert [p.name for p in target.parent.iterdir()] == ["t"], "nothing may appear beside it"
    written = sum(p.stat().st_size for p in target.rglob("*") if p.is_file())
    assert written <= 2 << 20, "it must stop soon"


def test_a_bomb_by_ratio(tmp_path: Path) -> None:
    blob = tmp_path / "ratio.tar.gz"
    blob.write_bytes(tar(("zeros", {"data": bytes(8 << 20)}))[1])
    limits = Limits(ratio=100, ratio_floor=1 << 16)
    assert blob.stat().st_size * 100 < 8 << 20
    with pytest.raises(Finding, match="unpacks to more than"):
        unpack(blob, "tar.gz", tmp_path / "t", strip_prefix="", limits=limits)


def test_a_bomb_beside_the_wanted_folder(tmp_path: Path) -> None:
    blob = tmp_path / "beside.tar.gz"
    blob.write_bytes(tar(("zeros", {"data": bytes(8 << 20)}), ("p/a", {}))[1])
    with pytest.raises(Finding, match="unpacks to more than"):
        unpack(blob, "tar.gz", tmp_path / "t", strip_prefix="p", limits=LIMITS)


def test_no_member_is_written_under_a_stripped_link(tmp_path: Path) -> None:
    """A link that is in the archive but leads out of the stripped folder leads out too."""
    fmt, data = tar(("p/l", {**SYM, "linkname": "../other"}), ("other", {}))
    blob = tmp_path / "a.tar.gz"
    blob.write_bytes(data)
    with pytest.raises(Finding, match="leads out"):
        unpack(blob, fmt, tmp_path / "t", strip_prefix="p")  # type: ignore[arg-type]
