"""``xnnkit lock audit`` on files written for it: what it must name, and what it must not."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner
from xnnkit.cli import main
from xnnkit.errors import BadInput
from xnnkit.lock import addresses, declared
from xnnkit.lock.audit import Audit, audit

SHA = "a" * 64
COMMIT = "b" * 40
SRI = "A" * 43 + "="


def run(tmp_path: Path, text: str, **others: str) -> Audit:
    """Audit a WORKSPACE with other files beside it; ``a__b_bzl`` is a/b.bzl."""
    for name, content in others.items():
        file = tmp_path / (name.replace("__", "/").removesuffix("_bzl") + ".bzl")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(content))
    (tmp_path / "WORKSPACE").write_text(textwrap.dedent(text))
    return audit([str(tmp_path)])


def named(found: Audit) -> list[tuple[str, str]]:
    return [(row.code, row.name) for row in found.findings]


def test_what_is_pinned_is_not_named(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        f"""
        http_archive(name = "a", sha256 = "{SHA}", url = "https://x.org/a-1.zip")
        http_archive(name = "b", integrity = "sha256-{SRI}", urls = ["https://x.org/b-1.zip"])
        git_repository(name = "c", remote = "https://x.org/c", commit = "{COMMIT}")
        new_local_repository(name = "d", path = "/usr")
        http_file(name = "e", sha256 = "{SHA}", urls = ["http://x.org/e", "https://x.org/e"])
        cc_library(name = "f", srcs = ["f.cc"])
        """,
    )
    assert named(found) == []
    assert found.sources == 4
    assert [(row.code, row.name) for row in found.notes] == [("http-mirror", "e")]


def test_what_is_not_pinned_is_named(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        f"""
        http_archive(name = "none", url = "https://x.org/a-1.zip")
        http_archive(name = "empty", sha256 = "", url = "https://x.org/a-1.zip")
        http_archive(name = "tagged", urls = ["https://github.com/o/r/archive/v1.tar.gz"])
        git_repository(name = "branch", remote = "https://x.org/c", branch = "main")
        git_repository(name = "tag", remote = "https://x.org/c", tag = "v1")
        git_repository(name = "short", remote = "https://x.org/c", commit = "abc1234")
        maybe(http_archive, name = "maybe", url = "https://x.org/a-1.zip")
        archive_override(module_name = "module", urls = ["https://x.org/m.zip"])
        http_archive(name = "late", sha256 = "{SHA}", url = "https://x.org/ok.zip")
        """,
    )
    assert [row.code for row in found.findings] == ["unpinned"] * 8
    assert [row.name for row in found.findings] == [
        *("none", "empty", "tagged", "branch", "tag", "short", "maybe", "module")
    ]
    assert found.findings[0].where.endswith("WORKSPACE:2")
    assert found.findings[0].fix.endswith("curl -fsSL -- https://x.org/a-1.zip | sha256sum")
    assert "git ls-remote -- https://x.org/c v1" in found.findings[4].fix
    assert found.findings[6].kind == "http_archive"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/o/r/archive/master.zip",
        "https://github.com/o/r/archive/refs/heads/dev.zip",
        "https://github.com/o/r/releases/latest/download/a.zip",
        "https://gitlab.com/o/r/-/archive/main/r-main.tar.gz",
        "https://codeload.github.com/o/r/zip/refs/heads/x",
        "https://x.googlesource.com/r/+archive/HEAD.tar.gz",
        "https://x.org/r-latest.tar.gz",
    ],
)
def test_a_branch_is_named_even_behind_a_hash(tmp_path: Path, url: str) -> None:
    found = run(tmp_path, f'http_archive(name = "a", sha256 = "{SHA}", url = "{url}")')
    assert named(found) == [("moving", "a")]


@pytest.mark.parametrize(
    "url",
    [
        f"https://github.com/o/main/archive/{COMMIT}.zip",
        "https://github.com/o/latest-and-greatest/archive/v1.zip",
        "https://x.org/mainframe/archive.zip",
    ],
)
def test_what_is_only_called_like_a_branch_is_not(url: str) -> None:
    assert addresses.moving(url) == ""


def test_plain_http_is_named(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        f"""
        http_archive(name = "z", sha256 = "{SHA}", url = "http://zlib.net/fossils/z-1.tar.gz")
        http_archive(name = "f", sha256 = "{SHA}", urls = ["ftp://x.org/z", "http://x.org/z"])
        git_repository(name = "g", remote = "git://x.org/g", commit = "{COMMIT}")
        """,
    )
    assert named(found) == [("http-only", "z"), ("http-only", "f"), ("http-only", "g")]


def test_known_moves_are_named(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        f"""
        http_archive(name = "b", sha256 = "{SHA}", url = "https://dl.bintray.com/x/y.zip")
        http_archive(name = "z", sha256 = "{SHA}", url = "https://zlib.net/zlib-1.2.11.tar.gz")
        http_archive(name = "k", sha256 = "{SHA}", url = "https://zlib.net/fossils/zlib-1.tar.gz")
        """,
    )
    assert named(found) == [("moved", "b"), ("moved", "z")]


def test_constants_of_every_form_are_followed(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
        load("//third_party:versions.bzl", "SHA", MINE = "HOST")
        load("@other//:x.bzl", "ELSEWHERE")
        COMMIT = "abc"
        BASE = MINE + "/o/r"
        http_archive(name = "plus", url = BASE + "/archive/" + COMMIT + ".zip", sha256 = SHA)
        http_archive(name = "percent", url = "http://x.org/%s.zip" % COMMIT, sha256 = SHA)
        http_archive(name = "braces", urls = ["https://x.org/{c}.zip".format(c = COMMIT)])
        http_archive(name = "elsewhere", url = ELSEWHERE, sha256 = ELSEWHERE)
        http_archive(name = "unheard", sha256 = SHA, **UNHEARD)
        http_archive(**dict(name = "starred", url = "http://x.org/a", sha256 = SHA))
        [http_archive(name = n, url = "https://x.org/" + n) for n in ["l1"]]
        third_party(name = "wrapped", sha256 = SHA, urls = mirrors("http://x.org/w.zip"))
        """,
        third_party__versions_bzl=f"""
        HOST = "https://" + "github.com"
        SHA = "{SHA}"
        """,
    )
    assert named(found) == [
        ("http-only", "percent"),
        ("unpinned", "braces"),
        ("http-only", "starred"),
        ("unpinned", "l1"),
        ("http-only", "wrapped"),
    ]
    assert found.findings[0].url == "http://x.org/abc.zip"
    assert ("unread", "elsewhere") in [(row.code, row.name) for row in found.notes]
    assert [Path(file).name for file in found.files] == ["WORKSPACE", "versions.bzl"]


def test_functions_and_branches_are_read(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
        load(":deps.bzl", "deps")
        deps()
        """,
        deps_bzl=f"""
        def deps(sha = None):
            if not native.existing_rule("a"):
                http_archive(name = "a", url = "https://x.org/" + LATER)
            else:
                http_archive(name = "else", url = "https://x.org/b", sha256 = "{SHA}")
            for name, url in [("one", "http://x.org/1"), ("two", "https://x.org/2")]:
                http_archive(name = name, url = url, sha256 = "{SHA}")
            http_archive(name = "given", url = "https://x.org/c", sha256 = sha)

        LATER = "a.zip"

        def _impl(rctx):
            rctx.download(url = "https://x.org/tool", output = "tool")
            rctx.download_and_extract("https://x.org/other", sha256 = rctx.attr.sha256)
        """,
    )
    assert named(found) == [("unpinned", "a"), ("http-only", "one"), ("unpinned", "_impl")]
    assert found.findings[0].url == "https://x.org/a.zip"
    assert [row.name for row in found.notes] == ["given", "_impl"]


def test_nothing_outside_of_the_workspace_is_read(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.bzl").write_text('http_archive(name = "s", url = "https://x.org/s")')
    (inside / "link.bzl").symlink_to(tmp_path / "secret.bzl")
    found = run(
        inside,
        """
        load("//..:secret.bzl", "a")
        load("//:../secret.bzl", "a")
        load("//:link.bzl", "a")
        load("//:absent.bzl", "a")
        """,
    )
    assert (found.sources, found.findings) == (0, [])
    assert {why for _, why in found.unread} == {
        "it lies outside of the workspace",
        "there is no such file",
    }
    assert len(found.unread) == 4


def test_files_that_load_each_other_are_read_once(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        'load(":a.bzl", "X")',
        a_bzl='load(":b.bzl", "Y")\nhttp_file(name = "a", url = "https://x.org/a")',
        b_bzl='load(":a.bzl", "X")\nhttp_file(name = "b", url = "https://x.org/b")',
    )
    assert sorted(row.name for row in found.findings) == ["a", "b"]


def test_a_loaded_file_that_is_no_starlark_is_told(tmp_path: Path) -> None:
    found = run(tmp_path, 'load(":a.bzl", "X")', a_bzl="def (:")
    assert [file for file, _ in found.unread] == ["a.bzl"]


def test_a_hostile_loop_ends(tmp_path: Path) -> None:
    loops = "".join(f"{' ' * i}for x{i} in {list(range(90))}:\n" for i in range(8))
    found = run(tmp_path, f"{loops}{' ' * 8}http_file(name = 'a', url = 'https://x.org')\n")
    assert found.unread[0][1].startswith("too much to follow")


def test_floating_artifacts_are_named(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
        maven_install(
            artifacts = ["a:b:1.0", "c:d:latest.release", "e:f:1.+", "g:h:[1,2)"],
            repositories = ["https://x.org"],
        )
        """,
    )
    assert named(found) == [("moving", "maven")] * 3


def test_embedded_profiles_are_clean() -> None:
    found = audit(["xnnpack-2024-11", "gemma-2024-05", "gemma-2026-01"])
    assert found.findings == []
    assert found.sources > 40
    assert {row.code for row in found.notes} == {"tag", "prebuilt"}


def test_a_profile_of_a_branch_is_named(tmp_path: Path, repository: Path) -> None:
    file = tmp_path / "xnnpack-2024-11.toml"
    text = (repository / "profiles" / file.name).read_text()
    old = "archive/4ea82e595b36106653175dcb04b2aa532660d0d8.tar.gz"
    assert text.count(old) == 1
    file.write_text(text.replace(old, "archive/refs/heads/master.tar.gz"))
    (row,) = audit([str(file)]).findings
    assert (row.code, row.name) == ("moving", "XNNPACK")
    line = text[: text.index(old)].count("\n")
    assert row.where == f"{file}:{line - 1}"


def test_what_stands_for_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file, folder or profile"):
        audit([str(tmp_path / "nowhere")])
    with pytest.raises(BadInput, match="no workspace is there"):
        audit([str(tmp_path)])
    (tmp_path / "WORKSPACE").write_text("a = = 1\n")
    with pytest.raises(BadInput) as caught:
        audit([str(tmp_path / "WORKSPACE")])
    assert caught.value.where.endswith("WORKSPACE:1")


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "WORKSPACE"
    file.write_text('http_archive(name = "z", url = "http://x.org/z.zip")\n')
    done = CliRunner().invoke(main.cli, ["lock", "audit", str(file)])
    assert done.exit_code == 1
    assert "unpinned    z  " in done.output
    assert "1 sources in 1 files: 2 findings" in done.output
    done = CliRunner().invoke(main.cli, ["lock", "audit", "--json", str(file)])
    content = json.loads(done.stdout)
    assert done.exit_code == 1
    assert content["schema_version"] == 1
    assert [row["code"] for row in content["audit"]["findings"]] == ["unpinned", "http-only"]
    done = CliRunner().invoke(main.cli, ["lock", "audit", "--all"])
    assert done.exit_code == 0
    assert "tag: the address names a tag" in done.output


def test_each_declaration_is_a_source(tmp_path: Path) -> None:
    file = tmp_path / "x.bzl"
    file.write_text('git_repository(name = "g", remote = "https://x.org/g", tag = "v" + V)\n')
    (source,) = declared.of_files([file]).sources
    assert (source.name, source.kind, source.line, source.tag) == ("g", "git_repository", 1, "v…")


def test_what_could_not_be_read_is_no_clean_bill(tmp_path: Path) -> None:
    file = tmp_path / "WORKSPACE"
    file.write_text('load("//:absent.bzl", "a")\n')
    done = CliRunner().invoke(main.cli, ["lock", "audit", str(file)])
    assert done.exit_code == 4
    assert "not read: " in done.stderr
    file.write_text("")
    assert CliRunner().invoke(main.cli, ["lock", "audit", str(file)]).exit_code == 0
