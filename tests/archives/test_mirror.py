"""Making archives again from clones."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from xnnkit import profile as profiles
from xnnkit.archives import distdir, mirror
from xnnkit.cli.main import main
from xnnkit.errors import BadInput


def run(world: Any, tmp_path: Path, *origins: Any, **archive: Any) -> mirror.Mirrored:
    profile = world.profile(*origins, **archive)
    (result,) = mirror.mirror_profile(
        profile, git_root=world.upstream.git_root, out=tmp_path / "out"
    )
    return result


def test_same_bytes(world: Any, tmp_path: Path) -> None:
    result = run(world, tmp_path, world.http(), world.git())
    assert result.state == "same bytes"
    file = tmp_path / "out" / f"{world.upstream.commit}.tar.gz"
    assert result.file == file
    assert file.read_bytes() == world.upstream.targz
    assert list(file.parent.iterdir()) == [file], "nothing else may be left there"
    found = distdir.index([file.parent], world.profile(world.http()).archive[0].origin)
    assert found == {world.http()["sha256"]: file}


def test_same_tree_only(world: Any, tmp_path: Path) -> None:
    result = run(world, tmp_path, world.http(sha256="0" * 64), world.git(sha256="0" * 64))
    assert result.state == "same tree only"
    assert result.file is None
    assert list((tmp_path / "out").iterdir()) == []
    assert mirror.exit_code([result]) == 0


def test_different(world: Any, tmp_path: Path) -> None:
    pins = {"sha256": "0" * 64}
    result = run(world, tmp_path, world.http(**pins), world.git(**pins), tree="d" * 40)
    assert result.state == "different"
    assert list((tmp_path / "out").iterdir()) == []
    assert mirror.exit_code([result]) == 1


def test_no_clone_and_a_clone_without_the_commit(world: Any, tmp_path: Path) -> None:
    result = run(world, tmp_path, world.http(), world.git(repository="acme/other"))
    assert result.state == "no clone"
    assert mirror.exit_code([result]) == 3
    result = run(world, tmp_path, world.http(), world.git(), commit="e" * 40)
    assert result.state == "no clone"
    assert "does not have commit" in result.why


@pytest.mark.parametrize("form", ["bare", "crawled", "worktree", "borrowing"])
def test_every_form_of_clone(form: str, world: Any, tmp_path: Path) -> None:
    import subprocess

    root = tmp_path / "root"
    source = world.upstream.clone

    def git(*args: str) -> None:
        subprocess.run(["git", *args], check=True, capture_output=True)

    place = root / "acme" / "engine"
    place.parent.mkdir(parents=True)
    if form == "bare":
        git("clone", "-q", "--bare", str(source), f"{place}.git")
    elif form == "crawled":
        (root / "acme+engine").mkdir()
        shutil.copytree(source / ".git", root / "acme+engine" / "repo")
        (root / "acme+engine" / "repo" / "config").unlink()
    elif form == "worktree":
        copy = tmp_path / "copy"
        git("clone", "-q", str(source), str(copy))
        git("-C", str(copy), "worktree", "add", "-q", "--detach", str(place))
    else:
        git("clone", "-q", "--shared", str(source), str(place))
        objects = place / ".git" / "objects"
        lender = os.path.relpath(source / ".git" / "objects", objects)
        (objects / "info" / "alternates").write_text(lender + "\n")
    profile = world.profile(world.http(), world.git())
    (result,) = mirror.mirror_profile(profile, git_root=root, out=tmp_path / "out")
    assert result.state == "same bytes", result.why


def test_two_archives_with_one_file_name(world: Any, tmp_path: Path) -> None:
    data = world.data(world.http(), world.git())
    data["archive"].append({**data["archive"][0], "name": "other"})
    profile = profiles.Profile.model_validate(data)
    root = world.upstream.git_root
    results = mirror.mirror_profile(profile, git_root=root, out=tmp_path / "same")
    assert [one.state for one in results] == ["same bytes"] * 2
    changed = [world.http(sha256="0" * 64), world.git()]
    data["archive"][1] = {**data["archive"][0], "name": "other", "origin": changed}
    with pytest.raises(BadInput, match="both have a file named"):
        mirror.mirror_profile(
            profiles.Profile.model_validate(data),
            git_root=world.upstream.git_root,
            out=tmp_path / "out",
        )


def test_the_command(world: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(world.profile_file(world.http(), world.git()))
    root = str(world.upstream.git_root)
    assert main(["mirror", path, "--git-root", root, "--out", str(tmp_path / "o"), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["mirrored"]
    assert one["state"] == "same bytes"
    assert main(["mirror", path, "--out", str(tmp_path / "o")]) == 2
    assert "--git-root" in capsys.readouterr().err


@pytest.mark.upstream
@pytest.mark.parametrize("name", profiles.names())
def test_the_real_archives_come_out_byte_for_byte(name: str, tmp_path: Path) -> None:
    root = Path(os.environ["XNNKIT_GIT_ROOT"])
    results = mirror.mirror_profile(profiles.load(name), git_root=root, out=tmp_path / "out")
    for result in results:
        print(f"{result.name}: {result.state} {result.sha256} {result.size} {result.filename}")
    assert {result.state for result in results} == {"same bytes"}
