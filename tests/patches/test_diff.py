"""Any change of any files: git and patch, given our diff, arrive at exactly our tree."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from xnnkit.patches import check, diff
from xnnkit.patches.apply import Change, State
from xnnkit.patches.model import PatchFile, PatchSet
from xnnkit.patches.render import assemble

needs_patch = pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
META = PatchFile(
    description="Words with 'quotes' and a\n\nsecond paragraph.",
    applies_to="thing",
    subject="A change",
    author="Some Body <somebody@example.invalid>",
    date=datetime(2026, 1, 31, tzinfo=UTC),
)
SET = PatchSet(name="thing/set", root=Path(), meta=META, files=(), texts={})

# Lines that look like parts of a diff, ends of every kind, and bytes that are no UTF-8.
LINES = st.sampled_from(
    [b"a", b"b", b"", b"-- ", b"--- a/x", b"+++ b/x", b"@@ -1 +1 @@", b"diff --git a/x b/x",
     b"\\ No newline at end of file", b"a\r", b"\x0c", b"\x1c\x85", b"\xff\xfe", b"\tx ", b"From 0"]
)  # fmt: skip
CONTENT = st.builds(
    lambda lines, end: b"\n".join(lines) + (b"\n" if end and lines else b""),
    st.lists(LINES, max_size=14),
    st.booleans(),
)
STATE = st.builds(State, CONTENT, st.booleans())
# GNU patch reads git's quoting too, but not all of it: only git is asked about odd names.
PLAIN = st.sampled_from(["a", "b.c", "d/e.h", "d/f g.txt", "BUILD.bazel", "x-y_z+1"])
ODD = st.sampled_from(['q"uote', "tab\there", "é/ü", "a b", "\x01", "end ", "~", "d/'"])


def trees(names: st.SearchStrategy[str]) -> st.SearchStrategy[list[Change]]:
    sides = st.tuples(st.none() | STATE, st.none() | STATE).filter(lambda s: s[0] != s[1])
    return st.dictionaries(names, sides, min_size=1, max_size=4).map(
        lambda found: [Change(path, *found[path]) for path in sorted(found)]
    )


def assert_applies(changed: list[Change], *tools: str) -> None:
    known = check.appliers()
    for outcome in check.check_changes(SET, changed, {t: known[t] for t in tools}):
        assert outcome.ok, f"{outcome.tool}: {outcome.said}"


@given(trees(PLAIN | ODD))
@example([Change("a", State(b""), None)])
@example([Change("a", None, State(b"", True))])
@example([Change("a", State(b"x\n"), State(b"x"))])
@example([Change("a b", State(b"x", True), State(b"x\n", False))])
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_git_arrives_at_our_tree(changed: list[Change]) -> None:
    assert_applies(changed, "git apply")


def patch_can(changed: list[Change]) -> bool:
    """Tell what GNU patch can: of a change without hunks it reads no name with a blank in it."""
    return all(" " not in change.path or diff.counts(change) != (0, 0) for change in changed)


@needs_patch
@given(trees(PLAIN).filter(patch_can))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_patch_arrives_at_our_tree(changed: list[Change]) -> None:
    assert_applies(changed, "patch -p1")


@given(CONTENT, CONTENT)
@settings(max_examples=50)
def test_hunks_say_how_many_lines_they_have(old: bytes, new: bytes) -> None:
    change = Change("a", State(old), State(new))
    lines = diff.lines_of(diff.file_diff(change))
    added, removed = diff.counts(change)
    body = [line for line in lines[4:] if not line.startswith((b"@@ ", b"\\ "))]
    assert sum(line.startswith(b"+") for line in body) == added
    assert sum(line.startswith(b"-") for line in body) == removed


def test_lines_end_at_line_feeds_only() -> None:
    assert diff.lines_of(b"a\rb\x0c\n\x85\nc") == [b"a\rb\x0c\n", b"\x85\n", b"c"]
    assert diff.lines_of(b"") == []


@pytest.mark.parametrize("data", [b"", b"x\n", b"\xff" * 5000])
def test_blob_ids_are_gits(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(data)
    done = subprocess.run(
        ["git", "hash-object", "f"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert diff.blob_id(data) == done.stdout.strip()


def test_names_are_quoted_as_git_does() -> None:
    assert diff.quoted("a/", "x y") == b"a/x y"
    assert diff.quoted("a/", 'é"\t') == b'"a/\\303\\251\\"\\t"'


def test_the_header_is_a_mail_that_git_am_takes(tmp_path: Path) -> None:
    changed = [Change("a", State(b"x\n"), State(b"y\n")), Change("n", None, State(b"-- \n"))]
    (tmp_path / "a").write_bytes(b"x\n")
    git = ["git", "-c", "user.name=n", "-c", "user.email=n@example.invalid"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
        subprocess.run([*git, *arguments], cwd=tmp_path, check=True)
    data = assemble(META, changed)
    subprocess.run([*git, "am", "-q"], cwd=tmp_path, input=data, check=True)
    shown = subprocess.run(
        ["git", "log", "-1", "--format=%an|%ae|%aI|%s|%b"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert shown.strip() == (
        "Some Body|somebody@example.invalid|2026-01-31T00:00:00+00:00|A change"
        "|Words with 'quotes' and a\n\nsecond paragraph."
    )
    assert (tmp_path / "n").read_bytes() == b"-- \n"


def test_the_first_line_names_the_content() -> None:
    one = assemble(META, [Change("a", State(b"x\n"), State(b"y\n"))])
    two = assemble(META, [Change("a", State(b"x\n"), State(b"z\n"))])
    assert one == assemble(META, [Change("a", State(b"x\n"), State(b"y\n"))])
    assert len({hashlib.sha256(d.split(b"\n")[0]).digest() for d in (one, two)}) == 2


@needs_patch
def test_a_diff_for_another_place_is_no_success(tmp_path: Path) -> None:
    """Bazel takes no offset, so a tool that would shift a hunk must not pass."""
    changed = [Change("a", State(b"x\n" * 9), State(b"x\n" * 4 + b"y\n" + b"x\n" * 5))]
    (tmp_path / "a").write_bytes(b"new\n" + b"x\n" * 9)
    (tmp_path / "d").write_bytes(assemble(META, changed))
    said = check.appliers()["patch -p1"](tmp_path, tmp_path / "d")
    assert said
