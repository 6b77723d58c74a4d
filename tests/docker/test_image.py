"""The image for real: built by buildah from an empty store, run, and held against the host's build.

Needs buildah, mmdebstrap, root, and 8 GB of disk; as long as a cold build of a flavour: the name
of its cache mounts holds a hash of xnnkit, so that keeping them would not help who changes it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from store import BASE, Store, missing
from xnnkit import paths, profile
from xnnkit.bazel import find
from xnnkit.build.manifest import sha256_of

pytestmark = [
    pytest.mark.bazel,
    pytest.mark.image,
    pytest.mark.skipif(bool(missing()), reason=f"missing: {', '.join(missing())}"),
]

PROFILE = "xnnpack-2024-11"
FLAVOUR = "kleidiai"
IMAGE = "localhost/xnnkit-image:test"


def xnnkit(*arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(paths.home() / "tools")}
    done = subprocess.run(
        [sys.executable, "-m", "xnnkit", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path]]:
    """The image in a store of its own, and the context it was built from."""
    folder = tmp_path_factory.mktemp("docker")
    store, context = Store(folder / "store", folder / "first"), folder / "context"
    xnnkit("docker", PROFILE, "--flavour", FLAVOUR, "--base", BASE, "--output", str(context))
    try:
        store.import_base()
        store.build(context, folder / "image.log", "--tag", IMAGE)
        yield store, context
    finally:
        for root, _, _ in os.walk(folder):
            os.chmod(root, stat.S_IRWXU)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def root(built: tuple[Store, Path]) -> Iterator[Path]:
    """What the image holds, as a folder."""
    store, _ = built
    container = store.buildah("from", "--pull-never", IMAGE).strip()
    yield Path(store.buildah("mount", container).strip())
    store.buildah("rm", container)


@pytest.fixture(scope="module")
def host(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The manifest of the same build on this machine, from the origins that the image had."""
    out = tmp_path_factory.mktemp("host") / "out"
    image = json.loads((root / "opt/xnnkit/build.json").read_text())
    kinds = sorted({archive["origin"] for archive in image["archives"]})
    origins = [word for kind in kinds for word in ("--origin", kind)]
    xnnkit("build", PROFILE, "--flavour", FLAVOUR, "--out", str(out), *origins)
    find(profile.load(PROFILE).bazel).run(["shutdown"], cwd=out / "workspace", quiet=True)
    data: dict[str, Any] = json.loads((out / "build.json").read_text())
    return data


def bench(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the image's entry point as its user, in nothing but the image."""
    words = ["bwrap", "--unshare-all", "--uid", "10001", "--gid", "10001", "--clearenv"]
    words += ["--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin", "--die-with-parent"]
    words += ["--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    words += ["--ro-bind", "/sys", "/sys"]  # as every engine mounts it; cpuinfo reads it
    return subprocess.run(
        [*words, "--chdir", "/tmp", "--", "/usr/local/bin/bench", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def test_the_binary_is_the_hosts_to_the_bit(root: Path, host: dict[str, Any]) -> None:
    image = json.loads((root / "opt/xnnkit/build.json").read_text())
    [theirs], [ours] = image["binaries"], host["binaries"]
    assert theirs["sha256"] == ours["sha256"]
    assert sha256_of(root / "opt/xnnkit" / theirs["path"]) == ours["sha256"]
    assert theirs["proof"]["ok"]


def test_it_runs_the_benchmark(root: Path) -> None:
    done = bench(root)
    assert done.returncode == 0, done.stderr
    assert f"== {FLAVOUR}" in done.stdout
    assert "BM_Llm_Mixed_INT48/64/real_time" in done.stdout
    assert "nothing about speed" in done.stderr
    listed = bench(root, "--list").stdout.split()
    assert listed == [FLAVOUR, sha256_of(root / "opt/xnnkit/bin" / FLAVOUR / "llm_block")]


def test_it_holds_no_compiler_no_bazel_and_no_secret(root: Path, built: tuple[Store, Path]) -> None:
    files = {p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir()}
    names = {name.rpartition("/")[2] for name in files}
    assert names.isdisjoint({"bazel", "zig", "clang", "gcc", "java", "ld.lld", "python3"})
    assert {n for n in files if n.startswith("opt/")} == {
        f"opt/xnnkit/bin/{FLAVOUR}/llm_block",
        "opt/xnnkit/build.json",
        "opt/xnnkit/provenance.json",
    }
    store, _ = built
    shown = json.loads(store.buildah("inspect", "--type", "image", IMAGE))
    config = shown["OCIv1"]["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/usr/local/bin/bench"]
    history = json.dumps(shown["OCIv1"]["history"])
    assert "secret" not in history
    assert str(store.folder) not in history


def test_the_provenance_names_the_binary(root: Path, host: dict[str, Any]) -> None:
    statement = json.loads((root / "opt/xnnkit/provenance.json").read_text())
    digests = [subject["digest"]["sha256"] for subject in statement["subject"]]
    assert digests == [host["binaries"][0]["sha256"]]


@pytest.mark.slow
def test_a_second_build_from_nothing_gives_the_same_binary(
    built: tuple[Store, Path], root: Path, tmp_path: Path
) -> None:
    """And --output takes it out without a container."""
    store, context = built
    nothing = dataclasses.replace(store, temporary=store.folder.with_name("second"))
    out = tmp_path / "out"
    options = ["--no-cache", "--target", "export", "--output", f"type=local,dest={out}"]
    nothing.build(context, tmp_path / "again.log", *options)
    first = root / "opt/xnnkit"
    for name in (f"bin/{FLAVOUR}/llm_block", "build.json", "provenance.json"):
        assert (out / name).read_bytes() == (first / name).read_bytes(), name
