"""A git origin with paths: a part of a commit's tree, checked like a whole one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sparse_origin import PATHS, part_of, sparse
from xnnkit.archives import mirror, verify
from xnnkit.archives.fetch import Fetched, fetch_profile
from xnnkit.archives.http import Net
from xnnkit.errors import BadEnvironment, Finding
from xnnkit.profile import GitOrigin


def fetch(world: Any, net: Net, origin: dict[str, Any], **options: Any) -> Fetched:
    profile = world.profile(origin)
    options = {"git_root": world.upstream.git_root, **options}
    return fetch_profile(profile, cache=world.cache, net=net, **options)[0]


def test_its_tree_is_gits_own_id_of_these_paths(world: Any, net: Net) -> None:
    origin = sparse(world)
    done = fetch(world, net, origin)
    assert done.tree == origin["tree"] != world.upstream.tree
    assert done.notes == ["a part of the commit's tree: 2 paths"]
    assert fetch(world, net, origin).from_cache


def test_another_tree_is_refused_with_the_paths_that_differ(world: Any, net: Net) -> None:
    """Here the pinned bytes lack a path that the pinned tree has."""
    _, wanted = part_of(world, [*PATHS, "src.txt"])
    with pytest.raises(Finding) as caught:
        fetch(world, net, sparse(world, tree=wanted))
    assert "holds another tree: refused" in caught.value.what
    assert wanted in caught.value.why
    refused = world.cache.blob_path(sparse(world)["sha256"])
    assert not refused.exists(), "what was refused may not be in the cache"


def test_what_differs_is_listed_from_a_whole_file_too(world: Any, net: Net) -> None:
    """The cache has another origin's file, of the whole tree: good enough to compare with."""
    everything = [*PATHS, "src.txt"]
    _, wanted = part_of(world, everything)
    origin = sparse(world, tree=wanted, paths=everything)
    profile = world.profile(world.debian(), origin)
    fetch_profile(profile, cache=world.cache, net=net, origins=["debian"])
    packed, _ = part_of(world, PATHS)
    folder = world.folder / "dist"
    folder.mkdir()
    (folder / "x.tar.gz").write_bytes(packed)
    with pytest.raises(Finding, match="holds another tree") as caught:
        fetch_profile(profile, cache=world.cache, net=net, origins=["git"], distdirs=[folder])
    assert "removed src.txt" in caught.value.why


def test_packed_otherwise_is_accepted_by_its_tree(world: Any, net: Net) -> None:
    origin = sparse(world, sha256="0" * 64)
    with pytest.raises(Finding, match="the bytes differ, the tree is the same"):
        fetch(world, Net(), origin)
    done = fetch(world, net, origin, accept_tree=["engine"])
    assert (done.accepted, done.tree) == (True, origin["tree"])


def test_verify_computes_it(world: Any, net: Net) -> None:
    origin = sparse(world)
    fetch(world, net, origin)

    def rows(profile: Any) -> list[verify.Verified]:
        return [
            row
            for row in verify.verify_profile(profile, cache=world.cache, again=True)
            if row.name == "engine"
        ]

    (row,) = rows(world.profile(origin))
    assert (row.state, row.tree) == ("ok", origin["tree"])
    (row,) = rows(world.profile({**origin, "tree": "d" * 40}))
    assert row.state == "wrong"
    assert row.finding is not None
    assert "d" * 40 in row.finding.why


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "same bytes"),
        ({"sha256": "0" * 64}, "same tree only"),
        ({"sha256": "0" * 64, "tree": "d" * 40}, "different"),
        ({"paths": ["link", "nowhere"]}, "no clone"),
    ],
)
def test_mirror(changes: dict[str, Any], state: str, world: Any, tmp_path: Path) -> None:
    """A file that no host packs goes into the folder under the git origin's own name."""
    profile = world.profile(world.http(), sparse(world, **changes))
    (one,) = mirror.mirror_profile(profile, git_root=world.upstream.git_root, out=tmp_path / "out")
    assert one.state == state, one.why
    names = [file.name for file in (tmp_path / "out").iterdir()]
    expected = [f"engine-{world.upstream.commit}.tar.gz"] if state == "same bytes" else []
    assert names == expected
    if state == "no clone":
        assert "'nowhere' did not match any files" in one.why
        assert one.fix == "correct `paths` in the profile"


def test_a_path_is_a_name_and_no_pattern(world: Any, net: Net) -> None:
    """`src*` would match src and src.txt if git took it for a pattern."""
    with pytest.raises(BadEnvironment, match="cannot be fetched") as caught:
        fetch(world, net, sparse(world, paths=["src*"]))
    assert "did not match any files" in caught.value.why
    assert "correct `paths`" in caught.value.fix


@pytest.mark.parametrize(
    "changes",
    [
        {"paths": ["src"]},
        {"tree": "d" * 40},
        {"paths": ["../src"], "tree": "d" * 40},
        {"paths": ["/etc"], "tree": "d" * 40},
        {"paths": [""], "tree": "d" * 40},
        {"paths": ["src/"], "tree": "d" * 40},
        {"repository": "../.."},
        {"repository": "-x/-y"},
        {"url": "http://example.org/acme/engine"},
        {"url": "file:///acme/engine"},
        {"url": "ext::sh -c id"},
        {"url": "--upload-pack=id"},
        {"url": "https://user@example.org/acme/engine"},
        {"url": "https://example.org/acme/engine?x"},
    ],
)
def test_what_the_model_refuses(changes: dict[str, Any], world: Any) -> None:
    with pytest.raises(ValidationError):
        GitOrigin.model_validate(world.git(**changes))


def test_what_the_model_takes(world: Any) -> None:
    origin = GitOrigin.model_validate(
        sparse(world, url="https://example.org:8443/some/group/engine.git")
    )
    assert origin.paths == tuple(PATHS)
