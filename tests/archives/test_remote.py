"""The git origin without a clone: a real git fetches from a real git, over HTTP and files."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from git_host import GitHost, serving
from sparse_origin import sparse
from xnnkit.archives import remote
from xnnkit.archives.cache import Stopped
from xnnkit.archives.fetch import Fetched, fetch_profile
from xnnkit.archives.http import Net
from xnnkit.archives.origins.git import address
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.profile import GitOrigin


def bare(world: Any, place: Path, *, filters: bool = True) -> Path:
    """Make a bare repository of the upstream, as a host has it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["git", "clone", "-q", "--bare", str(world.upstream.clone), str(place)], check=True
    )
    setting = "true" if filters else "false"
    subprocess.run(["git", "-C", str(place), "config", "uploadpack.allowFilter", setting])
    return place


@pytest.fixture
def host(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHost]:
    """A host with acme/engine, which every git origin is asked from."""
    bare(world, tmp_path / "host" / "acme" / "engine.git")
    (tmp_path / "host" / "acme" / "engine").symlink_to("engine.git")
    with serving(tmp_path / "host") as made:
        monkeypatch.setenv("XNNKIT_GIT_MIRROR", made.url)
        yield made


def fetch(world: Any, net: Net, origin: dict[str, Any], **options: Any) -> Fetched:
    return fetch_profile(world.profile(origin), cache=world.cache, net=net, **options)[0]


def why(world: Any, net: Net, origin: dict[str, Any], **options: Any) -> BadEnvironment:
    with pytest.raises(BadEnvironment, match="cannot be fetched") as caught:
        fetch(world, net, origin, **options)
    return caught.value


def test_the_whole_commit(world: Any, net: Net, host: GitHost) -> None:
    done = fetch(world, net, world.git())
    assert done.via == "git"
    assert done.blob.read_bytes() == world.upstream.targz
    assert not list(world.cache.partial.iterdir()), "no repository is left behind"


def test_only_the_wanted_paths_travel(world: Any, net: Net, host: GitHost) -> None:
    """The commit has 200 kB of noise, which packs badly and is not asked for."""
    origin = sparse(world)
    assert fetch(world, net, origin).tree == origin["tree"]
    assert 0 < host.sent < 20_000
    assert len(host.fetches) == 2, "one for the trees, one for the blobs"


@pytest.mark.parametrize("filters", [True, False])
def test_from_files(
    filters: bool, world: Any, net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that filters nothing sends more, and is good enough."""
    bare(world, tmp_path / "files" / "acme" / "engine.git", filters=filters)
    monkeypatch.setenv("XNNKIT_GIT_MIRROR", f"file://{tmp_path}/files/")
    origin = sparse(world)
    assert fetch(world, net, origin).tree == origin["tree"]


def test_what_a_broken_fetch_brought_is_not_asked_for_again(
    world: Any, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "BLOBS_AT_ONCE", 1)
    host.fail_from = 3
    error = why(world, Net(attempts=2, backoff=0.01), world.git())
    assert "git could not fetch from 127.0.0.1" in error.why
    assert len(host.fetches) == 3 + 2, "the trees, two blobs, and two attempts at the third"
    host.asked.clear()
    host.fail_from = None
    fetch(world, Net(), world.git())
    # The upstream has five files; the trees and two blobs are there already.
    assert len(host.fetches) == 5 - 2


def test_a_clone_is_asked_first(world: Any, net: Net, host: GitHost) -> None:
    fetch(world, net, world.git(), git_root=world.upstream.git_root)
    assert not host.asked


def test_a_clone_without_the_commit_is_no_obstacle(
    world: Any, net: Net, host: GitHost, tmp_path: Path
) -> None:
    stale = tmp_path / "root" / "acme" / "engine"
    stale.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(stale)], check=True)
    done = fetch(world, net, world.git(), git_root=tmp_path / "root")
    assert done.blob.read_bytes() == world.upstream.targz


def test_no_such_commit(world: Any, net: Net, host: GitHost) -> None:
    profile = world.profile(world.git(), commit="e" * 40)
    with pytest.raises(BadEnvironment) as caught:
        fetch_profile(profile, cache=world.cache, net=net)
    assert f"{host.url}/acme/engine does not have commit eeeeeeeeeeee" in caught.value.why
    assert len(host.fetches) == 1, "asking again would not help"


def test_no_such_repository(world: Any, net: Net, host: GitHost) -> None:
    error = why(world, net, world.git(repository="acme/other"))
    assert "answers HTTP 404" in error.why
    assert "XNNKIT_GIT_ROOT" in error.fix


def test_no_such_repository_among_files(
    world: Any, net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XNNKIT_GIT_MIRROR", f"file://{tmp_path}/nothing")
    assert "is no repository that anybody may read" in why(world, net, world.git()).why


def test_a_host_that_never_answers(
    world: Any, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "STALL_SECONDS", 0.3)
    host.hang = True
    began = time.monotonic()
    error = why(world, Net(attempts=1), world.git())
    assert "nothing arrived for" in error.why
    assert time.monotonic() - began < 10


def commands() -> list[str]:
    """Return the command line of every process."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found.append(file.read_text(errors="replace"))
    return found


def test_the_end_of_the_work_ends_git(world: Any, host: GitHost, tmp_path: Path) -> None:
    host.hang = True
    net = Net()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    timer = threading.Timer(0.5, net.stop.set)
    timer.start()
    url = f"{host.url}/acme/engine"
    with pytest.raises(Stopped):
        remote.fill(tmp_path / "store", url, world.upstream.commit, (), scratch, net)
    timer.join()
    # A process that was killed may take a moment to be gone.
    until = time.monotonic() + 10
    while any(url in line for line in commands()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(url in line for line in commands()), "no helper of git may be left"


def test_more_than_any_archive_may_have(
    world: Any, net: Net, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MAX_ARCHIVE_BYTES", 1000)
    monkeypatch.setattr(remote, "_POLL_SECONDS", 0.0005)
    assert "more than 1,000 bytes came" in why(world, net, world.git()).why


def test_a_damaged_store_is_made_anew(
    world: Any, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut left of an earlier attempt must not stand in the way for ever."""
    monkeypatch.setattr(remote, "BLOBS_AT_ONCE", 1)
    host.fail_from = 3
    why(world, Net(attempts=1), world.git())
    host.fail_from = None
    (store,) = world.cache.partial.glob("*.store.part")
    packs = list((store / "objects" / "pack").glob("*.pack"))
    assert packs
    for pack in packs:
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:30])
    done = fetch(world, Net(backoff=0.01), world.git())
    assert done.blob.read_bytes() == world.upstream.targz


def start(profile: Path) -> subprocess.Popen[bytes]:
    tools = Path(__file__).resolve().parents[2] / "tools"
    return subprocess.Popen(
        [sys.executable, "-m", "xnnkit", "fetch", str(profile), "--json"],
        env={**os.environ, "PYTHONPATH": str(tools)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_killed_and_started_again(world: Any, host: GitHost) -> None:
    host.hang = True
    profile = world.profile_file(world.git())
    process = start(profile)
    deadline = time.monotonic() + 30
    while not host.fetches:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    host.hang = False
    again = start(profile)
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0, output
    assert not list(world.cache.partial.iterdir())


def test_several_at_once_fetch_once(world: Any, host: GitHost) -> None:
    profile = world.profile_file(world.git())
    crowd = [start(profile) for _ in range(3)]
    for process in crowd:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    assert len(host.fetches) == 2


def test_the_users_git_settings_have_no_say(
    world: Any, net: Net, host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a rewritten address, nor a program to run, nor a prompt."""
    mark = tmp_path / "ran"
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / ".gitconfig").write_text(
        f'[url "ext::touch {mark} "]\n\tinsteadOf = {host.url}\n'
        f"[core]\n\taskPass = touch {mark}\n\thooksPath = {home}\n"
        "[protocol]\n\tallow = always\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.ext::touch {mark} .insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", host.url)
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext:http")
    fetch(world, net, world.git())
    assert not mark.exists()


def test_addresses(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def of(**changes: Any) -> str:
        return address(GitOrigin.model_validate(world.git(**changes)))

    monkeypatch.delenv("XNNKIT_GIT_MIRROR")
    assert of() == "https://github.com/acme/engine"
    other = "https://git.example.org/group/engine.git"
    assert of(url=other) == other
    monkeypatch.setenv("XNNKIT_GIT_MIRROR", "https://git.example.org/mirrors/")
    assert of(url=other) == "https://git.example.org/mirrors/acme/engine"
    for bad in ("ext::sh -c id", "--upload-pack=id", "ssh://example.org", "https://a b"):
        monkeypatch.setenv("XNNKIT_GIT_MIRROR", bad)
        with pytest.raises(BadInput, match="no address of repositories"):
            of()
