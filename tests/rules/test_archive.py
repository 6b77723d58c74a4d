"""The archive rule: what is verified is used, and nothing else is."""

from __future__ import annotations

import json

import pytest
from miniature import FORMATS, MEMBER, Workspace

pytestmark = pytest.mark.bazel


@pytest.mark.parametrize("form", FORMATS)
def test_an_archive_of_each_format_is_unpacked_and_overlaid(
    workspace: Workspace, form: str
) -> None:
    name = "good_" + form.replace(".", "_")
    code, text = workspace.run("query", f"@{name}//:all")
    assert code == 0, text
    assert f"@{name}//:member" in text
    root = workspace.repository(name)
    assert (root / "member.txt").read_bytes() == MEMBER
    names = {path.name for path in root.iterdir()} - {"REPO.bazel", "WORKSPACE", "WORKSPACE.bazel"}
    assert names == {"BUILD.bazel", "member.txt", "xnnkit_origin.json"}
    assert json.loads((root / "xnnkit_origin.json").read_text())["sha256"] == workspace.pins[name]


def test_a_distdir_serves_what_no_server_has_as_a_file(workspace: Workspace) -> None:
    distdir = workspace.root.parent / "distdir"
    code, text = workspace.run("query", "@brought//:all")
    assert code != 0
    assert "none of its origins can be had" in text
    code, text = workspace.run("query", f"--distdir={distdir}", "@brought//:all")
    assert code == 0, text
    assert (workspace.repository("brought") / "member.txt").read_bytes() == MEMBER


def test_patches_are_applied(workspace: Workspace) -> None:
    code, text = workspace.run("query", "@patched//:all")
    assert code == 0, text
    assert (workspace.repository("patched") / "member.txt").read_text() == "what is patched\n"


def test_one_flipped_byte_in_the_cache_fails_and_is_named(workspace: Workspace) -> None:
    code, text = workspace.run("query", "@flipped//:all")
    assert code != 0
    assert "hecksum" in text
    assert workspace.pins["flipped"] in text
    assert "flipped" in text


def test_other_bytes_are_taken_when_the_user_accepted_them(workspace: Workspace) -> None:
    code, text = workspace.run("query", "@accepted//:all")
    assert code == 0, text
    assert (workspace.repository("accepted") / "member.txt").read_bytes() == MEMBER


def test_accepted_bytes_are_verified_too(workspace: Workspace) -> None:
    code, text = workspace.run("query", "@accepted_flipped//:all")
    assert code != 0
    assert "hecksum" in text
    assert "accepted_flipped" in text


def test_an_archive_that_cannot_be_had_says_what_was_tried_and_what_to_type(
    workspace: Workspace,
) -> None:
    code, text = workspace.run("query", "@absent//:all")
    assert code != 0
    assert "absent: none of its origins can be had" in text
    assert "debian pool/a/absent_1.orig.zip: not in the cache" in text
    assert "fix: xnnkit fetch PROFILE" in text


def test_the_selected_origin_alone_is_used(workspace: Workspace) -> None:
    """XNNKIT_SELECT names another origin's sha256: the one in the cache must not be taken."""
    code, text = workspace.run(
        "query", f"--repo_env=XNNKIT_SELECT=good_zip={'0' * 64}", "@good_zip//:all"
    )
    assert code != 0
    assert "good_zip: none of its origins can be had" in text
