"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from xnnkit import whole
from xnnkit.errors import BadEnvironment


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    file = folder / "file"
    file.write_text("old")

    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BadEnvironment, match="cannot write the diff") as caught:
        whole.put(file, b"new", "the diff")
    assert caught.value.where == str(file)
    assert caught.value.why == "No space left on device"
    assert [(one.name, one.read_text()) for one in folder.iterdir()] == [("file", "old")]


def test_permissions_and_time_are_the_umasks_or_as_said(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        whole.write(tmp_path / "a", b"x")
        whole.write(tmp_path / "b", b"x", mode=0o755, mtime_ns=5 * 10**9)
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "b").stat().st_mtime == 5


def test_folders_are_made_only_where_that_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="cannot write the file"):
        whole.put(tmp_path / "no" / "file", b"x")
    assert whole.put(tmp_path / "no" / "file", b"x", folders=True).read_bytes() == b"x"


def test_a_file_in_no_folder_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment) as caught:
        whole.put(tmp_path / "a b" / "file", b"")
    assert caught.value.fix == f"mkdir -p '{tmp_path}/a b'"
    whole.put(tmp_path / "a b" / "file", b"", folders=True)
