"""Unpacking what is good: every format gives the same tree."""

from __future__ import annotations

import io
import lzma
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from xnnkit.archives import tree
from xnnkit.archives.unpack import Limits, unpack
from xnnkit.errors import BadInput, Finding


def put(folder: Path, name: str, data: bytes) -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def ar(members: dict[str, bytes]) -> bytes:
    """Return an ar file, as Debian packages are."""
    out = b"!<arch>\n"
    for name, data in members.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}".encode() + b"`\n"
        out += data + b"\n" * (len(data) % 2)
    return out


@pytest.mark.parametrize("form", ["tar.gz", "zip", "tar.xz"])
def test_every_format_gives_the_commits_tree(form: str, upstream: Any, tmp_path: Path) -> None:
    data = {"tar.gz": upstream.targz, "zip": upstream.zip, "tar.xz": upstream.tarxz}[form]
    prefix = "engine-1.0" if form == "tar.xz" else f"engine-{upstream.commit}"
    blob = put(tmp_path, f"a.{form}", data)
    unpack(blob, form, tmp_path / "t", strip_prefix=prefix)  # type: ignore[arg-type]
    assert tree.tree_id(tmp_path / "t") == upstream.tree
    assert os.readlink(tmp_path / "t" / "link") == "src/a.c"
    assert os.access(tmp_path / "t" / "src" / "deep" / "run.sh", os.X_OK)


@pytest.mark.parametrize("suffix", ["xz", "gz", "zst", ""])
def test_a_debian_package(suffix: str, tmp_path: Path) -> None:
    if suffix == "zst" and not shutil.which("zstd"):
        pytest.skip("zstd is not installed")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in {"./usr/include/k.h": b"k", "./etc/conf": b"c"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    raw = buffer.getvalue()
    if suffix == "xz":
        raw = lzma.compress(raw)
    elif suffix:
        tool = ["gzip", "-cn"] if suffix == "gz" else ["zstd", "-cq"]
        raw = subprocess.run(tool, input=raw, check=True, capture_output=True).stdout
    name = f"data.tar.{suffix}" if suffix else "data.tar"
    package = ar({"debian-binary": b"2.0\n", "control.tar.xz": b"odd", name: raw})
    unpack(put(tmp_path, "k.deb", package), "deb", tmp_path / "t", strip_prefix="usr")
    assert [p.name for p in (tmp_path / "t").rglob("*.h")] == ["k.h"]
    assert not (tmp_path / "t" / "etc").exists()


def test_a_wheel_keeps_its_program_executable(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.whl", "w") as wheel:
        program = zipfile.ZipInfo("ziglang/zig")
        program.create_system = 3
        program.external_attr = (stat.S_IFREG | 0o755) << 16
        wheel.writestr(program, b"zig")
        wheel.writestr("ziglang-0.13.0.dist-info/RECORD", b"")
    unpack(tmp_path / "z.whl", "whl", tmp_path / "t", strip_prefix="ziglang")
    assert [p.name for p in (tmp_path / "t").iterdir()] == ["zig"]
    assert os.access(tmp_path / "t" / "zig", os.X_OK)


def test_hard_links_inside_become_files(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "h.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("p/a")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
        link = tarfile.TarInfo("p/b")
        link.type, link.linkname = tarfile.LNKTYPE, "p/a"
        tar.addfile(link)
    unpack(tmp_path / "h.tar.gz", "tar.gz", tmp_path / "t", strip_prefix="p")
    assert (tmp_path / "t" / "b").read_bytes() == b"x"


def test_modes_do_not_depend_on_the_umask(upstream: Any, tmp_path: Path) -> None:
    blob = put(tmp_path, "a.zip", upstream.zip)
    before = os.umask(0o077)
    try:
        unpack(blob, "zip", tmp_path / "t", strip_prefix=f"engine-{upstream.commit}")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t" / "src" / "a.c").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "t" / "src" / "deep" / "run.sh").stat().st_mode) == 0o755


def test_a_missing_prefix_says_what_is_there(upstream: Any, tmp_path: Path) -> None:
    blob = put(tmp_path, "a.zip", upstream.zip)
    with pytest.raises(Finding, match="it has no folder 'other'") as caught:
        unpack(blob, "zip", tmp_path / "t", strip_prefix="other")
    assert f"engine-{upstream.commit}" in caught.value.why


def test_a_full_folder_is_not_unpacked_into(upstream: Any, tmp_path: Path) -> None:
    blob = put(tmp_path, "a.zip", upstream.zip)
    with pytest.raises(BadInput, match="not empty"):
        unpack(blob, "zip", tmp_path, strip_prefix="")


@pytest.mark.parametrize("form", ["tar.gz", "tar.xz", "zip", "deb", "whl"])
@pytest.mark.parametrize("keep", [0, 10, 3000])
def test_cut_off_or_not_an_archive(form: Any, keep: int, upstream: Any, tmp_path: Path) -> None:
    data = {"tar.gz": upstream.targz, "tar.xz": upstream.tarxz, "deb": b"!<arch>\nnothing"}
    blob = put(tmp_path, "cut", data.get(form, upstream.zip)[:keep])
    with pytest.raises(Finding):
        unpack(blob, form, tmp_path / "t", strip_prefix="")


def test_limits_are_the_callers_to_choose(upstream: Any, tmp_path: Path) -> None:
    blob = put(tmp_path, "a.zip", upstream.zip)
    with pytest.raises(Finding, match="more than 3 members"):
        unpack(blob, "zip", tmp_path / "t", strip_prefix="", limits=Limits(members=3))


def test_a_write_that_takes_only_a_part_loses_nothing(
    upstream: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is nearly full, an unbuffered write stores a part and returns how much."""
    archive = tmp_path / "a.tar.gz"
    data = bytes(range(256)) * 64
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("top/file")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))

    class Short(io.FileIO):
        def write(self, chunk: Any) -> int:
            return super().write(memoryview(chunk)[:100])

    real = os.fdopen

    def fdopen(descriptor: int, mode: str = "r", *rest: Any, **named: Any) -> Any:
        return Short(descriptor, mode) if mode == "wb" else real(descriptor, mode, *rest, **named)

    monkeypatch.setattr("os.fdopen", fdopen)
    unpack(archive, "tar.gz", tmp_path / "out", strip_prefix="top")
    assert (tmp_path / "out" / "file").read_bytes() == data
