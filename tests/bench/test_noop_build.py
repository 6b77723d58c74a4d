"""benchmarks/noop_build.py: the rules of its folder, with a program that stands for Bazel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from xnnkit import paths
from xnnkit.build import stamp
from xnnkit.build.request import Options, Sources, key_of

PROFILE = "xnnpack-2024-11"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The directory of a finished build in which nothing changed; Bazel takes 0.2 s."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "build.json").write_text('{"binaries": [], "archives": []}')
    key = key_of(PROFILE, Options(out=folder), Sources(cache=paths.cache_dir()))
    bazel = ["sh", "-c", "echo news >&2; sleep 0.2"]
    stamp.write(folder, key, [], {"argv": bazel, "workspace": str(tmp_path), "outputs": {}})
    return folder


def measure(out: Path, *arguments: str) -> tuple[int, str, str]:
    script = Path(__file__).resolve().parents[2] / "benchmarks/noop_build.py"
    command = [sys.executable, str(script), str(out), "--pairs=1", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_json_and_the_aim(out: Path) -> None:
    code, text, told = measure(out, "--json", "--max=1000")
    assert (code, told) == (0, "")
    found = json.loads(text)
    assert (found["schema_version"], found["benchmark"], found["pairs"]) == (1, "noop_build", 1)
    assert found["bazel_build_ms"] >= 200
    # Ours runs the same and something before it.
    assert found["xnnkit_build_ms"] > found["bazel_build_ms"]
    assert found["ratio"] == pytest.approx(found["xnnkit_build_ms"] / found["bazel_build_ms"])
    code, text, _ = measure(out, "--max=1.0")
    assert (code, text.count("\n")) == (1, 1)
    assert "x wall" in text


@pytest.mark.parametrize("how", ["empty", "not ours", "rubbish", "nothing"])
def test_what_is_no_finished_build_is_refused(how: str, out: Path, tmp_path: Path) -> None:
    if how == "rubbish":
        (out / stamp.NAME).write_text("[1]")
    elif how == "not ours":
        text = (out / stamp.NAME).read_text()
        (out / stamp.NAME).write_text(text.replace("echo news", "echo other"))
    elif how == "nothing":
        out = tmp_path / "nowhere"
    else:
        (out / stamp.NAME).unlink()
    code, text, told = measure(out)
    assert (code, text) == (2, "")
    assert f"{out} is no finished build of yours" in told


def test_a_build_that_fails_is_no_figure(out: Path, tmp_path: Path) -> None:
    key = json.loads((out / stamp.NAME).read_text())["key"]
    bazel = {"argv": ["false"], "workspace": str(tmp_path), "outputs": {}}
    stamp.write(out, {**key, "profile": "nobodys"}, [], bazel)
    code, text, told = measure(out)
    assert (code, text) == (2, "")
    assert "non-zero exit status" in told


def test_the_folders_page_names_it(repository: Path) -> None:
    assert "benchmarks/noop_build.py" in (repository / "benchmarks/README.md").read_text()
