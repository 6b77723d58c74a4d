"""Alias and stub repositories: which repository stands behind a name, and what is never fetched.

Nothing is compiled: Bazel loads and analyses filegroups of small archives.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

import miniature
from xnnkit import paths, profile
from xnnkit.bazel import find

pytestmark = pytest.mark.bazel

FLAG = "--@xnnkit//rules/flavour"

# @lib stands for three archives; the last of them cannot be had from anywhere.
ALIASES = """
archives.alias(
    name = "lib",
    actual = {"slow": "lib_slow", "fast-i8mm": "lib_fast", "absent": "lib_absent"},
    default = "lib_slow",
    targets = ["member", "other"],
)
archives.alias(name = "second_name", default = "lib_fast", targets = ["member"])
archives.stub(name = "npm", overlays = {
    "//:root.stub": "BUILD.bazel",
    "//:typescript.stub": "@bazel/typescript/BUILD.bazel",
    "//:index.stub": "@bazel/typescript/index.bzl",
})
use_repo(archives, "lib", "npm", "second_name")
"""

FILES = {
    "BUILD.bazel": """
load("@npm//@bazel/typescript:index.bzl", "ts_project")

ts_project(name = "page")

filegroup(name = "user", srcs = ["@lib//:member"])

filegroup(name = "unlisted", srcs = ["@lib//:hidden"])
""",
    "overlay.BUILD": """
package(default_visibility = ["//visibility:public"])

filegroup(name = "member", srcs = ["member.txt"])

filegroup(name = "other", srcs = ["member.txt"])

filegroup(name = "hidden", srcs = ["member.txt"])
""",
    "root.stub": "",
    "typescript.stub": "",
    "index.stub": """
def _impl(ctx):
    fail("{}: no TypeScript here".format(ctx.label))

ts_project = rule(implementation = _impl)
""",
}


def write(root: Path, cache: Path) -> None:
    """Write a module that uses the rules, copied in, on two archives and one that is not there."""
    for name, text in FILES.items():
        (root / name).write_text(text)
    home = paths.home()
    (root / "xnnkit").mkdir()
    for name in ("MODULE.bazel", "BUILD.bazel"):
        shutil.copyfile(home / name, root / "xnnkit" / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(home / "rules", root / "xnnkit/rules", ignore=ignored)
    sha256 = miniature.put(cache, miniature.archive_bytes("tar.gz"))
    (root / "MODULE.bazel").write_text(
        'module(name = "miniature")\nbazel_dep(name = "xnnkit", version = "0.1.0")\n'
        'local_path_override(module_name = "xnnkit", path = "xnnkit")\n'
        'archives = use_extension("@xnnkit//rules/archive:extensions.bzl", "archives")\n'
        + miniature.declare("lib_slow", "tar.gz", sha256)
        + miniature.declare("lib_fast", "tar.gz", sha256)
        + miniature.declare("lib_absent", "tar.gz", "ab" * 32)
        + ALIASES
    )
    (root / ".bazelignore").write_text("xnnkit\n")
    (root / ".bazelrc").write_text(
        "common --enable_bzlmod --noenable_workspace --check_direct_dependencies=off\n"
        "common --lockfile_mode=off --repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1\n"
        f"common --repo_env=XNNKIT_CACHE={cache} --repo_env=XNNKIT_DEBIAN_MIRROR=\n"
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[miniature.Workspace]:
    base = tmp_path_factory.mktemp("alias")
    root, output_base = base / "workspace", base / "output_base"
    root.mkdir()
    write(root, base / "cache")
    bazel = find(profile.load("xnnpack-2024-11").bazel)
    bazel = dataclasses.replace(bazel, startup=(*bazel.startup, f"--output_base={output_base}"))
    yield miniature.Workspace(root, output_base, bazel, {})
    bazel.run(["shutdown"], cwd=root, quiet=True)
    miniature.remove(base)


def behind(small: miniature.Workspace, label: str, *options: str) -> list[str]:
    """Return the names of the archives' repositories that a target is made of."""
    query = ["cquery", f"deps({label})", "--output=label", *options]
    text = small.bazel.output(query, cwd=small.root)
    return sorted(set(re.findall(r"archives~(lib_\w+)//:member\.txt", text)))


def fetched(small: miniature.Workspace) -> set[str]:
    """Return the names of the archives' repositories that Bazel has made."""
    names = {path.name for path in (small.output_base / "external").iterdir() if path.is_dir()}
    return {name.rpartition("~")[2] for name in names if "archives~" in name}


def test_only_the_chosen_repository_is_fetched(small: miniature.Workspace) -> None:
    # First in this file: later tests fetch more.
    assert behind(small, "@lib//:member", f"{FLAG}=slow") == ["lib_slow"]
    assert fetched(small) & {"lib_slow", "lib_fast", "lib_absent"} == {"lib_slow"}


@pytest.mark.parametrize(
    ("options", "repository"),
    [
        ([f"{FLAG}=slow"], "lib_slow"),
        ([f"{FLAG}=fast-i8mm"], "lib_fast"),
        ([f"{FLAG}:flavour=fast-i8mm"], "lib_fast"),
        ([], "lib_slow"),
        ([f"{FLAG}=another"], "lib_slow"),
    ],
)
def test_the_flavour_chooses_the_repository(
    options: list[str], repository: str, small: miniature.Workspace
) -> None:
    assert behind(small, "@lib//:member", *options) == [repository]


@pytest.mark.parametrize("target", ["@lib//:other", "//:user"])
def test_every_target_and_whoever_depends_on_it_follows(
    target: str, small: miniature.Workspace
) -> None:
    assert behind(small, target, f"{FLAG}=fast-i8mm") == ["lib_fast"]


def test_a_second_name_is_the_same_in_every_flavour(small: miniature.Workspace) -> None:
    assert behind(small, "@second_name//:member") == ["lib_fast"]
    assert behind(small, "@second_name//:member", f"{FLAG}=slow") == ["lib_fast"]


def test_the_flavour_whose_archive_cannot_be_had_fails_and_says_so(
    small: miniature.Workspace,
) -> None:
    code, text = small.run("build", "--nobuild", f"{FLAG}=absent", "//:user")
    assert code != 0
    assert "lib_absent: none of its origins can be had" in text


def test_a_target_that_is_not_listed_is_not_there(small: miniature.Workspace) -> None:
    code, text = small.run("build", "--nobuild", "//:unlisted")
    assert code != 0
    assert re.search(r"no such target '@@\S*archives~lib//:hidden'", text), text[-2000:]


def test_a_stub_is_loaded_from_and_its_targets_say_what_is_missing(
    small: miniature.Workspace,
) -> None:
    assert small.bazel.output(["query", "//:page"], cwd=small.root) == "//:page\n"
    code, text = small.run("build", "--nobuild", "//:page")
    assert code != 0
    assert "no TypeScript here" in text


def test_a_stub_is_its_files_to_the_letter(small: miniature.Workspace) -> None:
    small.bazel.output(["query", "@npm//...:all"], cwd=small.root)
    made = small.repository("npm")
    files = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith(("WORKSPACE", "REPO", "MODULE"))} == {
        "BUILD.bazel",
        "@bazel/typescript/BUILD.bazel",
        "@bazel/typescript/index.bzl",
    }
    index = made / "@bazel/typescript/index.bzl"
    assert index.read_text() == FILES["index.stub"]
    assert not index.stat().st_mode & 0o111
