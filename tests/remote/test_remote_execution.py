"""Actions on BuildGrid's workers: the same bits as here, also when a worker dies."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import miniature
import pytest
from counts import counts
from grid import PROPERTIES, Grid, grid, postgresql
from machine import with_output_base
from xnnkit import paths, profile
from xnnkit.bazel import find
from xnnkit.build import prepare
from xnnkit.build.manifest import sha256_of
from xnnkit.build.request import Sources
from xnnkit.errors import BadEnvironment
from xnnkit.profile.compiler import needed
from xnnkit.render import remote

LACKS = [
    package
    for there, package in (
        (postgresql(), "postgresql"),
        (shutil.which("bwrap"), "bubblewrap"),
        (shutil.which("dpkg-deb"), "dpkg"),
    )
    if not there
]
pytestmark = [
    pytest.mark.bazel,
    pytest.mark.slow,
    pytest.mark.skipif(bool(LACKS), reason=f"missing: {', '.join(LACKS)}"),
]

PROFILE = "xnnpack-2024-11"
TARGET = "llm_block_kleidiai"
# What cannot run there must fail, not run here. One connection makes at most 100 calls at a time,
# which leaves BuildGrid threads for its workers.
STRICT = """
build --disk_cache=
build --spawn_strategy=remote
build --genrule_strategy=remote
build --remote_max_connections=1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("grid")
    yield root
    for path, _, _ in os.walk(root):
        os.chmod(path, stat.S_IRWXU)
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Grid]:
    try:
        with grid(folder / "grid") as found:
            yield found
    except BadEnvironment as error:
        pytest.skip(f"no remote execution service can be had: {error.what} {error.why}")


@pytest.fixture(scope="module")
def workspace(folder: Path, service: Grid) -> Path:
    root = folder / "ws"
    words = [sys.executable, "-m", "xnnkit", "render", PROFILE, str(root)]
    words += ["--remote", service.url, "--remote-jobs", "6"]
    for one in PROPERTIES:
        words += ["--remote-property", one]
    environment = {**os.environ, "PYTHONPATH": str(paths.home() / "tools")}
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    settings = f"common --repo_env=XNNKIT_CACHE={paths.cache_dir()}\n{STRICT}"
    (root / "user.bazelrc").write_text(settings)
    return root


def test_a_worker_needs_nothing_but_a_shell(folder: Path, service: Grid) -> None:
    """The miniature, built by a worker that has no compiler, is the one that is built here."""
    service.worker("alone")
    pins = profile.load(PROFILE)
    warm = paths.cache_dir().resolve()
    only_zig = needed(pins).model_copy(update={"archive": ()})
    (zig,) = prepare.fetch(only_zig, Sources(cache=warm))
    base = folder / "miniature"
    (base / "ws").mkdir(parents=True)
    miniature.borrow(warm, base / "cache", zig.blob)
    miniature.write(base / "ws", pins, base / "cache")
    found = remote.remote([service.url], properties=PROPERTIES)
    assert found
    bazel = with_output_base(find(pins.bazel), base / "output")
    own = (base / "ws/user.bazelrc").read_text()
    built: dict[str, list[str]] = {}
    try:
        for place, written, settings in (
            ("here", b"", own + "build --disk_cache=\n"),
            ("there", remote.rendered(found), own + STRICT),
        ):
            (base / "ws" / remote.NAME).write_bytes(written)
            (base / "ws/user.bazelrc").write_text(settings)
            log = folder / f"{place}.log"
            names = ["tiny_slow", "tiny_fast"]
            targets = [f"//:{name}" for name in names]
            code = bazel.run(["build", *targets], cwd=base / "ws", log=log)
            text = log.read_text(errors="replace")
            assert code == 0, text[-4000:]
            print(place, counts(text))
            built[place] = [sha256_of(base / "ws/bazel-bin" / name) for name in names]
            bazel.run(["clean"], cwd=base / "ws", quiet=True)
    finally:
        bazel.run(["shutdown"], cwd=base / "ws", quiet=True)
    kinds = counts(text)
    assert set(kinds) <= {"internal", "remote"}, kinds
    assert kinds["remote"] >= 5
    assert built["here"] == built["there"]


def test_the_block_is_built_by_workers_and_survives_the_death_of_one(
    folder: Path, service: Grid, workspace: Path
) -> None:
    victim = service.worker("victim")
    service.worker("survivor")
    pins = profile.load(PROFILE)
    bazel = with_output_base(find(pins.bazel), folder / "output")
    log = folder / "remote.log"
    with log.open("wb") as out:
        client = subprocess.Popen(
            bazel.argv("build", f"//:{TARGET}"),
            cwd=workspace,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        lost = _kill_at_work(service, victim.kill, client)
        assert client.wait() == 0, log.read_text(errors="replace")[-4000:]
    finally:
        client.kill()
        bazel.run(["shutdown"], cwd=workspace, quiet=True)
    text = log.read_text(errors="replace")
    kinds = counts(text)
    print(f"actions: {kinds}; lost with the worker: {lost}")
    assert set(kinds) <= {"internal", "remote", "remote cache hit"}, kinds
    assert kinds["remote"] > 500
    # The action that the dead worker had was tried again, on the one that lives.
    tries = service.query(f"select n_tries, stage from jobs where name = '{lost}'")
    print(f"tries of it: {tries}")
    assert int(tries[0][0]) >= 2

    there = sha256_of(workspace / "bazel-bin" / TARGET)
    here = _local(folder, pins.name)
    print(f"remote {there}\nlocal  {here}")
    assert there == here


def _kill_at_work(service: Grid, kill: object, client: subprocess.Popen[bytes]) -> str:
    """Kill the worker while it has an action, some way into the build; return that action's job."""
    assert callable(kill)
    while client.poll() is None:
        done = int(service.query("select count(*) from jobs where stage = 4")[0][0])
        at_work = service.query("select lease_id from bots where bot_id = 'victim'")
        if done >= 50 and at_work and at_work[0][0]:
            kill()
            return at_work[0][0]
        time.sleep(0.2)
    raise AssertionError("the build ended before the worker had done anything")


def _local(folder: Path, name: str) -> str:
    """Return the sha256 of the same binary, built on this machine."""
    out = folder / "local"
    words = [sys.executable, "-m", "xnnkit", "build", name, "--flavour", "kleidiai"]
    environment = {**os.environ, "PYTHONPATH": str(paths.home() / "tools")}
    done = subprocess.run(
        [*words, "--out", str(out)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    bazel = find(profile.load(name).bazel)
    bazel.run(["shutdown"], cwd=out / "workspace", quiet=True)
    return sha256_of(out / "bin/kleidiai/llm_block")
