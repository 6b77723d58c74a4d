"""``build.json`` and the place where binaries are put."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from xnnkit.build import manifest
from xnnkit.errors import BadEnvironment, BadInput


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "built"
    path.write_bytes(b"binary")
    path.chmod(0o555)
    return path


def test_a_binary_is_placed_whole_and_may_be_run(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "bin" / "upstream" / "llm_block"
    manifest.place(source, target)
    assert target.read_bytes() == b"binary"
    assert target.stat().st_mode & 0o777 == 0o755
    assert [p.name for p in target.parent.iterdir()] == ["llm_block"]
    assert manifest.sha256_of(target) == hashlib.sha256(b"binary").hexdigest()


def test_an_equal_binary_keeps_its_times_and_another_replaces_it(
    source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "placed"
    manifest.place(source, target)
    os.utime(target, ns=(5, 5))
    manifest.place(source, target)
    assert target.stat().st_mtime_ns == 5
    source.chmod(0o755)
    source.write_bytes(b"BINARY")
    manifest.place(source, target)
    assert target.read_bytes() == b"BINARY"
    assert target.stat().st_mtime_ns != 5


def test_a_full_disk_leaves_the_old_binary(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "placed"
    target.write_bytes(b"old")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BadEnvironment, match="No space left") as caught:
        manifest.place(source, target)
    assert caught.value.where == str(target)
    assert target.read_bytes() == b"old"


def test_a_binary_that_was_not_built_is_not_placed(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="No such file"):
        manifest.place(tmp_path / "absent", tmp_path / "placed")
    assert not (tmp_path / "placed").exists()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    content = {
        "profile": "p",
        "binaries": [{"flavour": "é", "path": "bin/é/llm_block", "sha256": "0" * 64, "size": 1}],
    }
    assert manifest.write(tmp_path, content) == tmp_path / manifest.NAME
    assert manifest.read(tmp_path) == {"schema_version": 1, **content}
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [manifest.NAME]


def test_before_any_build_the_message_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing has been built") as caught:
        manifest.read(tmp_path)
    assert caught.value.fix == "xnnkit build PROFILE"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a build manifest"),
        ("{", "not a build manifest"),
        ("[]", "another xnnkit"),
        ("{}", "another xnnkit"),
        (json.dumps({"schema_version": 2}), "another xnnkit"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / manifest.NAME).write_text(text)
    with pytest.raises(BadInput, match=message) as caught:
        manifest.read(tmp_path)
    assert caught.value.where == str(tmp_path / manifest.NAME)
