"""A profile of MediaPipe's shape through the command line: every flavour, in both formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shape import PRINTED, Run, Shape, printed
from xnnkit.bazel import Bazel
from xnnkit.build.explain import Action, read_trace

pytestmark = pytest.mark.bazel


def build(mini: Shape, xnnkit: Run, out: Path, *options: str) -> dict[str, Any]:
    """Build every flavour with a disk cache of its own; return what --json says."""
    where = ["--out", str(out), "--disk-cache", str(out / "disk"), "--log", str(out / "log")]
    out.mkdir()
    done = xnnkit("build", mini.profile.stem, *where, "--json", *options)
    assert done.returncode == 0, done.stderr[-4000:]
    content: dict[str, Any] = json.loads(done.stdout)
    return content


@pytest.fixture(scope="module")
def module(mini: Shape, xnnkit: Run, bazel: Bazel) -> Iterator[tuple[Path, dict[str, Any]]]:
    out = mini.root / "module"
    yield out, build(mini, xnnkit, out, "--explain")
    bazel.run(["shutdown"], cwd=out / "workspace", quiet=True)


def check_binaries(out: Path, content: dict[str, Any]) -> None:
    assert [one["flavour"] for one in content["binaries"]] == list(PRINTED)
    for one in content["binaries"]:
        assert one["proof"]["ok"], one["proof"]
        assert printed(out / one["path"]) == PRINTED[one["flavour"]]


def test_each_flavour_has_the_source_and_the_switch_that_it_says(
    module: tuple[Path, dict[str, Any]],
) -> None:
    check_binaries(*module)


def test_every_archive_is_made_from_a_repository_and_test_media_stay_away(
    module: tuple[Path, dict[str, Any]], mini: Shape, bazel: Bazel
) -> None:
    out, content = module
    origins = {one["name"]: one["origin"] for one in content["archives"]}
    assert set(origins) >= {"mediapipe", "XNNPACK", "XNNPACK_later", "com_google_absl"}
    assert {name for name, origin in origins.items() if origin != "git"} == {"zig"}
    info = bazel.output(["info", "output_base"], cwd=out / "workspace")
    (mediapipe,) = (Path(info.strip()) / "external").glob("*archives~mediapipe")
    assert (mediapipe / "mediapipe/tasks/cc").is_dir()
    assert not (mediapipe / "mediapipe/tasks/testdata").exists()
    assert (mini.git_root / "shape/mediapipe/mediapipe/tasks/testdata").is_dir()


def runs(out: Path, source: str) -> list[Action]:
    """Return the compilations of a source file, one for each flavour."""
    object_file = Path(source).with_suffix(".pic.o").name, Path(source).with_suffix(".o").name
    return [
        action
        for action in read_trace(out / "trace.json.gz")
        if action.mnemonic == "CppCompile" and Path(action.output).name in object_file
    ]


@pytest.mark.parametrize("source", ["str_cat.cc", "pthreads.c"])
def test_what_no_flavour_changes_is_compiled_once(
    source: str, module: tuple[Path, dict[str, Any]]
) -> None:
    actions = runs(module[0], source)
    assert len({action.configuration for action in actions}) == 3
    assert len([action for action in actions if action.ran]) == 1


def test_what_flavours_differ_in_is_compiled_for_each(
    module: tuple[Path, dict[str, Any]],
) -> None:
    out, content = module
    assert len([action for action in runs(out, "gemm-config.c") if action.ran]) == 3
    # Two flavours have one tree; what reads no switch is shared between them.
    assert len([action for action in runs(out, "runtime.c") if action.ran]) == 2
    # Of MediaPipe, only what includes XNNPACK's headers, which are another file for each source.
    repeated = [Path(one["output"]).name for one in content["explanation"]["repeated"]]
    assert {"llm.o", "llm_test.o"} <= set(repeated)
    assert not {"logging.o", "str_cat.o", "pthreads.o"} & set(repeated)


def test_the_workspace_format_builds_the_same_flavours(
    mini: Shape, xnnkit: Run, bazel: Bazel
) -> None:
    out = mini.root / "workspace-format"
    content = build(mini, xnnkit, out, "--format", "workspace")
    assert (out / "workspace/WORKSPACE").is_file()
    assert not (out / "workspace/MODULE.bazel").exists()
    check_binaries(out, content)
    bazel.run(["shutdown"], cwd=out / "workspace", quiet=True)


def test_an_unavailable_flavour_is_refused_with_its_reason(
    mini: Shape, xnnkit: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = xnnkit("build", str(mini.profile), "--flavour", "kleidiai", "--out", str(out))
    assert done.returncode == 2
    assert "flavour kleidiai of shape cannot be built" in done.stderr
    assert "a miniature has no KleidiAI" in done.stderr
    assert "upstream, upstream-i8mm, base" in done.stderr
    assert not out.exists()
