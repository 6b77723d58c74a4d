"""A second machine takes what the first one built from an HTTP cache: nginx, for real."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import miniature
import pytest
from counts import counts, hit_rate
from machine import HOST, USER, Machine, with_output_base
from nginx_cache import HttpCache, http_cache, program
from xnnkit import paths, profile
from xnnkit.bazel import Bazel, find
from xnnkit.build import prepare
from xnnkit.build.manifest import sha256_of
from xnnkit.build.request import Sources
from xnnkit.profile.compiler import needed
from xnnkit.render import remote

LACKS = [
    package
    for there, package in (
        (program(), "nginx-light"),
        (shutil.which("bwrap"), "bubblewrap"),
    )
    if not there
]
pytestmark = [
    pytest.mark.bazel,
    pytest.mark.skipif(bool(LACKS), reason=f"missing: {', '.join(LACKS)}"),
]

PROFILE = "xnnpack-2024-11"
FLAVOURS = ("upstream", "upstream_i8mm", "kleidiai")
# Nothing of the first machine's but what the server has.
OWN = "build --disk_cache=\n"


def remove(root: Path) -> None:
    """Delete a folder even where Bazel took the write bits away."""
    for folder, _, _ in os.walk(root):
        os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(root)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("http-cache")
    yield root
    remove(root)


@pytest.fixture
def cache(folder: Path) -> Iterator[HttpCache]:
    with http_cache(folder / "server") as found:
        yield found


@pytest.fixture
def bazel() -> Bazel:
    return find(profile.load(PROFILE).bazel)


def first_build(bazel: Bazel, root: Path, output_base: Path, *targets: str) -> str:
    """Build on this machine with an output base of its own and return Bazel's output."""
    started = with_output_base(bazel, output_base)
    log = root.parent / "first.log"
    try:
        code = started.run(["build", *targets], cwd=root, log=log)
    finally:
        started.run(["shutdown"], cwd=root, quiet=True)
    text = log.read_text(errors="replace")
    assert code == 0, text[-4000:]
    return text


def test_a_second_machine_compiles_nothing_of_the_miniature(
    folder: Path, cache: HttpCache, bazel: Bazel
) -> None:
    pins = profile.load(PROFILE)
    warm = paths.cache_dir().resolve()
    only_zig = needed(pins).model_copy(update={"archive": ()})
    (zig,) = prepare.fetch(only_zig, Sources(cache=warm))
    found = remote.remote([cache.url])
    assert found
    # The blobs and the compiled sysroot; neither workspace compiles that again.
    one, two = folder / "one", folder / "two"
    for base in (one, two):
        (base / "ws").mkdir(parents=True)
        miniature.borrow(warm, base / "cache", zig.blob)
        miniature.write(base / "ws", pins, base / "cache")
        (base / "ws" / remote.NAME).write_bytes(remote.rendered(found))
    targets = ["//:tiny_slow", "//:tiny_fast"]
    with (one / "ws/user.bazelrc").open("a") as file:
        file.write(OWN)
    first = first_build(bazel, one / "ws", one / "output", *targets)
    ran = counts(first)
    assert "remote cache hit" not in ran
    assert cache.requests()["PUT 201 /cas"] > 0

    settings = (two / "ws/user.bazelrc").read_text().replace(str(two), "/srv") + OWN
    (two / "ws/user.bazelrc").write_text(settings)
    other = Machine(two, (one,), bazel)
    code, text = other.build("/srv/ws", *targets, log=folder / "second.log")
    assert code == 0, text[-4000:]
    assert hit_rate(text) == 1.0, counts(text)
    _same_bits(one / "ws", other, "/srv/ws", ["tiny_slow", "tiny_fast"])


def test_the_other_machine_is_another(folder: Path, bazel: Bazel) -> None:
    """What the tests above and below call another machine."""
    (folder / "first").mkdir()
    (folder / "first/secret").write_text("")
    other = Machine(folder / "second", (folder / "first",), bazel)
    (folder / "second").mkdir()
    script = f"id -u; hostname; echo $HOME; pwd; ls {folder}/first; ps -e | wc -l; date +%Z"
    _, text = other.run(["sh", "-c", script], folder / "log")
    user, host, home, cwd, processes, zone = text.split()
    assert (user, host, home, cwd, zone) == (str(USER), HOST, "/srv/home", "/srv", "IST")
    assert int(processes) < 10


@pytest.mark.slow
def test_a_second_machine_compiles_next_to_nothing_of_the_block(
    folder: Path, cache: HttpCache, bazel: Bazel, request: pytest.FixtureRequest
) -> None:
    """It fetches, renders, patches and makes its own libc and libc++; objects come from nginx."""
    pins = profile.load(PROFILE)
    one, two = folder / "one", folder / "two"
    render = [sys.executable, "-m", "xnnkit", "render", PROFILE]
    options = ["--remote", cache.url]
    environment = {**os.environ, "PYTHONPATH": str(paths.home() / "tools")}
    done = subprocess.run(
        [*render, str(one / "ws"), *options], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    downloads = Sources(cache=paths.cache_dir(), git_root=paths.git_root())
    blobs = [item.blob for item in prepare.fetch(needed(pins), downloads)]
    (one / "ws/user.bazelrc").write_text(
        f"common --repo_env=XNNKIT_CACHE={paths.cache_dir()}\n{OWN}"
    )
    targets = [f"//:llm_block_{name}" for name in FLAVOURS]
    first = first_build(bazel, one / "ws", one / "output", *targets)

    other = Machine(two, (one,), bazel)
    other.give(blobs)
    os.environ["PYTHONPATH"] = str(paths.home() / "tools")
    code, text = other.run([*render, "/srv/elsewhere/ws", *options], folder / "render.log")
    assert code == 0, text[-3000:]
    (two / "elsewhere/ws/user.bazelrc").write_text(
        f"common --repo_env=XNNKIT_CACHE=/srv/home/.cache/xnnkit\n{OWN}"
    )
    code, text = other.build("/srv/elsewhere/ws", *targets, log=folder / "second.log")
    assert code == 0, text[-4000:]
    print(f"first: {counts(first)}\nsecond: {counts(text)}\nhit rate: {hit_rate(text):.4f}")
    assert hit_rate(text) >= 0.95, counts(text)
    _same_bits(one / "ws", other, "/srv/elsewhere/ws", [f"llm_block_{name}" for name in FLAVOURS])


def _same_bits(ours: Path, other: Machine, theirs: str, names: list[str]) -> None:
    """Compare programs of a workspace here and of one there."""
    # What bazel-bin stands for is only there on the other machine.
    copy = f"mkdir /srv/out && cp -L {' '.join(f'bazel-bin/{name}' for name in names)} /srv/out"
    code, text = other.run(["sh", "-c", copy], ours.parent / "copy.log", cwd=theirs)
    assert code == 0, text
    for name in names:
        mine = sha256_of(ours / "bazel-bin" / name)
        print(name, mine)
        assert sha256_of(other.folder / "out" / name) == mine, name
