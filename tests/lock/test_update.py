"""``xnnkit lock update`` on a small upstream: what is written was seen, and nothing else is."""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lock_world import World
from xnnkit import profile as profiles
from xnnkit.archives.tree import tree_id
from xnnkit.archives.unpack import unpack
from xnnkit.cli import main
from xnnkit.errors import BadEnvironment, BadInput, Finding, XnnkitError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, ["lock", "update", *arguments])


def error(kind: type[XnnkitError], *arguments: str) -> XnnkitError:
    result = run(*arguments)
    assert isinstance(result.exception, kind), (result.output, result.exception)
    return result.exception


def pinned(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(file.read_text())["archive"][0]
    return found


def test_nothing_is_written_unless_asked(world: World) -> None:
    world.serve("v2.0")
    before = world.profile.read_bytes()
    result = run("small", "engine", "--to", "v2.0")
    assert result.exit_code == 0, result.output
    assert "nothing is written: --write, or --output FILE" in result.stderr
    assert world.profile.read_bytes() == before
    assert result.stdout.startswith("--- a/profiles/small.toml\n+++ b/profiles/small.toml\n")


def test_only_the_needed_lines_change(world: World) -> None:
    world.serve("v2.0")
    before = world.profile.read_text()
    result = run("small", "engine", "--to", "v2.0", "--write")
    assert result.exit_code == 0, result.output
    after = world.profile.read_text()
    changed = [
        line
        for line in difflib.ndiff(before.splitlines(), after.splitlines())
        if line[0] in "+-" and line[2:]
    ]
    old = [line[2:] for line in changed if line[0] == "-"]
    new = [line[2:] for line in changed if line[0] == "+"]
    assert [line.split(" = ")[0] for line in new] == [
        *("commit", "tree", "url", "sha256", "size", "strip_prefix"),
        *("sha256", "size", "strip_prefix"),
    ]
    assert any(line.endswith("# of the bytes") for line in new)
    # The Debian file is of the old commit; its comment goes with it, the heading below stays.
    assert "# Debian's." in old
    assert 'name   = "engine"  # oddly spaced' in after
    assert "# What this profile is for." in after
    assert "# ---------------------------------------------------------------- toolchains" in after


def test_what_is_written_was_seen(world: World, tmp_path: Path) -> None:
    world.serve("v2.0")
    assert run("small", "engine", "--to", "v2.0", "--write").exit_code == 0
    data = world.archive("v2.0")
    archive = pinned(world.profile)
    assert archive["commit"] == world.commit("v2.0")
    assert archive["tree"] == world.tree("v2.0")
    assert [origin["type"] for origin in archive["origin"]] == ["http", "git"]
    assert archive["origin"][0]["url"] == world.url("v2.0")
    for origin in archive["origin"]:
        assert origin["sha256"] == hashlib.sha256(data).hexdigest()
        assert origin["size"] == len(data)
        assert origin["strip_prefix"] == f"engine-{world.commit('v2.0')}"
    assert world.asked == [world.url("v2.0")]
    file = tmp_path / "seen.zip"
    file.write_bytes(data)
    unpack(file, "zip", tmp_path / "t", strip_prefix=archive["origin"][0]["strip_prefix"])
    assert tree_id(tmp_path / "t") == archive["tree"]


def test_the_new_pins_can_be_fetched_and_patched(world: World) -> None:
    world.serve("v2.0")
    assert run("small", "engine", "--to", "v2.0", "--write").exit_code == 0
    only_git = ["--origin", "git"]
    done = CliRunner().invoke(main.cli, ["patch", "check", "small", *only_git])
    assert done.exit_code == 0, (done.output, done.exception)


def test_other_bytes_of_the_host_are_pinned_as_they_are(
    world: World, repack: Callable[[bytes], bytes]
) -> None:
    data = repack(world.archive("v2.0"))
    world.served[world.url("v2.0")] = data
    assert run("small", "engine", "--to", "v2.0", "--write").exit_code == 0
    http, git = pinned(world.profile)["origin"]
    assert http["sha256"] == hashlib.sha256(data).hexdigest()
    assert git["sha256"] == hashlib.sha256(world.archive("v2.0")).hexdigest()


def test_another_tree_is_refused(world: World) -> None:
    world.served[world.url("v2.0")] = world.archive("v3.0").replace(
        world.commit("v3.0").encode(), world.commit("v2.0").encode()
    )
    before = world.profile.read_bytes()
    told = error(Finding, "small", "engine", "--to", "v2.0", "--write")
    assert "does not hold the commit's tree" in told.what
    assert f"expected tree {world.tree('v2.0')}, found {world.tree('v3.0')}" in told.why
    assert "changed src/a.c" in told.why
    assert world.profile.read_bytes() == before


def test_a_file_that_is_no_archive_is_refused(world: World) -> None:
    world.served[world.url("v2.0")] = b"<html>please log in</html>"
    error(Finding, "small", "engine", "--to", "v2.0", "--write")
    assert pinned(world.profile)["commit"] == world.commit("v1.0")


def test_an_address_that_cannot_be_reached_is_refused(world: World) -> None:
    told = error(BadEnvironment, "small", "engine", "--to", "v2.0", "--write")
    assert "a hash that nobody has seen is not written" in told.why
    assert "--from-git" in told.fix
    assert pinned(world.profile)["commit"] == world.commit("v1.0")


def test_git_may_stand_in_where_it_makes_todays_file(world: World) -> None:
    result = run("small", "engine", "--to", "v2.0", "--write", "--from-git", "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)["update"]
    assert [one["how"] for one in content["origins"]] == ["reproduced", "made by git"]
    assert content["left"] == ["debian:pool/main/e/engine/engine_1.0.orig.tar.xz"]
    assert pinned(world.profile)["origin"][0]["url"] == world.url("v2.0")


def test_git_may_not_where_it_makes_another(world: World, repack: Callable[[bytes], bytes]) -> None:
    data = repack(world.archive("v1.0"))
    old = hashlib.sha256(world.archive("v1.0")).hexdigest()
    text = world.profile.read_text().replace(old, hashlib.sha256(data).hexdigest())
    world.profile.write_text(text.replace(f"= {len(world.archive('v1.0'))}\n", f"= {len(data)}\n"))
    told = error(BadEnvironment, "small", "engine", "--to", "v2.0", "--from-git")
    assert "--from-git cannot stand in" in told.what
    assert f"git makes {old}" in told.why


def test_a_patch_set_that_does_not_fit_is_told_edit_by_edit(world: World) -> None:
    world.serve("v3.0")
    told = error(Finding, "small", "engine", "--to", "v3.0", "--write")
    assert told.what.startswith("2 edits of engine/fix do not fit engine")
    assert "(fast)" in told.why
    assert "(slow)" in told.why
    assert pinned(world.profile)["commit"] == world.commit("v1.0")
    result = run("small", "engine", "--to", "v3.0", "--write", "--ignore-patches")
    assert result.exit_code == 0
    assert "patch set engine/fix (2 edits): 2 do not fit" in result.stderr
    assert pinned(world.profile)["commit"] == world.commit("v3.0")


def test_json_is_one_document_even_then(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.serve("v3.0")
    code = main.main(["lock", "update", "small", "--to", "v3.0", "--write", "--json"])
    content = json.loads(capsys.readouterr().out)["update"]
    assert (code, content["ok"]) == (1, False)
    assert [len(one["problems"]) for one in content["patch_sets"]] == [2]
    assert pinned(world.profile)["commit"] == world.commit("v1.0")


def test_line_ends_stay(world: World) -> None:
    world.serve("v2.0")
    world.profile.write_bytes(world.profile.read_bytes().replace(b"\n", b"\r\n"))
    assert run("small", "--to", "v2.0", "--write").exit_code == 0
    data = world.profile.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert pinned(world.profile)["commit"] == world.commit("v2.0")


def test_the_diff_of_what_is_rendered(world: World) -> None:
    world.serve("v2.0")
    result = run("small", "--to", "v2.0", "--rendered")
    assert result.exit_code == 0, result.output
    assert "+++ b/module/MODULE.bazel\n" in result.stdout
    assert "+++ b/package/profile.json\n" in result.stdout
    assert f'+    tree = "{world.tree("v2.0")}",' in result.stdout


def test_another_file_is_another_profile(world: World, tmp_path: Path) -> None:
    world.serve("v2.0")
    target = tmp_path / "mine.toml"
    result = run("small", "--to", world.commit("v2.0"), "-o", str(target))
    assert result.exit_code == 0, result.output
    assert profiles.load(str(target)).name == "mine"
    assert pinned(target)["commit"] == world.commit("v2.0")
    assert pinned(world.profile)["commit"] == world.commit("v1.0")


@pytest.mark.parametrize("name", ["pyproject.toml", "small.toml", "notes"])
def test_a_file_that_is_no_such_profile_is_not_written_over(
    world: World, tmp_path: Path, name: str
) -> None:
    world.serve("v2.0")
    target = tmp_path / name
    target.write_text('[project]\nname = "mine"\n')
    told = error(BadInput, "small", "--to", "v2.0", "-o", str(target))
    assert "is no profile called" in told.what
    assert target.read_text() == '[project]\nname = "mine"\n'
    assert world.asked == []


def test_a_profile_of_another_name_is_not_written_over(world: World, tmp_path: Path) -> None:
    world.serve("v2.0")
    target = tmp_path / "mine.toml"
    target.write_bytes(world.profile.read_bytes())
    error(BadInput, "small", "--to", "v2.0", "-o", str(target))
    assert target.read_bytes() == world.profile.read_bytes()
    target.unlink()
    for tag in ("v1.0", "v2.0", "v1.0"):
        world.serve(tag)
        assert run("small", "--to", tag, "-o", str(target)).exit_code == 0
        assert pinned(target)["commit"] == world.commit(tag)


@pytest.mark.parametrize("options", [(), ("--from-git",), ("--write",), ("--write", "--from-git")])
@pytest.mark.parametrize("to", ["v1.0", "commit"])
def test_the_pinned_commit_keeps_its_pins(world: World, to: str, options: tuple[str, ...]) -> None:
    before = world.profile.read_bytes()
    to = world.commit("v1.0") if to == "commit" else to
    result = run("small", "engine", "--to", to, *options)
    assert result.exit_code == 0, (result.output, result.exception)
    assert result.stdout == ""
    assert f"engine is at {world.commit('v1.0')[:12]} already: nothing to do" in result.stderr
    assert "written" not in result.stderr
    assert world.profile.read_bytes() == before
    result = run("small", "engine", "--to", to, "--json", *options)
    content = json.loads(result.stdout)["update"]
    assert (content["ok"], content["diff"], content["left"]) == (True, "", [])
    told = error(Finding, "small", "--to", to, "--tree", world.tree("v3.0"))
    assert "is pinned with another tree" in told.what


def test_the_pinned_commit_under_another_name(world: World, tmp_path: Path) -> None:
    target = tmp_path / "mine.toml"
    assert run("small", "--to", "v1.0", "-o", str(target)).exit_code == 0
    assert target.read_text() == world.profile.read_text().replace('"small"', '"mine"')


def test_another_address_of_the_pinned_commit(
    world: World, repack: Callable[[bytes], bytes]
) -> None:
    before = pinned(world.profile)
    url = "https://example.org/elsewhere.zip"
    prefix = f"engine-{world.commit('v1.0')}"
    options = ("--to", "v1.0", "--url", url, "--strip-prefix", prefix, "--write")
    world.served[url] = world.archive("v2.0").replace(
        world.commit("v2.0").encode(), world.commit("v1.0").encode()
    )
    assert "does not hold the commit's tree" in error(Finding, "small", *options).what
    assert pinned(world.profile) == before
    world.served[url] = data = repack(world.archive("v1.0"))
    result = run("small", *options)
    assert result.exit_code == 0, (result.output, result.exception)
    after = pinned(world.profile)
    assert after["origin"][0] == {
        **before["origin"][0],
        "url": url,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }
    assert after["origin"][1:] == before["origin"][1:]
    assert (after["commit"], after["tree"]) == (before["commit"], before["tree"])


@pytest.mark.parametrize(
    ("to", "what"),
    [
        ("--upload-pack=touch x", "neither a commit nor a tag"),
        ("v1.0..v2.0", "neither a commit nor a tag"),
        ("v2.0^{tree}", "neither a commit nor a tag"),
        ("a b", "neither a commit nor a tag"),
        ("../x", "neither a commit nor a tag"),
        ("v2.0.lock", "neither a commit nor a tag"),
        ("", "neither a commit nor a tag"),
    ],
)
def test_what_is_no_ref_is_refused_before_git_sees_it(world: World, to: str, what: str) -> None:
    assert what in error(BadInput, "small", "engine", f"--to={to}").what


def test_a_tag_is_asked_for_where_no_clone_knows_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XNNKIT_GIT_ROOT")
    monkeypatch.setenv("XNNKIT_GIT_MIRROR", f"file://{world.git_root}")
    world.git("config", "uploadpack.allowAnySHA1InWant", "true")
    world.git("config", "uploadpack.allowFilter", "true")
    world.serve("v2.0")
    result = run("small", "engine", "--to", "v2.0", "--write")
    assert result.exit_code == 0, (result.output, result.exception)
    assert pinned(world.profile)["commit"] == world.commit("v2.0")
    told = error(BadInput, "small", "engine", "--to", "v2.9")
    assert "has no such tag" in told.what
    assert "v2.0" in told.why
    told = error(BadInput, "small", "engine", "--to", "main")
    assert "is a branch" in told.what
    assert world.commit("v3.0") in told.fix


def test_a_branch_of_a_clone_is_known_without_the_repository(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XNNKIT_GIT_MIRROR", f"file://{world.git_root}/nowhere")
    told = error(BadInput, "small", "engine", "--to", "main")
    assert "is a branch" in told.what
    assert world.commit("v3.0") in told.fix
    told_of_none = error(BadEnvironment, "small", "engine", "--to", "no-such-branch")
    assert "cannot be asked" in told_of_none.what


def test_a_commit_that_cannot_be_had(world: World) -> None:
    told = error(BadEnvironment, "small", "engine", "--to", "f" * 40)
    assert "cannot be had" in told.what
    assert f"fetch origin {'f' * 40}" in told.fix


def without_git(world: World) -> None:
    text = world.profile.read_text()
    begin = text.index('[[archive.origin]]\ntype = "git"')
    world.profile.write_text(text[:begin] + text[text.index("# Debian's.") :])


def test_without_git_the_user_vouches_for_the_tree(world: World) -> None:
    without_git(world)
    world.serve("v2.0")
    to = ("--to", world.commit("v2.0"))
    assert "nothing says what the tree" in error(BadInput, "small", "engine", *to).what
    wrong = error(Finding, "small", "engine", *to, "--tree", world.tree("v3.0"))
    assert "does not hold the commit's tree" in wrong.what
    result = run("small", "engine", *to, "--tree", world.tree("v2.0"), "--write")
    assert result.exit_code == 0, (result.output, result.exception)
    assert pinned(world.profile)["tree"] == world.tree("v2.0")


def test_an_address_without_the_commit_must_be_given(world: World) -> None:
    plain = "https://example.org/engine.zip"
    world.profile.write_text(world.profile.read_text().replace(world.url("v1.0"), plain))
    told = error(BadInput, "small", "engine", "--to", "v2.0")
    assert "--url URL" in told.fix
    world.served["https://example.org/engine-2.zip"] = world.archive("v2.0")
    prefix = f"engine-{world.commit('v2.0')}"
    url = ("--url", "https://example.org/engine-2.zip", "--strip-prefix", prefix)
    assert run("small", "engine", "--to", "v2.0", *url, "--write").exit_code == 0
    assert pinned(world.profile)["origin"][0]["url"] == url[1]
    url = ("--url", "ftp://example.org/e.zip")
    assert "url cannot be" in error(BadInput, "small", "engine", "--to", "v2.0", *url).what


def test_a_profile_of_the_installed_package_is_not_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.serve("v2.0")
    monkeypatch.setattr("xnnkit.__file__", str(world.profile.parents[1] / "__init__.py"))
    told = error(BadInput, "small", "engine", "--to", "v2.0", "--write")
    assert "belongs to the installed xnnkit" in told.what
    assert told.fix.startswith("--output small.toml")


def test_a_profile_of_a_module_is_not_changed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path / "somebody"))
    told = error(BadInput, "small", "engine", "--to", "v2.0", "--write")
    assert "belongs to the installed xnnkit" in told.what
    world.serve("v2.0")
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(world.profile.parents[1]))
    assert run("small", "engine", "--to", "v2.0", "--write").exit_code == 0


def test_options_that_exclude_each_other(world: World) -> None:
    error(BadInput, "small", "--to", "v2.0", "--write", "-o", "x.toml")
    error(BadInput, "small", "--to", "v2.0", "--strip-prefix", "x")
    error(BadInput, "small", "nothing", "--to", "v2.0")


def test_a_description_names_the_new_commit(world: World) -> None:
    world.serve("v2.0")
    old = pinned(world.profile)["commit"]
    other = "f" * 8 if old[0] != "f" else "e" * 8
    text = world.profile.read_text()
    line = next(line for line in text.splitlines() if line.startswith("description"))
    told = f'description = "small, on engine {old[:8]}, not {other}"'
    world.profile.write_text(text.replace(line, told, 1))
    result = run("small", "engine", "--to", "v2.0", "--write")
    assert result.exit_code == 0, result.output
    new = pinned(world.profile)["commit"]
    assert new != old
    assert f'"small, on engine {new[:8]}, not {other}"' in world.profile.read_text()
