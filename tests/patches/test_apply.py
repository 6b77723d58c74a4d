"""What each operation does to a file, and what stops it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from xnnkit.errors import BadInput, Finding, XnnkitError
from xnnkit.patches import apply
from xnnkit.patches.model import PatchSet

MakeSet = Callable[..., PatchSet]

C_FILE = """\
// setup(1) { is not it
int other(void);
int setup(int x) {
  if (x) { use("}"); }
  return x;  // }
}

int other(void)
{
  return setup(2);
}
"""

STARLARK_FILE = '''\
def first(
        name):
    """Says def second(x): here."""
    call(
        name = name,
    )

    other(name)

def second(name):
    call(name = name)
call(name = "top")
'''


def edited(make_set: MakeSet, tree: Path, before: bytes, **edit: Any) -> bytes:
    """Make one edit of a file with that content, and return the content after it."""
    name = str(edit.get("file", "a.txt"))
    (tree / name).write_bytes(before)
    [change] = apply.changes(make_set(edit), tree)
    assert (tree / name).read_bytes() == before, "the tree is only read"
    assert change.path == name
    assert change.after is not None
    return change.after.data


def failure(make_set: MakeSet, tree: Path, before: bytes, **edit: Any) -> XnnkitError:
    with pytest.raises((Finding, BadInput)) as caught:
        edited(make_set, tree, before, **edit)
    name = edit.get("file", "a.txt")
    assert caught.value.where == f"thing/set, edit 1 (e1), {name}"
    return caught.value


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        ({"op": "replace", "anchor": "tw.", "text": "2"}, "one\n2 \nthree"),
        ({"op": "replace", "anchor": "o *\nt", "text": "-"}, "one\ntw-hree"),
        ({"op": "insert-before", "anchor": "wo", "text": "new"}, "one\nnew\ntwo \nthree"),
        ({"op": "insert-before", "anchor": "ne\nt", "text": "new\n"}, "new\none\ntwo \nthree"),
        ({"op": "insert-after", "anchor": "wo", "text": "new"}, "one\ntwo \nnew\nthree"),
        ({"op": "insert-after", "anchor": "one\n", "text": "new"}, "one\nnew\ntwo \nthree"),
        ({"op": "insert-after", "anchor": "hre", "text": "new"}, "one\ntwo \nthree\nnew\n"),
        ({"op": "insert-after", "anchor": "^(o).*$", "text": r"\g<1>\n"}, "one\no\\n\ntwo \nthree"),
        ({"op": "delete", "anchor": "w"}, "one\nthree"),
        ({"op": "delete", "anchor": "ne\ntwo"}, "three"),
        ({"op": "prepend", "text": "new"}, "new\none\ntwo \nthree"),
        ({"op": "append", "text": "new"}, "one\ntwo \nthree\nnew\n"),
        ({"op": "replace", "anchor": "o", "text": "0", "count": 2}, "0ne\ntw0 \nthree"),
        ({"op": "replace", "anchor": "e", "text": "E", "count": "all"}, "onE\ntwo \nthrEE"),
        (
            {"op": "replace", "anchor": "(?P<n>w)(z)?", "text": r"\g<2>\g<n>\n"},
            "one\ntw\\no \nthree",
        ),
    ],
)
def test_operations(edit: Mapping[str, Any], after: str, make_set: MakeSet, tree: Path) -> None:
    assert edited(make_set, tree, b"one\ntwo \nthree", **edit).decode() == after


def test_line_ends_are_the_files_own(make_set: MakeSet, tree: Path) -> None:
    edit = {"op": "insert-after", "anchor": "^a$", "text": "new\nlines"}
    assert edited(make_set, tree, b"a\r\nb\r\n", **edit) == b"a\r\nnew\r\nlines\r\nb\r\n"


def test_mixed_line_ends_and_other_bytes_are_kept(make_set: MakeSet, tree: Path) -> None:
    edit = {"op": "replace", "anchor": "b", "text": "B"}
    assert edited(make_set, tree, b"\xff\r\n\x0c\rb\n\r\xe9", **edit) == b"\xff\r\n\x0c\rB\n\r\xe9"


def test_edits_see_what_the_ones_before_did(make_set: MakeSet, tree: Path) -> None:
    (tree / "a.txt").write_text("a\n")
    edits = [{"anchor": "a", "text": "bb"}, {"anchor": "b", "text": "c", "count": 2}]
    [change] = apply.changes(make_set(*edits), tree)
    assert change.after == apply.State(b"cc\n")


def test_edits_that_undo_each_other_leave_no_change(make_set: MakeSet, tree: Path) -> None:
    (tree / "a.txt").write_text("a\n")
    assert (
        apply.changes(make_set({"anchor": "a", "text": "b"}, {"anchor": "b", "text": "a"}), tree)
        == []
    )


def test_files_come_go_and_become_executable(make_set: MakeSet, tree: Path) -> None:
    (tree / "a.txt").write_text("a\n")
    (tree / "run").write_text("#!\n")
    edits = [{"op": "delete-file"}, {"op": "chmod", "file": "run", "executable": True}]
    changed = apply.changes(make_set(*edits, files={"d/new": b"n"}), tree)
    assert changed == [
        apply.Change("a.txt", apply.State(b"a\n"), None),
        apply.Change("d/new", None, apply.State(b"n")),
        apply.Change("run", apply.State(b"#!\n"), apply.State(b"#!\n", True)),
    ]
    apply.write(changed, tree)
    assert sorted(p.name for p in tree.rglob("*")) == ["d", "new", "run"]
    assert os.access(tree / "run", os.X_OK)


def test_no_match_shows_the_nearest_lines(make_set: MakeSet, tree: Path) -> None:
    text = b"alpha\nvoid init_gemm(void) {\nvoid init_igemm_cfg(void) {\nomega\n"
    error = failure(make_set, tree, text, anchor=r"^void init_gemm_config\(void\) \{$", text="x")
    assert error.exit_code == 1
    assert error.what == "the anchor does not match"
    assert r"'^void init_gemm_config\\(void\\) \\{$'" in error.why
    assert "line 2: void init_gemm(void) {" in error.why
    assert "line 3: void init_igemm_cfg(void) {" in error.why
    assert "omega" not in error.why


def test_no_match_and_nothing_near(make_set: MakeSet, tree: Path) -> None:
    error = failure(make_set, tree, b"1\n2\n", anchor="abcdef", text="x")
    assert "no line comes near it" in error.why


def test_too_many_matches_are_listed(make_set: MakeSet, tree: Path) -> None:
    error = failure(make_set, tree, b"\n".join(b"x%d" % i for i in range(14)), anchor="x", text="y")
    assert error.what == "the anchor matches 14 times, not once"
    assert "line 1: x0" in error.why
    assert "line 10: x9" in error.why
    assert "and 4 more" in error.why


def test_too_few_matches_are_refused_too(make_set: MakeSet, tree: Path) -> None:
    error = failure(make_set, tree, b"x\nx\n", anchor="x", text="y", count=3)
    assert error.what == "the anchor matches 2 times, not 3 times"


def test_all_means_at_least_one(make_set: MakeSet, tree: Path) -> None:
    error = failure(make_set, tree, b"x\n", anchor="z", text="y", count="all")
    assert error.what == "the anchor does not match"


def test_an_empty_match_is_no_place_to_replace(make_set: MakeSet, tree: Path) -> None:
    error = failure(make_set, tree, b"x\n", anchor="(?=x)", text="y")
    assert "nothing but a position" in error.what


@pytest.mark.parametrize(
    ("name", "text", "within", "anchor", "line"),
    [
        ("a.c", C_FILE, "setup", "return", 5),
        ("a.c", C_FILE, "other", "return", 10),
        ("a.bzl", STARLARK_FILE, "first", r"call\(", 4),
        ("a.bzl", STARLARK_FILE, "first", "other", 8),
        ("a.bzl", STARLARK_FILE, "second", r"call\(", 11),
    ],
)
def test_within_a_function(
    name: str, text: str, within: str, anchor: str, line: int, make_set: MakeSet, tree: Path
) -> None:
    edit = {"file": name, "within": within, "anchor": anchor, "text": "HERE"}
    after = edited(make_set, tree, text.encode(), **edit).decode()
    assert [n for n, t in enumerate(after.split("\n"), start=1) if "HERE" in t] == [line]


def test_a_match_may_not_leave_the_function(make_set: MakeSet, tree: Path) -> None:
    edit = {"file": "a.bzl", "within": "second", "anchor": "(?s)def second.*top", "text": ""}
    error = failure(make_set, tree, STARLARK_FILE.encode(), **edit)
    assert error.what == "the anchor does not match inside 'second'"


def test_a_function_that_is_not_there(make_set: MakeSet, tree: Path) -> None:
    edit = {"file": "a.c", "within": "set_up", "anchor": "x", "text": "y"}
    error = failure(make_set, tree, C_FILE.encode(), **edit)
    assert error.what == "no function 'set_up' is defined there"
    assert "nearest names: setup" in error.why


def test_a_function_defined_twice(make_set: MakeSet, tree: Path) -> None:
    edit = {"file": "a.c", "within": "f", "anchor": "x", "text": "y"}
    error = failure(
        make_set, tree, b"#if A\nint f(void) {}\n#else\nint f(void) {}\n#endif\n", **edit
    )
    assert error.what == "2 functions are called 'f'"
    assert "line 4: int f(void) {}" in error.why


def test_an_edit_that_changes_nothing(make_set: MakeSet, tree: Path) -> None:
    assert "changes nothing" in failure(make_set, tree, b"x\n", anchor="x", text="x").what


def test_no_text_file(make_set: MakeSet, tree: Path) -> None:
    error = failure(make_set, tree, b"x\0", anchor="x", text="y")
    assert (error.what, error.exit_code) == ("not a text file", 2)


def test_what_is_not_in_the_tree(make_set: MakeSet, tree: Path, tmp_path: Path) -> None:
    with pytest.raises(Finding, match="not in the tree"):
        apply.changes(make_set({"anchor": "x", "text": "y"}), tree)
    with pytest.raises(BadInput, match="no such tree"):
        apply.changes(make_set({"anchor": "x", "text": "y"}), tmp_path / "none")


@pytest.mark.parametrize("name", ["link", "dir/a.txt"])
def test_links_are_not_followed(name: str, make_set: MakeSet, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tree / "link").symlink_to(tmp_path / "a.txt")
    (tree / "dir").symlink_to(tmp_path)
    with pytest.raises(Finding, match="not a plain file"):
        apply.changes(make_set({"file": name, "anchor": "x", "text": "y"}), tree)


def test_a_new_file_that_is_there(make_set: MakeSet, tree: Path) -> None:
    (tree / "new").symlink_to("nowhere")
    with pytest.raises(Finding, match="exists in the tree already"):
        apply.changes(make_set(files={"new": b""}), tree)


def test_an_edit_of_a_deleted_file(make_set: MakeSet, tree: Path) -> None:
    (tree / "a.txt").write_text("x")
    with pytest.raises(Finding, match="deleted by an edit before"):
        apply.changes(make_set({"op": "delete-file"}, {"anchor": "x", "text": "y"}), tree)
