"""What a patch set must be, and how it is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xnnkit import paths
from xnnkit.errors import BadInput
from xnnkit.patches import load
from xnnkit.patches.model import PatchSet, check_path, load_patch_set

ANCHORED = {"anchor": "x", "text": "y"}
MakeSet = Callable[..., PatchSet]
WriteSet = Callable[..., Path]


def refused(root: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        load.load_directory(root, name="thing/set")
    assert caught.value.exit_code == 2
    assert str(root) in caught.value.where
    return caught.value


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"op": "replace", "text": "y"}, "replace needs an anchor"),
        ({"op": "replace", "anchor": "x"}, "either text or text_file"),
        (ANCHORED | {"text_file": "t"}, "either text or text_file"),
        ({"op": "append", "text": "y", "anchor": "x"}, "no anchor, no within"),
        ({"op": "append", "text": "y", "count": 2}, "no count"),
        ({"op": "delete", "anchor": "x", "text": "y"}, "takes no text"),
        ({"op": "chmod"}, "executable goes with chmod"),
        (ANCHORED | {"executable": True}, "executable goes with chmod"),
        (ANCHORED | {"anchor": "("}, "not a regular expression"),
        (ANCHORED | {"text": r"\g<1>"}, "no group"),
        (ANCHORED | {"anchor": "(?P<a>x)", "text": r"\g<b>"}, "no group"),
        (ANCHORED | {"count": 0}, "greater than or equal to 1"),
        (ANCHORED | {"count": "some"}, "'all'"),
        (ANCHORED | {"file": "../x"}, "without empty, . or .. parts"),
        (ANCHORED | {"file": "/etc/passwd"}, "without empty, . or .. parts"),
        (ANCHORED | {"file": ".git/config"}, "git's own folder"),
        (ANCHORED | {"op": "guess"}, "'replace'"),
        (ANCHORED | {"why": ""}, "one line"),
        (ANCHORED | {"fuzz": 2}, "Extra inputs"),
    ],
)
def test_an_edit_that_cannot_be_meant(
    edit: dict[str, Any], said: str, tmp_path: Path, write_set: WriteSet
) -> None:
    error = refused(write_set(tmp_path / "set", {"id": "the-edit"} | edit))
    assert said in error.why
    assert "edit 1 (the-edit)" in error.why


def test_every_problem_is_told_at_once(tmp_path: Path, write_set: WriteSet) -> None:
    error = refused(write_set(tmp_path / "set", {"op": "chmod"}, {"op": "replace", "text": "y"}))
    assert "edit 1 (e1)" in error.why
    assert "edit 2 (e2)" in error.why


def test_two_edits_of_one_id(tmp_path: Path, write_set: WriteSet) -> None:
    root = write_set(tmp_path / "set", ANCHORED | {"id": "same"}, ANCHORED | {"id": "same"})
    assert "two edits have the id 'same'" in refused(root).why


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("T00:00:00Z", "", "offset"),
        ("T00:00:00Z", "T00:00:00", "offset"),
        ("<somebody@", "<some body@", "author"),
        ("[[edit]]", "[[edits]]", "Extra inputs"),
        ('subject = "A change"', 'subject = "A\\nchange"', "one line"),
    ],
)
def test_a_head_that_cannot_be_meant(
    old: str, new: str, said: str, tmp_path: Path, write_set: WriteSet
) -> None:
    root = write_set(tmp_path / "set", ANCHORED)
    file = root / "patch.toml"
    text = file.read_text().replace("\\U0000003c", "<").replace("\\U00000040", "@")
    assert old in text
    file.write_text(text.replace(old, new))
    assert said in refused(root).why


def test_no_toml_and_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path).what == "cannot read the patch set"
    (tmp_path / "patch.toml").write_text("= nothing")
    assert refused(tmp_path).what == "not a TOML file"
    (tmp_path / "patch.toml").write_bytes(b'subject = "\xff"')
    assert refused(tmp_path).what == "not a TOML file"


def test_a_set_that_does_nothing(tmp_path: Path, write_set: WriteSet) -> None:
    assert refused(write_set(tmp_path / "set")).what == "the patch set does nothing"


def test_a_long_text_comes_from_a_file(tmp_path: Path, write_set: WriteSet) -> None:
    root = write_set(tmp_path / "set", {"anchor": "(x)", "text_file": "texts/one.txt"})
    assert "texts/one.txt" in refused(root).what
    (root / "texts").mkdir()
    (root / "texts" / "one.txt").write_text(r"\g<2>")
    assert "no group" in refused(root).why
    (root / "texts" / "one.txt").write_text(r"a\n\g<1>")
    found = load.load_directory(root, name="thing/set")
    assert found.text_of(found.edits[0]) == r"a\n\g<1>"


def test_new_files_keep_bytes_and_bits(make_set: MakeSet, tmp_path: Path) -> None:
    make_set(files={"d/run.sh": b"#!\r\n", "empty": b""})
    (tmp_path / "set/files/d/run.sh").chmod(0o755)
    found = load.load_directory(tmp_path / "set", name="thing/set")
    assert [(f.path, f.data, f.executable) for f in found.files] == [
        ("d/run.sh", b"#!\r\n", True),
        ("empty", b"", False),
    ]


def test_new_files_that_no_diff_can_carry(make_set: MakeSet, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be added") as caught:
        make_set(files={"a": b"\0"})
    assert "NUL" in caught.value.why
    (tmp_path / "set/files/a").unlink()
    (tmp_path / "set/files/link").symlink_to("nowhere")
    with pytest.raises(BadInput, match="only plain files"):
        make_set()


def _lend(tmp_path: Path, write_set: WriteSet, files_from: str, *own: str) -> Path:
    """Write a set with new files, and one beside it that takes some of them."""
    lender = write_set(tmp_path / "thing/one", ANCHORED)
    borrower = write_set(tmp_path / "thing/two", ANCHORED)
    for root, names in ((lender, ("a.bzl", "d/b.bzl")), (borrower, own)):
        for name in names:
            (root / "files" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "files" / name).write_text(f"{root.name} {name}\n")
    file = borrower / "patch.toml"
    file.write_text(file.read_text().replace("[[edit]]", f"files_from = {files_from}\n[[edit]]"))
    return borrower


def test_new_files_of_another_set(tmp_path: Path, write_set: WriteSet) -> None:
    root = _lend(tmp_path, write_set, '{ "thing/one" = ["d/b.bzl"] }', "a.bzl")
    found = load.load_directory(root, name="thing/two")
    assert [(f.path, f.data) for f in found.files] == [
        ("a.bzl", b"two a.bzl\n"),
        ("d/b.bzl", b"one d/b.bzl\n"),
    ]


@pytest.mark.parametrize(
    ("files_from", "said"),
    [
        ('{ "thing/one" = ["c.bzl"] }', "legal: a.bzl, d/b.bzl"),
        ('{ "thing/none" = ["a.bzl"] }', "it brings no files"),
        ('{ "thing/one" = ["../a.bzl"] }', "without empty, . or .. parts"),
        ('{ "../one" = ["a.bzl"] }', "should match"),
    ],
)
def test_new_files_that_no_set_has(
    files_from: str, said: str, tmp_path: Path, write_set: WriteSet
) -> None:
    error = refused(_lend(tmp_path, write_set, files_from))
    assert said in error.why
    assert "files_from" in error.where + error.why


def test_a_new_file_from_two_places(tmp_path: Path, write_set: WriteSet) -> None:
    error = refused(_lend(tmp_path, write_set, '{ "thing/one" = ["a.bzl"] }', "a.bzl"))
    assert error.what == "the file comes from two places"


@pytest.mark.parametrize(
    "bad", ["", "/a", "a//b", "a/../b", "./a", "a/", "x/.GIT/y", "a\nb", "a\\b"]
)
def test_paths_that_leave_the_tree(bad: str) -> None:
    with pytest.raises(ValueError, match=r"must be|lies in|holds"):
        check_path(bad)


def test_an_unknown_set_names_the_known(repository: Path) -> None:
    with pytest.raises(BadInput) as caught:
        load_patch_set("xnnpack/switch")
    assert "xnnpack/switches" in caught.value.why
    assert caught.value.fix == "xnnkit patch explain xnnpack/switches"


def test_every_set_of_the_project_loads_and_has_a_readme() -> None:
    assert "xnnpack/switches" in load.names()
    for name in load.names():
        found = load_patch_set(name)
        readme = (paths.home() / "patches" / name / "README.md").read_text()
        for edit in found.edits:
            assert len(edit.anchor or "") <= 200, f"{name}, {edit.id}: an anchor is no quotation"
        assert name in readme


def test_every_profile_names_sets_for_its_archives() -> None:
    named = 0
    for file in (paths.home() / "profiles").glob("*.toml"):
        profile = tomllib.loads(file.read_text())
        # A flavour's sets are for what BUILD files call the repository.
        for flavour in profile["flavour"]:
            for name in flavour["patch_sets"]:
                assert load_patch_set(name).meta.applies_to in flavour["archives"]
                named += 1
        for archive in profile["archive"]:
            for name in archive.get("patch_sets", []):
                assert load_patch_set(name).meta.applies_to == archive["name"]
                named += 1
    assert named
