"""The command that a rendered workspace states makes the same again, wherever that stands."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import golden
import pytest
from click.testing import CliRunner, Result
from xnnkit import paths, profile
from xnnkit.cli.render import command
from xnnkit.errors import BadInput
from xnnkit.render import workspace

NAME = golden.FIRST
pytestmark = pytest.mark.usefixtures("no_sources")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])


def stated(root: Path) -> list[str]:
    """Return the words of the command that MODULE.bazel or WORKSPACE states."""
    file = root / "MODULE.bazel"
    text = (file if file.is_file() else root / "WORKSPACE").read_text()
    found = re.search(r"^# +(xnnkit render .*)$", text, re.MULTILINE)
    assert found
    return shlex.split(found[1])


def targets(root: Path) -> dict[str, list[str]]:
    """Return name -> words of each command that `bazel run` starts in the workspace."""
    tree = ast.parse((root / "BUILD.bazel").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [{one.arg: one.value for one in call.keywords} for call in calls]
    return {
        ast.literal_eval(one["name"]): ast.literal_eval(one["command"])
        for one in given
        if "command" in one
    }


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A profile of the user's, in a file of its own."""
    text = (paths.home() / f"profiles/{NAME}.toml").read_text()
    file = tmp_path / "far away" / "mine.toml"
    file.parent.mkdir()
    file.write_text(text.replace(f'name = "{NAME}"', 'name = "mine"', 1))
    return file


GEMMA = "gemma-2024-05"
GIVEN = {
    "plain": [NAME],
    "workspace": [GEMMA, "--format", "workspace"],
    "ndk": [GEMMA, "--toolchain", "ndk", "--ndk", "r25c", "--api-level", "29"],
    "accepted": [GEMMA, "--toolchain", "ndk", "--accept-ndk-licence"],
    "cache": [NAME, "--remote", "https://cache.example/a", "--remote-read-only"],
    "executor": [
        *(NAME, "--remote", "grpcs://far.example", "--remote", "cache=grpc://near.example"),
        *("--remote-instance", "main", "--remote-property", "a=b", "--remote-property", "c=d"),
        *("--remote-jobs", "40", "--remote-rc", "/etc/own.bazelrc"),
    ],
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_what_is_stated_makes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    again(tmp_path / "ws", given, monkeypatch)


def installed(folder: Path) -> list[str]:
    """Make as much of an NDK as is looked at; return the words that ask for it."""
    folder.mkdir(parents=True)
    (folder / "source.properties").write_text("Pkg.Revision = 26.3.11579264\n")
    return ["--toolchain", "ndk", "--ndk", str(folder)]


@pytest.mark.parametrize("layout", ["module", "workspace"])
@pytest.mark.parametrize(
    "name",
    ["an ndk's", "q\\x", 'n"""', "$(id) `id`", "\\", "{{ command }}", "#", "\u00e9\U0001f600"],
)
def test_an_installed_ndk_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, layout: str
) -> None:
    given = [GEMMA, *installed(tmp_path / "ndk"), "--format", layout]
    assert run(given[0], tmp_path / "plain", *given[1:]).exit_code == 0
    given[4] = installed(tmp_path / "other" / name)[-1]
    again(tmp_path / "ws", given, monkeypatch)
    file = "MODULE.bazel" if layout == "module" else "WORKSPACE"
    plain, other = (ast.parse((tmp_path / one / file).read_text()) for one in ("plain", "ws"))
    for node in ast.walk(other):
        if isinstance(node, ast.Constant) and node.value == given[4]:
            node.value = str(tmp_path / "ndk")
    assert ast.dump(other) == ast.dump(plain)


@pytest.mark.parametrize("name", ['n"""\nload("//:evil.bzl", "evil")\nx = """k', "a\rb", "\x1b[2J"])
def test_an_installed_ndk_whose_name_would_be_more_than_a_name(tmp_path: Path, name: str) -> None:
    words = installed(tmp_path / name)
    done = run(GEMMA, tmp_path / "ws", *words)
    assert isinstance(done.exception, BadInput)
    assert "not printable" in done.exception.what
    assert not (tmp_path / "ws").exists()
    (tmp_path / "link").symlink_to(tmp_path / name)
    assert run(GEMMA, tmp_path / "ws", *words[:-1], tmp_path / "link").exit_code == 0


def again(root: Path, given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(given[0], root, *given[1:])
    assert done.exit_code == 0, done.output
    words = stated(root)
    assert words[:2] == ["xnnkit", "render"]
    assert targets(root)["render"] == words[1:]
    monkeypatch.chdir(root)
    done = run(*words[2:], "--check")
    assert done.exit_code == 0, done.output
    assert targets(root)["verify"] == ["verify", words[2]]


@pytest.mark.parametrize("layout", ["module", "workspace"])
def test_a_profile_of_the_users_comes_along(
    tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    if layout == "workspace":
        text = (paths.home() / f"profiles/{GEMMA}.toml").read_text()
        mine.write_text(text.replace(f'name = "{GEMMA}"', 'name = "mine"', 1))
    root = tmp_path / "ws"
    assert run(mine, root, "--format", layout).exit_code == 0
    assert (root / "profiles/mine.toml").read_bytes() == mine.read_bytes()
    for file in root.rglob("*"):
        assert not file.is_file() or str(mine.parent).encode() not in file.read_bytes()
    moved = root.rename(tmp_path / "elsewhere")
    mine.unlink()
    monkeypatch.chdir(moved)
    for words in (stated(moved)[2:], targets(moved)["render"][1:]):
        done = run(*words, "--check")
        assert done.exit_code == 0, done.output
    assert targets(moved)["verify"] == ["verify", "profiles/mine.toml"]
    assert profile.load("profiles/mine.toml").name == "mine"
    build = (moved / "BUILD.bazel").read_text()
    assert build.count('    profile_file = "profiles/mine.toml",\n') == build.count(
        '    profile = "mine",\n'
    )


def test_a_file_with_the_name_of_ours_and_other_pins_comes_along(tmp_path: Path) -> None:
    file = tmp_path / f"{NAME}.toml"
    text = (paths.home() / f"profiles/{NAME}.toml").read_text()
    file.write_text(text + "# mine\n")
    assert run(file, tmp_path / "ws").exit_code == 0
    assert stated(tmp_path / "ws")[2] == f"profiles/{NAME}.toml"


def test_a_profile_of_ours_is_called_by_its_name_however_it_was_given(tmp_path: Path) -> None:
    assert run(paths.home() / f"profiles/{NAME}.toml", tmp_path / "ws").exit_code == 0
    assert run(NAME, tmp_path / "ws", "--check").exit_code == 0
    assert not (tmp_path / "ws/profiles").exists()


def test_a_profile_of_ours_carries_nothing() -> None:
    assert not [name for name in golden.plan(NAME) if name.startswith("profiles/")]
    assert workspace.carried_file("mine") == "profiles/mine.toml"
