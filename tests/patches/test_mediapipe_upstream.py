"""The patch sets for llm_test on MediaPipe's own files, as far as they lie in the closure.

A clone may lack blobs of test media, so single files are taken out of it, not the tree.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit import paths
from xnnkit.archives import regenerate
from xnnkit.patches import apply, check
from xnnkit.patches.model import load_patch_set

pytestmark = pytest.mark.upstream

COMMITS = {
    "mediapipe/llm_test": "4bb6280e10ce858ff7723b07315fe8350d45db5a",
    "mediapipe/llm_test-2026-01": "8317ba78778738ba90a521e7e4580a2ba0129c81",
}
XNN = "mediapipe/tasks/cc/genai/inference/utils/xnn_utils"
ON = ":with_tflite_weights_on"
INCLUDE = re.compile(r'^#include "(tensorflow/[^"]+)"', re.MULTILINE)
RULES = ("cc_test", "cc_binary")
Targets = dict[str, dict[str, Any]]


def git(clone: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(clone), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.fixture(scope="module", params=COMMITS)
def patch_set(request: pytest.FixtureRequest) -> str:
    """The name of a set."""
    return str(request.param)


@pytest.fixture(scope="module")
def upstream(patch_set: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the set edits, and all of llm_test's package."""
    git_root = paths.git_root()
    assert git_root is not None
    clone = regenerate.find_clone(git_root, "google-ai-edge/mediapipe")
    assert clone is not None, f"no clone of google-ai-edge/mediapipe under {git_root}"
    commit = COMMITS[patch_set]
    edited = sorted({edit.file for edit in load_patch_set(patch_set).edits})
    listed = git(clone, "ls-tree", "-r", "--name-only", commit, "--", *edited, f"{XNN}/")
    root = tmp_path_factory.mktemp("upstream")
    for name in listed.decode().split():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(git(clone, "cat-file", "blob", f"{commit}:{name}"))
    return root


@pytest.fixture(scope="module")
def patched(patch_set: str, upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("patched")
    subprocess.run(["cp", "-r", f"{upstream}/.", str(root)], check=True)
    apply.write(apply.changes(load_patch_set(patch_set), root), root)
    return root


@pytest.fixture(scope="module")
def targets(patched: Path, starlark: ModuleType) -> Targets:
    """Every target of llm_test's package."""
    space = starlark.Workspace(patched, XNN)
    known = space.builtins
    space.builtins = lambda: known() | {rule: space.record(rule) for rule in RULES}
    space.evaluate(patched / XNN / "BUILD")
    found: Targets = space.targets
    return found


def resolve(value: Any, *holding: str) -> list[str]:
    """Return a list with the branches of its selects that hold."""
    found: list[str] = []
    for part in getattr(value, "parts", [value]):
        if isinstance(part, dict):
            [chosen] = [part[k] for k in holding if k in part] or [part["//conditions:default"]]
            part = chosen
        found += part
    return found


def closure(targets: Targets, *holding: str) -> tuple[set[str], set[str]]:
    """Return the package's targets that llm_test needs, and the labels of others they name."""
    inside, outside, left = set(), set(), ["llm_test"]
    while left:
        name = left.pop()
        if name in inside:
            continue
        inside.add(name)
        for dep in resolve(targets[name].get("deps", []), *holding):
            if dep.startswith(":"):
                left.append(dep[1:])
            else:
                outside.add(dep)
    return inside, outside


def test_git_and_patch_arrive_at_the_same_tree(
    patch_set: str, upstream: Path, tools: list[str]
) -> None:
    outcomes = check.check(load_patch_set(patch_set), upstream)
    assert [(o.tool, o.said) for o in outcomes] == [(tool, "") for tool in tools]


def test_tensorflow_is_out_of_the_closure(targets: Targets, patched: Path) -> None:
    inside, outside = closure(targets)
    assert {"llm_weights", "tflite_weight_accessor", "benchmark_weight_accessor"} <= inside
    assert not [label for label in outside if "tensorflow" in label]
    # What is compiled includes nothing of it either, but for what a macro takes out.
    including = {
        name
        for target in inside
        for name in resolve(targets[target].get("srcs", [])) + targets[target].get("hdrs", [])
        if name.endswith((".cc", ".h")) and INCLUDE.search((patched / XNN / name).read_text())
    }
    assert including <= {"llm_weights.cc"}
    for name in including:
        assert targets[name.removesuffix(".cc")].get("local_defines") is not None
        text = (patched / XNN / name).read_text()
        guarded = re.search(r"^#if !MEDIAPIPE_DISABLE_TFLITE\w+\n(.*?)^#endif", text, re.M | re.S)
        assert guarded is not None
        assert INCLUDE.findall(guarded[1]) == INCLUDE.findall(text)


def test_with_the_flag_the_closure_is_upstreams(targets: Targets) -> None:
    _, outside = closure(targets, ON)
    assert "@org_tensorflow//tensorflow/lite:framework" in outside
    assert resolve(targets["tflite_weight_accessor"]["srcs"], ON) == ["tflite_weight_accessor.cc"]
    assert resolve(targets["llm_weights"].get("local_defines", []), ON) == []


def test_llm_test_has_one_main_and_its_flags_have_names(targets: Targets) -> None:
    test = targets["llm_test"]
    assert test["srcs"] == ["llm_test.cc", "llm_test_main.cc"]
    assert test["local_defines"] == ["ABSL_FLAGS_STRIP_NAMES=0"]
    _, outside = closure(targets)
    assert not [label for label in outside if label.endswith("_main")]


def test_the_main_finds_the_flags_it_speaks_of(patched: Path) -> None:
    declared = re.findall(
        r"^ABSL_FLAG\(\s*([\w:]+),\s*(\w+)",
        (patched / XNN / "llm_test.cc").read_text(),
        re.MULTILINE,
    )
    spoken_of = re.findall(
        r"^ABSL_DECLARE_FLAG\(([\w:]+), (\w+)\)",
        (patched / XNN / "llm_test_main.cc").read_text(),
        re.MULTILINE,
    )
    assert spoken_of
    assert set(spoken_of) <= set(declared)


def test_the_stand_in_defines_what_the_accessor_declares(patched: Path) -> None:
    header = (patched / XNN / "tflite_weight_accessor.h").read_text()
    real = (patched / XNN / "tflite_weight_accessor.cc").read_text()
    stand_in = (patched / XNN / "no_tflite_weight_accessor.cc").read_text()
    for method in ("TfLiteWeightAccessor", "LoadWeight", "LoadTransposedWeight"):
        assert re.search(rf"\b{method}\(", header)
        defined = re.compile(rf"TfLiteWeightAccessor::\s*{method}\(")
        assert len(defined.findall(real)) == len(defined.findall(stand_in)) > 0
