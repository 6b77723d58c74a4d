"""Every entry of a workspace is recorded or named, whatever it is, but for Bazel's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mini as minis
import pytest
from mini import Mini, Run
from xnnkit import profile
from xnnkit.build import build as library
from xnnkit.build.prepare import Sources, prepare
from xnnkit.build.request import Options
from xnnkit.errors import BadInput
from xnnkit.provenance import collect, rcfiles
from xnnkit.provenance.digests import of_text


def write(file: Path, text: str = "x\n") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def link(file: Path, target: str) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(target)


# What is put into a workspace after the build, and how verify calls it.
COMES: dict[str, tuple[Callable[[Path], object], str]] = {
    "rc flags behind a link": (
        lambda ws: link(ws / "user.bazelrc", "/etc/hostname"),
        "workspace link user.bazelrc",
    ),
    "a link to nothing": (lambda ws: link(ws / "user.bazelrc", "gone"), "workspace link user"),
    "a link to a folder": (lambda ws: link(ws / "more", "/etc"), "workspace link more"),
    "a link in a folder": (lambda ws: link(ws / "bench/x.h", "bench.c"), "workspace link bench/x"),
    "a pipe": (lambda ws: os.mkfifo(ws / "pipe"), "workspace entry pipe (a pipe)"),
    "a socket": (
        lambda ws: socket.socket(socket.AF_UNIX).bind(os.path.relpath(ws / "s")),
        "workspace entry s (a socket)",
    ),
    "a name for a terminal": (
        lambda ws: write(ws / "\x1b[2J"),
        "workspace entry \\x1b[2J (a name that",
    ),
    "a folder called as Bazel's": (
        lambda ws: write(ws / "bazel-evil/BUILD.bazel"),
        "workspace file bazel-evil/BUILD.bazel",
    ),
    "a file called as Bazel's": (
        lambda ws: write(ws / "bazel-x.bzl"),
        "workspace file bazel-x.bzl",
    ),
    "a folder in place of Bazel's link": (
        lambda ws: ((ws / "bazel-out").unlink(), write(ws / "bazel-out/BUILD")),
        "workspace file bazel-out/BUILD",
    ),
    "Bazel's link, leading elsewhere": (
        lambda ws: link(ws / "bazel-out", "/etc"),
        "workspace link bazel-out",
    ),
    "Bazel's link, leading back": (
        lambda ws: link(ws / "bazel-bin", "execroot/_main/bazel-out"),
        "workspace link bazel-bin",
    ),
    "a link as Bazel's, of another name": (
        lambda ws: link(ws / "bazel-other", os.readlink(ws / "bazel-out")),
        "workspace link bazel-other",
    ),
    "Bazel's link, further down": (
        lambda ws: link(ws / "bench/bazel-out", os.readlink(ws / "bazel-out")),
        "workspace link bench/bazel-out",
    ),
    "a lock file, though none is written": (
        lambda ws: write(ws / "MODULE.bazel.lock"),
        "workspace file MODULE.bazel.lock",
    ),
    "a name that begins as the disk cache's": (
        lambda ws: write(ws / ".disk_cachefoo"),
        "workspace file .disk_cachefoo",
    ),
    "a file called as the disk cache": (
        lambda ws: write(ws / ".disk_cache"),
        "workspace file .disk_cache",
    ),
    "a disk cache further down": (
        lambda ws: write(ws / "bench/.disk_cache/BUILD"),
        "workspace file bench/.disk_cache/BUILD",
    ),
}


@pytest.mark.parametrize("name", sorted(COMES))
def test_whatever_comes_is_named(
    name: str, mini: Mini, statement: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(mini.root)
    change, expected = COMES[name]
    change(mini.out / "workspace")
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 1, err
    assert expected in err
    assert "is here, and the statement does not name it" in err


def test_what_bazel_leaves_there_does_not_count(mini: Mini, statement: Path, run: Run) -> None:
    workspace = mini.out / "workspace"
    write(workspace / ".disk_cache/ac/00/x")
    (workspace / "empty").mkdir()
    assert (workspace / "bazel-workspace").is_symlink()
    assert run("provenance", "verify", statement, "--out", mini.out)[0] == 0
    for name in ("bin", "out", "testlogs", "workspace"):
        (workspace / f"bazel-{name}").unlink()
    shutil.rmtree(workspace / ".disk_cache")
    assert run("provenance", "verify", statement, "--out", mini.out)[0] == 0


@pytest.fixture
def built_again(mini: Mini) -> Callable[[], Any]:
    """Write build.json anew, of the workspace as it is, and return the statement's definition."""

    def again() -> Any:
        pinned = profile.load(minis.NAME)
        workspace = mini.out / "workspace"
        sources = Sources(mini.cache)
        prepared = prepare(pinned, workspace, sources)
        for name in ("bin", "out", "testlogs", "workspace"):
            (workspace / f"bazel-{name}").unlink()
        minis.links(workspace, mini.root / "base")
        for flavour in pinned.flavour:
            built = workspace / "bazel-bin" / library.target(pinned, flavour)[3:]
            shutil.copy(mini.out / "bin" / flavour.name / "bench", built)
        options = Options(out=mini.out)
        library.finish(pinned, pinned.flavour, prepared, options, minis.BAZEL)
        return json.loads((mini.out / "build.json").read_text())["record"]

    return again


def test_a_link_is_recorded_with_what_is_behind_it(
    mini: Mini, run: Run, built_again: Callable[[], Any]
) -> None:
    flags = mini.root / "flags"
    flags.write_text("build --copt=-g\n")
    workspace = mini.out / "workspace"
    (workspace / "user.bazelrc").symlink_to(flags)
    record = built_again()
    assert record["links"] == {
        "user.bazelrc": {
            "target": of_text(str(flags)),
            "leads_to": "file",
            "content": of_text("build --copt=-g\n"),
        }
    }
    assert str(flags) not in json.dumps(record)
    file = mini.root / "p.json"
    assert run("provenance", minis.NAME, "--out", mini.out, "-o", file)[0] == 0
    verify = ("provenance", "verify", file, "--out", mini.out)
    assert run(*verify)[0] == 0
    flags.write_text("build --copt=-O0\n")
    code, _, err = run(*verify)
    assert code == 1
    assert "workspace link user.bazelrc: stated" in err
    flags.write_text("build --copt=-g\n")
    shutil.copy(flags, mini.root / "same")
    link(workspace / "user.bazelrc", str(mini.root / "same"))
    assert run(*verify)[0] == 1
    link(workspace / "user.bazelrc", str(flags))
    assert run(*verify)[0] == 0
    flags.unlink()
    os.mkfifo(flags)
    assert run(*verify)[0] == 1


def test_what_is_behind_a_link_to_a_folder_is_said_to_be_unchecked(
    mini: Mini, run: Run, built_again: Callable[[], Any]
) -> None:
    (mini.root / "more").mkdir()
    (mini.out / "workspace/more").symlink_to(mini.root / "more")
    assert built_again()["links"]["more"]["leads_to"] == "folder"
    file = mini.root / "p.json"
    assert run("provenance", minis.NAME, "--out", mini.out, "-o", file)[0] == 0
    verify = ("provenance", "verify", file, "--out", mini.out)
    code, _, err = run(*verify)
    assert code == 4
    assert "workspace behind more: a link to a folder: not recorded" in err
    assert run(*verify, "--allow-unchecked")[0] == 0


@pytest.mark.parametrize("name", ["pipe", "\x1b[2J"])
def test_what_no_record_can_hold_is_refused_when_it_is_built(
    name: str, mini: Mini, built_again: Callable[[], Any]
) -> None:
    os.mkfifo(mini.out / "workspace" / name)
    with pytest.raises(BadInput, match="cannot be recorded") as caught:
        built_again()
    assert "\x1b" not in str(caught.value)


# ------------------------------------------------------------------------------------- rc files


def test_rc_files_outside_are_counted_and_nothing_of_them_is_told(
    mini: Mini, run: Run, built_again: Callable[[], Any]
) -> None:
    secret = mini.root / "secret.rc"
    secret.write_text("common --remote_header=x-key=1234\n")
    workspace = mini.out / "workspace"
    write(workspace / "user.bazelrc", f"import {secret}\ntry-import {mini.root}/absent.rc\n")
    record = built_again()
    assert record["outside_rc_files"] == 1
    told = json.dumps(record)
    assert str(secret) not in told
    assert of_text(secret.read_text()) not in told
    file = mini.root / "p.json"
    assert run("provenance", minis.NAME, "--out", mini.out, "-o", file)[0] == 0
    verify = ("provenance", "verify", file, "--out", mini.out)
    code, _, err = run(*verify)
    assert code == 4
    assert "rc files: 1 outside the workspace; what was in them is not recorded" in err
    assert run(*verify, "--allow-unchecked")[0] == 0


def test_imports_are_followed_as_bazel_does(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    outside = [tmp_path / name for name in ("a.rc", "b c.rc", "d.rc", "e.rc", "f.rc")]
    for file in outside:
        file.write_text("import /etc/hostname\n")
    write(
        root / ".bazelrc",
        "build --copt=-g  # import /etc/passwd\n"
        "try-import %workspace%/user.bazelrc\n"
        "try-import %workspace%/absent.bazelrc\n"
        "import %workspace%/../a.rc\n"
        f'import "{tmp_path}/b c.rc"\n'
        f"try-import-if-bazel-version >=8.1.0 {tmp_path}/d.rc\n"
        "import ../e.rc\n"
        "build --import=/etc/passwd\n"
        'import "unfinished\n',
    )
    write(root / "user.bazelrc", f"import %workspace%/.bazelrc\nimport \\\n  {tmp_path}/f.rc\n")
    found = rcfiles.imported(root)
    assert sorted(found.outside) == sorted(outside)
    names = {file.relative_to(root).as_posix() for file in found.inside}
    assert names == {".bazelrc", '"unfinished', "absent.bazelrc", "user.bazelrc"}


def test_a_workspace_without_rc_files_imports_none(tmp_path: Path) -> None:
    assert rcfiles.imported(tmp_path) == rcfiles.Imported((), ())
    os.mkfifo(tmp_path / ".bazelrc")
    assert rcfiles.imported(tmp_path) == rcfiles.Imported((), ())


# --------------------------------------------------------------------------------------- xnnkit


@pytest.mark.parametrize(
    "place",
    [
        "package/build/build.py",
        "package/whole.py",
        "package/archives/judge.py",
        "package/render/templates/more.j2",
        "home/rules/private/flavour.bzl",
        "home/rules/more.bzl",
        "home/MODULE.bazel",
    ],
)
def test_every_file_of_xnnkit_counts(place: str, mini: Mini, statement: Path, run: Run) -> None:
    write(mini.root / place, "# otherwise\n")
    code, out, _ = run("provenance", "verify", statement, "--out", mini.out, "--json")
    assert code == 1
    (changed,) = [c["name"] for c in json.loads(out)["checks"] if c["state"] == "changed"]
    assert changed.startswith("xnnkit: ")


@pytest.mark.parametrize("place", ["__pycache__/x.pyc", "gone/__pycache__/x.pyc", "data/x"])
def test_bytecode_and_the_home_inside_do_not_count(
    place: str, mini: Mini, statement: Path, run: Run
) -> None:
    write(mini.root / "package" / place)
    assert run("provenance", "verify", statement, "--out", mini.out)[0] == 0


def test_an_installed_package_of_links_is_the_same(
    mini: Mini, statement: Path, run: Run, tmp_path: Path
) -> None:
    """Some installers link files into place."""
    file = mini.root / "package/whole.py"
    shutil.move(file, tmp_path / "whole.py")
    file.symlink_to(tmp_path / "whole.py")
    assert run("provenance", "verify", statement, "--out", mini.out)[0] == 0
    write(tmp_path / "whole.py", "# otherwise\n")
    assert run("provenance", "verify", statement, "--out", mini.out)[0] == 1


def test_the_parts_of_this_xnnkit_are_its_folders_and_files() -> None:
    parts = collect.xnnkit_parts()
    assert {"archives", "bazel", "elf", "untrusted.py", "whole.py", "data/rules"} <= set(parts)
    assert not {"__pycache__", "data"} & set(parts)
