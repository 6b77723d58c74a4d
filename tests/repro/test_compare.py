"""Two folders of artifacts are the same only if all that lies in them is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.repro.cause import Traces
from xnnkit.repro.compare import folders

BINARY = "bin/upstream/bench"


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with one equal binary each."""
    made = []
    for side in ("first", "second"):
        binary = tmp_path / side / BINARY
        binary.parent.mkdir(parents=True)
        binary.write_text("same")
        binary.chmod(0o755)
        made.append(tmp_path / side)
    return made[0], made[1]


def compared(pair: tuple[Path, Path], expected: tuple[str, ...] = (BINARY,)) -> list[Any]:
    return folders(*pair, (Traces(()), Traces(())), expected)


def found(pair: tuple[Path, Path]) -> dict[str, tuple[str, str]]:
    """Return name -> (cause, detail) of what differs."""
    return {
        row["name"]: (row["causes"][0]["name"], row["causes"][0]["detail"])
        for row in compared(pair)
        if not row["identical"]
    }


def test_equal_folders_are_identical(pair: tuple[Path, Path]) -> None:
    (row,) = compared(pair)
    assert (row["name"], row["identical"]) == (BINARY, True)
    assert row["kind"] == ["file", "file"]
    assert row["mode"] == ["0755", "0755"]


def test_a_file_of_one_side_only_is_a_difference_whichever_side(pair: tuple[Path, Path]) -> None:
    for side, name in zip(pair, "ab", strict=True):
        (side / "objects").mkdir()
        (side / f"objects/{name}.o").write_text("same")
    assert found(pair) == {
        "objects/a.o": ("missing", "the second build has no such file"),
        "objects/b.o": ("missing", "the first build has no such file"),
    }


@pytest.mark.parametrize("mode", [0o600, 0o744, 0o4755])
def test_other_permissions_of_the_same_bytes_are_a_difference(
    pair: tuple[Path, Path], mode: int
) -> None:
    (pair[1] / BINARY).chmod(mode)
    assert found(pair) == {BINARY: ("file mode", f"0755 | {mode:04o}")}


def test_other_bytes_and_other_permissions_are_both_said(pair: tuple[Path, Path]) -> None:
    (pair[1] / BINARY).write_text("other")
    (pair[1] / BINARY).chmod(0o700)
    (row,) = compared(pair)
    assert [cause["name"] for cause in row["causes"]] == ["unknown", "file mode"]


STRANGE: dict[str, Callable[[Path], object]] = {
    "link": lambda path: path.symlink_to("/nonexistent"),
    "link to a folder": lambda path: path.symlink_to("."),
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_file_and_on_one_side_only_is_a_difference(
    pair: tuple[Path, Path], kind: str
) -> None:
    STRANGE[kind](pair[0] / "bin/strange")
    assert found(pair) == {"bin/strange": ("missing", "the second build has no such file")}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_file_is_not_the_file_that_the_other_side_has(
    pair: tuple[Path, Path], kind: str
) -> None:
    STRANGE[kind](pair[0] / "bin/strange")
    (pair[1] / "bin/strange").write_text("")
    assert found(pair) == {"bin/strange": ("kind of file", f"{kind.split()[0]} | file")}


def test_links_are_the_same_when_their_targets_are_and_are_not_followed(
    pair: tuple[Path, Path],
) -> None:
    for side in pair:
        (side / "same").symlink_to("bin")
        (side / "other").symlink_to(side)
    rows = {row["name"]: row["identical"] for row in compared(pair)}
    assert rows == {BINARY: True, "same": True, "other": False}
    assert found(pair)["other"] == ("link target", f"{pair[0]} | {pair[1]}")


def test_a_folder_has_the_permissions_of_its_umask(pair: tuple[Path, Path]) -> None:
    (pair[1] / "bin").chmod(0o700)
    assert found(pair) == {}


def test_a_binary_that_neither_build_has_is_a_difference(pair: tuple[Path, Path]) -> None:
    rows = compared(pair, (BINARY, "bin/kleidiai/bench"))
    assert [(row["name"], row["identical"]) for row in rows] == [
        ("bin/kleidiai/bench", False),
        (BINARY, True),
    ]
    assert rows[0]["causes"][0]["detail"] == "neither build has such a file"


def test_a_link_is_no_binary_even_when_both_builds_have_it(pair: tuple[Path, Path]) -> None:
    for side in pair:
        (side / BINARY).unlink()
        (side / BINARY).symlink_to("/bin/true")
    assert found(pair) == {BINARY: ("kind of file", "link | link, where a file is expected")}


def test_nothing_to_compare_is_an_error(pair: tuple[Path, Path]) -> None:
    with pytest.raises(BadInput, match="there is no artifact to compare"):
        compared(pair, ())


def test_folders_that_were_never_made_are_not_the_same(tmp_path: Path) -> None:
    assert set(found((tmp_path / "first", tmp_path / "second"))) == {BINARY}


def test_a_folder_that_cannot_be_read_is_an_error(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in it would be missing on both sides. (Not by its mode: root reads everything.)"""
    listed = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("upstream"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(BadEnvironment, match="cannot be read: Permission denied"):
        compared(pair)
