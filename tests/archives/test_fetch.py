"""Fetching a profile: where it looks, in which order, and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from xnnkit.archives.fetch import Fetched, fetch_profile
from xnnkit.archives.http import Net
from xnnkit.errors import BadEnvironment, BadInput, Finding, XnnkitError
from xnnkit.profile import HttpOrigin, Profile


def fetch(world: Any, profile: Profile, net: Net, **options: Any) -> dict[str, Fetched]:
    done = fetch_profile(profile, cache=world.cache, net=net, **options)
    return {one.name: one for one in done}


def fails(world: Any, profile: Profile, net: Net, **options: Any) -> XnnkitError:
    with pytest.raises(XnnkitError) as caught:
        fetch(world, profile, net, **options)
    return caught.value


def sha(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def test_debian(world: Any, net: Net) -> None:
    done = fetch(world, world.profile(), net)
    engine, zig = done["engine"], done["zig"]
    assert (engine.kind, engine.tree, engine.via) == (
        "archive",
        world.upstream.tree,
        "debian",
    )
    assert (zig.kind, zig.tree, zig.via) == ("toolchain", None, "debian")
    assert engine.blob.read_bytes() == world.upstream.tarxz
    assert not list(world.cache.partial.iterdir())


def test_a_second_fetch_asks_nobody(world: Any, net: Net) -> None:
    fetch(world, world.profile(), net)
    world.server.requests.clear()
    done = fetch(world, world.profile(), net)
    assert all(one.from_cache for one in done.values())
    assert not world.server.requests


def test_nothing_is_written_outside_the_cache(world: Any, net: Net, tmp_path: Path) -> None:
    before = {p for p in tmp_path.rglob("*") if world.cache.root not in (p, *p.parents)}
    here = set(os.listdir())
    fetch(world, world.profile(world.git()), net, git_root=world.upstream.git_root)
    after = {p for p in tmp_path.rglob("*") if world.cache.root not in (p, *p.parents)}
    assert after == before
    assert set(os.listdir()) == here


def test_http(world: Any, net: Net) -> None:
    data = world.upstream.targz
    world.server.files["/a.tar.gz"] = data
    origin = HttpOrigin.model_construct(**{**world.http(), "url": world.server.url + "a.tar.gz"})
    profile = world.profile()
    archive = profile.archive[0].model_copy(update={"origin": (origin,)})
    profile = profile.model_copy(update={"archive": (archive,)})
    assert fetch(world, profile, net)["engine"].tree == world.upstream.tree


def test_git(world: Any, net: Net) -> None:
    done = fetch(world, world.profile(world.git()), net, git_root=world.upstream.git_root)
    assert done["engine"].via == "git"
    assert done["engine"].blob.read_bytes() == world.upstream.targz


@pytest.mark.parametrize("fmt", ["zip", "tar.gz"])
def test_git_zip_depends_on_the_time_zone(fmt: str, world: Any, net: Net) -> None:
    data = world.upstream.zip if fmt == "zip" else world.upstream.targz
    origin = world.git(format=fmt, sha256=sha(data), size=len(data))
    fetch(world, world.profile(origin), net, git_root=world.upstream.git_root)
    other = world.profile({**origin, "timezone": "UTC", "sha256": "0" * 64})
    error = fails(world, other, net, git_root=world.upstream.git_root)
    # A zip made in another zone has other bytes and the same tree; a tar has no zone.
    assert "by this machine's git: the bytes differ, the tree is the same" in error.what
    assert (sha(data) in error.why) == (fmt == "tar.gz")


@pytest.mark.parametrize("trap", ["config", "attributes", "replace"])
def test_git_lets_the_clone_have_no_say(trap: str, world: Any, net: Net, tmp_path: Path) -> None:
    """What a clone's own settings would change, or run, changes and runs nothing."""
    import shutil
    import subprocess

    root = tmp_path / "root"
    clone = root / "acme" / "engine"
    shutil.copytree(world.upstream.clone, clone, symlinks=True)

    def git(*args: str) -> str:
        return subprocess.run(
            ["git", *args], cwd=clone, check=True, capture_output=True, text=True
        ).stdout.strip()

    mark = tmp_path / "ran"
    (clone / ".git" / "info").mkdir(exist_ok=True)
    if trap == "config":
        git("config", "filter.evil.smudge", f"touch {mark}; cat")
        git("config", "core.autocrlf", "true")
        (clone / ".git" / "info" / "attributes").write_text("* filter=evil\n")
    elif trap == "attributes":
        (clone / ".git" / "info" / "attributes").write_text("src export-ignore\n")
    else:
        blob = git("rev-parse", "HEAD:src/a.c")
        git("replace", blob, git("rev-parse", "HEAD:src.txt"))
    fetch(world, world.profile(world.git()), net, git_root=root)
    assert not mark.exists()


def test_unreachable_origins_are_noted_and_the_next_is_tried(world: Any, net: Net) -> None:
    profile = world.profile(world.http(), world.git(), world.debian())
    engine = fetch(world, profile, net)["engine"]
    assert engine.via == "debian"
    assert "127.0.0.1:9 cannot be reached" in engine.notes[0]
    assert "no git root is set; 127.0.0.1:9 cannot be reached" in engine.notes[1]


def test_the_users_order_counts(world: Any, net: Net) -> None:
    profile = world.profile(world.http(), world.git(), world.debian())
    done = fetch(
        world,
        profile,
        net,
        origins=["debian", "git"],
        git_root=world.upstream.git_root,
    )
    assert done["engine"].via == "debian"


def test_nothing_reachable_lists_each_and_what_to_type(world: Any, net: Net) -> None:
    world.server.files.clear()
    profile = world.profile(world.http(), world.git(), world.debian())
    error = fails(world, profile, net)
    assert isinstance(error, BadEnvironment)
    assert error.exit_code == 3
    text = str(error)
    for part in (
        "http: 127.0.0.1:9 cannot be reached",
        "git: no git root is set; 127.0.0.1:9 cannot be reached",
        "HTTP 404 (engine, zig)",
    ):
        assert part in text
    for part in ("XNNKIT_GIT_ROOT", "--distdir", "network"):
        assert part in error.fix


def test_an_origin_that_the_item_has_not(world: Any, net: Net) -> None:
    error = fails(world, world.profile(), net, origins=["git"])
    assert "none of the asked origins; only debian (engine, zig)" in error.why


def test_wrong_bytes_stop_everything(world: Any, net: Net) -> None:
    """The next origin would be good; it is not asked."""
    world.server.files[world.debian_path] = b"<html>log in</html>"
    profile = world.profile(world.debian(), world.git())
    error = fails(world, profile, net, git_root=world.upstream.git_root)
    assert isinstance(error, Finding)
    assert error.exit_code == 1
    assert "engine" in error.what
    assert not list((world.cache.root / "sha256").glob("*/" + sha(b"<html>log in</html>")))
    assert world.cache.get(world.git()["sha256"]) is None


@pytest.mark.parametrize("what", ["toolchain", "prebuilt"])
@pytest.mark.parametrize("size", ["same", "shorter"])
def test_wrong_bytes_where_no_tree_can_excuse_them(
    what: str, size: str, world: Any, net: Net
) -> None:
    path = world.zig_path if what == "toolchain" else world.debian_path
    good = world.server.files[path]
    bad = bytes([good[0] ^ 1]) + good[1:] if size == "same" else good[:-1]
    world.server.files[path] = bad
    profile = world.profile(world.git(), world.debian(prebuilt=True))
    if what == "toolchain":
        profile = world.profile()
    error = fails(world, profile, net, accept_tree=["engine"])
    assert isinstance(error, Finding)
    assert "has other bytes: refused" in error.what
    assert sha(bad) in error.why
    assert not list((world.cache.root / "sha256").glob(f"*/{sha(bad)}"))


def test_a_body_that_does_not_end(world: Any, net: Net) -> None:
    world.server.faults[world.zig_path] = [world.server.fault(extra=bytes(9 << 20), no_length=True)]
    error = fails(world, world.profile(), net)
    assert "zig" in error.what
    assert "too long" in error.what


def recompressed(world: Any, preset: int = 0) -> bytes:
    import lzma

    return lzma.compress(lzma.decompress(world.upstream.tarxz), preset=preset)


def test_recompressed_is_said_exactly_and_taken_only_when_asked(world: Any, net: Net) -> None:
    data = recompressed(world)
    world.server.files[world.debian_path] = data
    error = fails(world, world.profile(), net)
    assert isinstance(error, Finding)
    assert "recompressed upstream: the bytes differ, the tree is the same" in error.what
    assert "--accept-tree engine" in error.fix
    assert f'sha256 = "{sha(data)}"' in error.fix
    assert f"size = {len(data)}" in error.fix
    assert world.cache.get(sha(data)) is None

    engine = fetch(world, world.profile(), Net(), accept_tree=["engine"])["engine"]
    assert engine.accepted
    assert engine.sha256 == sha(data)
    assert engine.blob == world.cache.blob_path(sha(data))
    expected = sha(world.upstream.tarxz)
    assert world.cache.accepted_path(expected).read_text().split()[0] == sha(data)

    again = fetch(world, world.profile(), Net())["engine"]
    assert again.accepted
    assert again.from_cache

    # The note stays when the file is lost; the same file is then taken, another is not.
    again.blob.unlink()
    assert fetch(world, world.profile(), Net())["engine"].via == "debian"
    again.blob.unlink()
    world.server.files[world.debian_path] = recompressed(world, preset=1)
    assert "recompressed" in fails(world, world.profile(), Net()).what
    world.server.files[world.debian_path] = data

    # What the record in the profile then says is taken without a question.
    recorded = world.profile(world.debian(sha256=sha(data), size=len(data)))
    assert not fetch(world, recorded, Net())["engine"].accepted


def test_an_acceptance_does_not_cover_another_tree(world: Any, net: Net) -> None:
    """Somebody writes into the cache that another file was accepted."""
    import io
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        tar.addfile(tarfile.TarInfo("engine-1.0/evil"), io.BytesIO())
    data = buffer.getvalue()
    part = world.cache.scratch(sha(data), "x")
    part.write_bytes(data)
    world.cache.publish(part, sha(data))
    world.cache.accept(sha(world.upstream.tarxz), sha(data), "engine")
    world.cache.record_tree(sha(data), "engine-1.0", world.upstream.tree)
    error = fails(world, world.profile(), net)
    assert "another tree: refused" in error.what


@pytest.mark.parametrize("reference", ["clone", "cache", "none"])
def test_another_tree_is_refused_with_its_paths(
    reference: str, world: Any, net: Net, tmp_path: Path
) -> None:
    import io
    import shutil
    import tarfile

    evil = tmp_path / "evil"
    shutil.copytree(world.upstream.clone, evil, symlinks=True)
    (evil / "src" / "a.c").write_text("int evil;\n")
    (evil / "src.txt").unlink()
    (evil / "new").write_text("")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        tar.add(evil, "engine-1.0", filter=lambda m: None if "/.git" in m.name else m)
    if reference == "cache":
        fetch(world, world.profile(world.git()), Net(), git_root=world.upstream.git_root)
    world.server.files[world.debian_path] = buffer.getvalue()
    error = fails(
        world,
        world.profile(world.debian(), world.git()),
        net,
        origins=["debian"],
        git_root=world.upstream.git_root if reference == "clone" else None,
        accept_tree=["engine"],
    )
    assert isinstance(error, Finding)
    assert "another tree: refused" in error.what
    lines = ["added new", "removed src.txt", "changed src/a.c"]
    for line in lines:
        assert (line in error.why) == (reference != "none")
    assert ("no good copy" in error.why) == (reference == "none")


def test_pins_that_contradict_each_other(world: Any, net: Net) -> None:
    """The bytes are the pinned ones; what is inside is not the pinned tree."""
    error = fails(world, world.profile(tree="d" * 40), net)
    assert isinstance(error, Finding)
    assert "another tree" in error.what
    assert world.cache.get(world.debian()["sha256"]) is None


def test_a_prebuilt_file_is_checked_by_bytes_only_and_says_so(world: Any, net: Net) -> None:
    profile = world.profile(world.git(), world.debian(prebuilt=True), tree="d" * 40)
    engine = fetch(world, profile, net)["engine"]
    assert engine.prebuilt
    assert engine.tree is None
    assert any("bytes only" in note for note in engine.notes)


def test_a_hostile_archive_with_the_pinned_hash(world: Any, net: Net) -> None:
    """Pinned by mistake or malice: the bytes are right, a member is not."""
    import io
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        tar.addfile(tarfile.TarInfo("engine-1.0/../../evil"), io.BytesIO())
    data = buffer.getvalue()
    world.server.files[world.debian_path] = data
    error = fails(world, world.profile(world.debian(sha256=sha(data), size=len(data))), net)
    assert "climbs out" in error.what
    assert not (world.cache.root.parent / "evil").exists()


def test_distdir_by_name_and_by_hash(world: Any, net: Net, tmp_path: Path) -> None:
    world.server.files.clear()
    brought = tmp_path / "dist"
    brought.mkdir()
    (brought / "engine_1.0.orig.tar.xz").write_bytes(world.upstream.tarxz)
    (brought / "whatever").write_bytes(world.toolchain)
    done = fetch(world, world.profile(), net, distdirs=[brought])
    assert {one.via for one in done.values()} == {"distdir"}
    assert (brought / "whatever").exists()


def test_bad_input(world: Any, net: Net, tmp_path: Path) -> None:
    for options in (
        {"origins": ["ftp"]},
        {"accept_tree": ["nobody"]},
        {"distdirs": [tmp_path / "none"]},
    ):
        error = fails(world, world.profile(), net, **options)
        assert isinstance(error, BadInput)


def test_a_full_disk_says_so(world: Any, net: Net) -> None:
    """A real ENOSPC: the partial file leads to the device that is always full."""
    part = world.cache.scratch(world.debian()["sha256"], "git")
    origin = world.git(sha256=world.debian()["sha256"])
    part.symlink_to("/dev/full")
    error = fails(world, world.profile(origin), net, git_root=world.upstream.git_root)
    assert isinstance(error, BadEnvironment)
    assert "the disk is full" in error.what


def test_a_cache_that_cannot_be_written(world: Any, net: Net) -> None:
    world.cache.root.write_text("a file")
    error = fails(world, world.profile(), net)
    assert isinstance(error, BadEnvironment)
    assert "XNNKIT_CACHE" in error.fix
