"""The main job on real sources, with a real Bazel: build every flavour, prove, run, compare.

One build serves all tests of this file; its archives come from whatever origin can be reached.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xnnkit import paths, profile
from xnnkit.bazel import find

pytestmark = pytest.mark.bazel

PROFILE = "xnnpack-2024-11"
FLAVOURS = ["upstream", "upstream-i8mm", "kleidiai"]


def xnnkit(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnnkit", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(paths.home() / "tools"), **environment},
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The output of a build of all flavours; its Bazel server ends with the tests."""
    root = tmp_path_factory.mktemp("main-job")
    done = xnnkit("build", PROFILE, "--out", str(root / "out"), "--explain", cwd=root)
    assert done.returncode == 0, done.stderr[-4000:]
    (root / "out" / "explanation.txt").write_text(done.stdout)
    yield root / "out"
    find(profile.load(PROFILE).bazel).run(["shutdown"], cwd=root / "out" / "workspace", quiet=True)


@pytest.fixture(scope="module")
def manifest(out: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((out / "build.json").read_text())
    return data


def test_every_flavour_is_built_and_proved(manifest: dict[str, Any], out: Path) -> None:
    assert [binary["flavour"] for binary in manifest["binaries"]] == FLAVOURS
    for binary in manifest["binaries"]:
        assert binary["proof"]["ok"], binary["proof"]
        assert (out / binary["path"]).stat().st_size == binary["size"]
    kernels = {b["flavour"]: b["proof"]["kernels"] for b in manifest["binaries"]}
    assert not [k for k in kernels["upstream"] + kernels["upstream-i8mm"] if k.startswith("kai_")]
    assert [k for k in kernels["kleidiai"] if k.startswith("kai_run_matmul")]
    assert len({binary["sha256"] for binary in manifest["binaries"]}) == 3


def test_nothing_outside_xnnpack_is_compiled_twice(out: Path) -> None:
    text = (out / "explanation.txt").read_text()
    assert "for more than one flavour, 0 of them without anything of XNNPACK" in text


def test_kleidiai_runs_its_kernels_and_upstream_does_not(out: Path) -> None:
    done = xnnkit("run", PROFILE, "--out", str(out), "--replace", "--json", cwd=out)
    assert done.returncode == 0, done.stderr[-4000:]
    entered: dict[str, list[str]] = {}
    for flavour in FLAVOURS:
        (file,) = (out / "runs" / PROFILE / flavour).glob("qemu-*.json")
        entered[flavour] = list(json.loads(file.read_text())["identity"]["executed"])
    assert [k for k in entered["kleidiai"] if k.startswith("kai_run_matmul_clamp_f32_qai8dxp")]
    assert not [k for k in entered["upstream"] if k.startswith("kai_") or "i8mm" in k]
    assert not [k for k in entered["upstream-i8mm"] if k.startswith("kai_")]
    assert [k for k in entered["upstream-i8mm"] if "i8mm" in k]
    compared = xnnkit(
        "compare", *(str(out / "runs" / PROFILE / flavour) for flavour in FLAVOURS), cwd=out
    )
    # An emulator's times cannot say which flavour wins, and compare must not pretend they do.
    assert compared.returncode == 4, compared.stderr


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_computes_what_plain_arithmetic_does(flavour: str, out: Path) -> None:
    """The program's own reference, in float and with int8 activations, within its tolerances."""
    from xnnkit.device import Job, open_device

    lines: list[str] = []
    small = ["--model_dim=256", "--hidden_dim=1024", "--num_heads=2", "--head_dim=64"]
    job = Job(out / "bin" / flavour / "llm_block", ["--verify", *small, "--seq_lens=16"])
    done = open_device("qemu").run(job, lines.append)
    found = [json.loads(line) for line in lines if line.startswith("{")]
    assert done.code == 0, lines
    assert {(row["benchmark"], row["method"]) for row in found} == {
        ("BM_Llm_QCINT8", "encode"),
        ("BM_Llm_QCINT8", "decode"),
        ("BM_Llm_Mixed_INT48", "encode"),
        ("BM_Llm_Mixed_INT48", "decode"),
    }
    for row in found:
        assert row["passed"]
        assert row["rel_error"] <= row["tolerance"]
        assert row["linear_error"] <= row["linear_tolerance"]


def test_building_again_changes_nothing(out: Path, manifest: dict[str, Any]) -> None:
    before = {b["path"]: (out / b["path"]).stat().st_mtime_ns for b in manifest["binaries"]}
    done = xnnkit("build", PROFILE, "--out", str(out), "--json", cwd=out)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["binaries"] == manifest["binaries"]
    assert before == {b["path"]: (out / b["path"]).stat().st_mtime_ns for b in manifest["binaries"]}


def test_the_workspace_can_be_moved_and_needs_no_xnnkit(
    out: Path, manifest: dict[str, Any], tmp_path: Path
) -> None:
    """Plain `bazel test //...`, elsewhere, without xnnkit, gives the same bytes."""
    moved = tmp_path / "elsewhere" / "ws"
    shutil.copytree(
        out / "workspace", moved, symlinks=True, ignore=shutil.ignore_patterns("bazel-*")
    )
    (moved / "user.bazelrc").write_text(
        f"common --repo_env=XNNKIT_CACHE={paths.cache_dir()}\n"
        f"build --disk_cache={paths.cache_dir()}/bazel/disk\n"
    )
    bazel = find(profile.load(PROFILE).bazel)
    log = tmp_path / "bazel.log"
    code = bazel.run(["test", "//..."], cwd=moved, log=log)
    assert code == 0, log.read_text()[-4000:]
    for binary in manifest["binaries"]:
        name = "llm_block_" + binary["flavour"].replace("-", "_")
        assert (moved / "bazel-bin" / name).read_bytes() == (out / binary["path"]).read_bytes()
    bazel.run(["shutdown"], cwd=moved, quiet=True)


@pytest.mark.parametrize("damage", ["flipped", "truncated", "appended", "swapped"])
def test_a_damaged_archive_is_named_and_nothing_is_built(
    damage: str, out: Path, manifest: dict[str, Any], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    (cache / "sha256").mkdir(parents=True)
    blobs = {}
    for archive in manifest["archives"]:
        blob = Path("sha256") / archive["sha256"][:2] / archive["sha256"]
        (cache / blob).parent.mkdir(exist_ok=True)
        shutil.copyfile(paths.cache_dir() / blob, cache / blob)
        blobs[archive["name"]] = cache / blob
    victim = blobs["FXdiv"]
    data = victim.read_bytes()
    victim.write_bytes(
        {
            "flipped": data[:100] + bytes([data[100] ^ 1]) + data[101:],
            "truncated": data[:-1],
            "appended": data + b"\0",
            "swapped": blobs["FP16"].read_bytes(),
        }[damage]
    )
    done = xnnkit(
        "build", PROFILE, "--out", str(tmp_path / "o"), cwd=tmp_path, XNNKIT_CACHE=str(cache)
    )
    assert done.returncode == 1, done.stderr
    assert victim.name in done.stderr
    assert not (tmp_path / "o" / "build.json").exists()
    assert not (tmp_path / "o" / "workspace" / "bazel-bin").exists()
