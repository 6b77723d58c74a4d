"""Rules and tags that everybody uses: what ``xnnkit lock audit`` sees of them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from xnnkit.lock.audit import Audit, audit

SHA = "a" * 64
COMMIT = "b" * 40
SRI = "sha256-" + "A" * 43 + "="
MODULE = f"""
maven = use_extension("@rules_jvm_external//:extensions.bzl", "maven")
dev = use_extension("@rules_jvm_external//:extensions.bzl", "maven", dev_dependency = True)
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
oci = use_extension("@rules_oci//oci:extensions.bzl", "oci")
deps = use_extension("@gazelle//:extensions.bzl", "go_deps")
crate = use_extension("@rules_rust//crate_universe:extensions.bzl", "crate")
file = use_repo_rule("@bazel_tools//tools/build_defs/repo:http.bzl", "http_file")
COMMIT = "{COMMIT}"
SHA = "{SHA}"
SRI = "{SRI}"
"""


def run(tmp_path: Path, text: str, *, name: str = "MODULE.bazel", **others: str) -> Audit:
    for other, content in others.items():
        (tmp_path / other.replace("__", ".")).write_text(textwrap.dedent(content))
    (tmp_path / name).write_text((MODULE if name == "MODULE.bazel" else "") + text)
    return audit([str(tmp_path)])


@pytest.mark.parametrize(
    ("call", "codes"),
    [
        (
            'git_override(module_name = "m", remote = "http://x.org/b", branch = "main")',
            ["unpinned", "http-only"],
        ),
        ('git_override(module_name = "m", remote = "https://x.org/b")', ["unpinned"]),
        ('archive_override(urls = ["http://x.org/a.zip"])', ["unpinned", "http-only"]),
        ('dev.install(artifacts = ["a:b:latest.release"], lock_file = "x")', ["moving"]),
        ('dev.install(artifacts = ["a:b:1-SNAPSHOT"], lock_file = "x")', ["moving"]),
        ('dev.install(artifacts = [], repositories = ["http://x.org"])', ["http-only"]),
        (
            'dev.install(artifacts = [], repositories = ["http://x.org", "https://y.org"])',
            ["http-only"],
        ),
        ('maven.artifact(group = "g", artifact = "a", version = "[1,)")', ["moving"]),
        ('maven.artifact("g", "a", "1.+")', ["moving"]),
        ('oci.pull(name = "o", image = "x.org/i", tag = "latest")', ["unpinned"]),
        ('oci.pull(name = "o", image = "x.org/i", digest = "latest")', ["unpinned"]),
        ('pip.parse(hub_name = "p", extra_pip_args = ["--index-url=http://x.org"])', ["http-only"]),
        (
            'pip.parse(hub_name = "p", extra_pip_args = ["-i", "http://x.org"])',
            ["http-only"],
        ),
        ('single_version_override(module_name = "m", registry = "http://x.org")', ["http-only"]),
        ('deps.module(path = "x.org/m", version = "v1.0")', ["unpinned"]),
        ('file(name = "f", url = "https://x.org/f")', ["unpinned"]),
        (
            'use_repo_rule("//:x.bzl", "http_file")(name = "f", url = "https://x.org/f")',
            ["unpinned"],
        ),
        ('my.tag(name = "t", mirror = "http://x.org/m")', ["http-only"]),
        ('my.tag("http://x.org/m")', ["http-only"]),
        ('my.update(name = "t", mirror = "http://x.org/m")', ["http-only"]),
        ('my.tag(mirrors = {"a": ["http://x.org/m"]})', ["http-only"]),
        ('my.tag(name = "t", mirror = first("HTTP://x.org/m"))', ["http-only"]),
    ],
)
def test_tags_of_a_module(tmp_path: Path, call: str, codes: list[str]) -> None:
    assert [row.code for row in run(tmp_path, call).findings] == codes


@pytest.mark.parametrize(
    ("call", "codes"),
    [
        ('go_repository(name = "g", importpath = "x.org/g", tag = "v1")', ["unpinned"]),
        ('go_repository(name = "g", importpath = "x.org/g", version = "latest")', ["unpinned"]),
        ('container_pull(name = "c", registry = "x.org", tag = "latest")', ["unpinned"]),
        ('oci_pull(name = "c", image = "x.org/i", tag = "1")', ["unpinned"]),
        (
            f'http_archive(name = "a", sha256 = "{SHA}", url = "https://x.org/a.zip", '
            'remote_patches = {"http://x.org/p": ""})',
            ["unpinned", "http-only"],
        ),
        (
            f'http_archive(name = "a", sha256 = "{SHA}", url = "https://x.org/a.zip", '
            f'remote_patches = {{"http://x.org/p": "{SRI}"}})',
            ["http-only"],
        ),
        (
            f'http_archive(name = "a", sha256 = "{SHA}", url = "https://x.org/a.zip", '
            'remote_file_urls = {"BUILD": ["https://x.org/p"]})',
            ["unpinned"],
        ),
        (
            f'http_archive(name = "a", sha256 = "{SHA}", url = "https://x.org/a.zip", '
            'patch_cmds = ["curl http://x.org/s | sh"])',
            ["http-only"],
        ),
        (
            f'jvm_maven_import_external(name = "j", artifact = "a:b:1", artifact_sha256 = "{SHA}", '
            'server_urls = ["http://x.org"])',
            ["http-only"],
        ),
        (
            'jvm_maven_import_external(name = "j", artifact = "a:b:1", '
            'server_urls = ["https://x.org"])',
            ["unpinned"],
        ),
        (
            f'java_import_external(name = "j", jar_urls = ["https://x.org/j"], jar_sha256 = "{SHA}"'
            ', srcjar_urls = ["http://x.org/s"])',
            ["unpinned", "http-only"],
        ),
        ('maven_jar(name = "j", artifact = "a:b:1", sha1 = "x")', ["unpinned"]),
        (
            'third_party(name = "t", amd64_urls = ["https://x.org/t"], amd64_sha256 = "")',
            ["unpinned"],
        ),
        ('third_party(url = "https://x.org/t.zip")', ["unpinned"]),
    ],
)
def test_rules_of_a_workspace(tmp_path: Path, call: str, codes: list[str]) -> None:
    assert [row.code for row in run(tmp_path, call, name="WORKSPACE").findings] == codes


@pytest.mark.parametrize(
    "call",
    [
        'git_override(module_name = "m", remote = "https://x.org/b", commit = COMMIT)',
        'archive_override(module_name = "m", urls = ["https://x.org/a.zip"], integrity = SRI)',
        'dev.install(artifacts = ["a:b:[1.0]", "c:d:1"], lock_file = "x", repositories = ["https://x"])',
        'maven.artifact(group = "g", artifact = "a", version = "[23.3-jre]")',
        'oci.pull(name = "o", image = "x.org/i", tag = "1", digest = "sha256:" + SHA)',
        'pip.parse(hub_name = "p", requirements_lock = "//:r.txt", extra_pip_args = ["--no-deps"])',
        'single_version_override(module_name = "m", version = "1", patches = ["//:p"])',
        'deps.module(path = "x.org/m", version = "v1", sum = "h1:" + SRI[7:])'.replace(
            "SRI[7:]", '"' + SRI[7:] + '"'
        ),
        'file(name = "f", url = "https://x.org/f", sha256 = SHA)',
        'bazel_dep(name = "a", version = "1")',
        'module(name = "a", version = "1")',
        'crate.spec(package = "syn", version = ">=2, <3")',
        'my.toolchain(version = "1.2", doc = "http://x.org")',
        'my.source_archive(sha256 = SHA, version = "3.10.0")',
        'my.tag(homepage = "http://x.org", license_url = "http://x.org", visibility = ["http://x"])',
        'my.tag(text = "see http://x.org for more", importpath = "x.org/y")',
        'print("http://x.org")',
        'X = "{name} of {url}".format(name = "n", url = "http://x.org")',
        'register_toolchains("//:all")',
    ],
)
def test_what_is_understood_and_fine_is_not_named(tmp_path: Path, call: str) -> None:
    found = run(tmp_path, call)
    assert (found.findings, found.unread) == ([], [])


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ('my.tag(name = "t", link = "https://x.org/a.zip")', "link names https://x.org/a.zip"),
        ('my.tag("https://x.org/a.zip")', "what it is given names https://x.org/a.zip"),
        ('my.tag(name = "t", branch = "main")', "branch"),
        ('my.tag(name = "t", commit = "main")', "commit"),
        ('my.tag(name = "t", version = "latest")', "version"),
        ('my.tag(sha256 = "TODO")', "sha256"),
        ("my.tag(**THINGS)", "what ** adds"),
        ("http_archive(**THINGS)", "what ** adds"),
        ('crate.spec(package = "p", git = "https://x.org/p", branch = "main")', "git"),
        (
            'file(name = "f", url = "https://x.org/f", sha256 = SHA, remote_patches = THINGS)',
            "remote_patches",
        ),
        ("include(WHAT)", "what it includes is no constant"),
        ("load(WHAT)", "what it loads is no constant"),
        (
            'file(name = "f", url = "https://x.org/f", sha256 = SHA, patch_cmds = ["wget -i l"])',
            "a command fetches",
        ),
    ],
)
def test_what_is_not_understood_is_unread(tmp_path: Path, call: str, why: str) -> None:
    found = run(tmp_path, call)
    assert found.unread
    where, what = found.unread[0]
    assert where.endswith(f"MODULE.bazel:{MODULE.count(chr(10)) + 1}")
    assert why in what


def test_what_is_included_is_read(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        'include("//:more.MODULE.bazel")\n',
        more__MODULE__bazel="""
        git_override(module_name = "m", remote = "http://evil.org/b", branch = "main")
        include("//:gone.MODULE.bazel")
        include("@other//:x.MODULE.bazel")
        """,
    )
    assert [(row.code, row.where) for row in found.findings] == [
        ("unpinned", "more.MODULE.bazel:2"),
        ("http-only", "more.MODULE.bazel:2"),
    ]
    assert found.unread == [
        ("//:gone.MODULE.bazel", "there is no such file"),
        ("@other//:x.MODULE.bazel", "it is no file of this workspace"),
    ]
    assert [Path(file).name for file in found.files] == ["MODULE.bazel", "more.MODULE.bazel"]


def test_what_a_module_calls_itself_is_its_own(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        'workspace(name = "me")\nload("@me//:deps.bzl", "d")\nload("@you//:deps.bzl", "d")\n',
        name="WORKSPACE",
        deps__bzl='def d():\n    http_file(name = "f", url = "https://x.org/f")\n',
    )
    assert [row.where for row in found.findings] == ["deps.bzl:2"]
    assert found.unread == []


def test_an_unread_address_is_told(tmp_path: Path) -> None:
    found = run(tmp_path, 'file(name = "f", urls = mirrors(), sha256 = SHA)')
    assert [(row.code, row.name) for row in found.notes] == [("unread", "f")]


def test_a_lock_that_is_not_named_is_told(tmp_path: Path) -> None:
    found = run(tmp_path, 'pip.parse(hub_name = "p")\nmaven.install(artifacts = ["a:b:1"])')
    assert [(row.code, row.name) for row in found.notes] == [("unread", "p"), ("unread", "maven")]
