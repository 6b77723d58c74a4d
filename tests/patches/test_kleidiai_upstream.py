"""The KleidiAI patch set on the real trees that profiles put it on."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tomllib
from pathlib import Path

import pytest
from xnnkit import paths
from xnnkit.archives import regenerate
from xnnkit.build.request import Sources
from xnnkit.lock import rebase
from xnnkit.patches import apply, check
from xnnkit.patches.model import load_patch_set
from xnnkit.profile import load

NAME = "xnnpack-5ecf0769/kleidiai"
BASES = (
    "5ecf0769c54cd224bd0026fe2c8d2ad6f3c4368a",
    "2fe25b859581a34e77b48b06c640ac1a5a58612e",
)
TOUCHED = ["BUILD.bazel", "build_defs.bzl", "build_config", "include", "src"]


def test_profiles_use_the_set_where_it_is_tested() -> None:
    used = set()
    for file in (paths.home() / "profiles").glob("*.toml"):
        profile = tomllib.loads(file.read_text())
        commits = {archive["name"]: archive["commit"] for archive in profile["archive"]}
        for flavour in profile["flavour"]:
            if NAME in flavour["patch_sets"]:
                used.add(commits[flavour["archives"]["XNNPACK"]])
                # Its conditions are written in the form that the switches' edits look for.
                assert flavour["patch_sets"].index(NAME) == 0
    assert used == set(BASES)


@pytest.mark.upstream
@pytest.mark.parametrize("commit", BASES, ids=[one[:8] for one in BASES])
def test_every_tool_takes_it_and_the_switches_after_it(
    commit: str, tmp_path: Path, tools: list[str]
) -> None:
    git_root = paths.git_root()
    assert git_root is not None
    clone = regenerate.find_clone(git_root, "google/XNNPACK")
    assert clone is not None, f"no clone of google/XNNPACK under {git_root}"
    packed = subprocess.run(
        ["git", "-C", str(clone), "archive", commit, *TOUCHED], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path, filter="data")
    for name in (NAME, "xnnpack/switches-2024-03"):
        patch_set = load_patch_set(name)
        outcomes = check.check(patch_set, tmp_path)
        assert [(one.tool, one.said) for one in outcomes] == [(tool, "") for tool in tools]
        apply.write(apply.changes(patch_set, tmp_path), tmp_path)
    build = (tmp_path / "BUILD.bazel").read_text()
    for switch in ("kleidiai", "kleidiai_qc8w", "kleidiai_tiles"):
        assert f'switch_setting(\n    name = "xnn_enable_{switch}_explicit_true",' in build


@pytest.mark.upstream
def test_where_it_stops_is_what_the_readme_says() -> None:
    last = "737d332835a9"
    sources = Sources(paths.cache_dir(), git_root=paths.git_root())
    later = "50b3339aebbaf7d4a8c01de44afb98ed91c03f0d"  # of 2024-08-01
    found = rebase.against(
        load("gemma-2024-05"),
        [BASES[0], later],
        sources,
        archive="XNNPACK_5ecf0769",
        patch_set=NAME,
    )
    assert [one.ok for one in found.tried] == [True, False]
    assert found.stops is not None
    assert found.stops.commit.identity.startswith(last)
    readme = (paths.home() / "patches" / NAME / "README.md").read_text()
    assert last[:8] in readme
