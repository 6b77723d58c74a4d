"""The patch sets for llm_test on a miniature of MediaPipe, written here in the same shape."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit.errors import Finding
from xnnkit.patches import apply, check
from xnnkit.patches.model import load_patch_set

SETS = ("mediapipe/llm_test", "mediapipe/llm_test-2026-01")
XNN = "mediapipe/tasks/cc/genai/inference/utils/xnn_utils"
ON = ":with_tflite_weights_on"
Targets = dict[str, dict[str, Any]]

TEST = """\
cc_test(
    name = "llm_test",
    srcs = [
        "llm_test.cc",
    ],
    deps = [
        ":llm_weights",
        "//mediapipe/framework/port:gtest_main",
        "@com_google_absl//absl/flags:flag",
    ],
)
"""


def library(name: str, deps: list[str]) -> str:
    lines = "".join(f'        "{d}",\n' for d in deps)
    return (
        f'cc_library(\n    name = "{name}",\n    srcs = ["{name}.cc"],\n    hdrs = ["{name}.h"],\n'
        f"    deps = [\n{lines}    ],\n)\n\n"
    )


LITE = "@org_tensorflow//tensorflow/lite"
ACCESSOR = library("tflite_weight_accessor", [":tensor", f"{LITE}:framework", f"{LITE}:schema"])
PORT = """\
cc_library(
    name = "status_matchers",
    hdrs = ["status_matchers.h"],
    deps = [
        ":status",
        "@com_google_googletest//:gtest",
    ],
)
"""
MEMORY = """\
cc_library(
    name = "memory_manager",
    deps = select({
        "//mediapipe:android": [
            "//mediapipe/framework/formats:hardware_buffer_pool",
        ],
        "//conditions:default": [],
    }),
)
"""
GPU = """\
load("@bazel_skylib//lib:selects.bzl", "selects")

selects.config_setting_group(
    name = "platform_ios_with_gpu",
    match_all = [":not_disable_gpu"],
)
"""


def guard(macro: str) -> str:
    return (
        "#if !defined(MEDIAPIPE_NO_JNI) || defined(MEDIAPIPE_ANDROID_LINK_NATIVE_WINDOW)\n"
        f"#if __ANDROID_API__ >= 26\n#define {macro} 1\n#endif\n#endif\n"
    )


def tensor(android: list[str]) -> str:
    buffers = "".join(f"            {one},\n" for one in android)
    return f"""\
cc_library(
    name = "tensor",
    deps = select({{
        "//mediapipe/gpu:disable_gpu": [],
        "//conditions:default": [
            "//mediapipe/gpu:gl_base",
        ],
        "//mediapipe:android": [
{buffers}        ],
    }}),
)
"""


WEIGHTS = """\
#include "mediapipe/some/other.h"
#include "tensorflow/compiler/schema_generated.h"
#include "tensorflow/lite/model_builder.h"

Loader::Loader(std::shared_ptr<tflite::FlatBufferModel> flat_buffer_model) {
  if (flat_buffer_model != nullptr) {
    auto tflite_model = Take(flat_buffer_model->GetModel());
    char* data = Base(flat_buffer_model);
    weight_accessor_ = std::make_unique<Cached>(
        std::make_shared<TfLiteWeightAccessor>(tflite_model, data));
  } else {
    weight_accessor_ = std::make_unique<Cached>(
        std::make_shared<TfLiteWeightAccessor>(path));
  }
}
"""


def files(patch_set: str) -> dict[str, str]:
    """Return path -> text of the miniature for one of the sets."""
    newer = patch_set != SETS[0]
    weights = [f"{LITE}:model_builder"] if newer else []
    hidden = ['":ahwb_gpu_releaser"'] if newer else []
    after = ['":shared_fd"'] if newer else ['"//mediapipe/gpu:gl_base"']
    header = '#include "absl/a.h"\n#include "tensorflow/lite/{}.h"\n\nclass Some;\n'
    found = {
        f"{XNN}/BUILD": 'load("@flatbuffers//:build_defs.bzl", "flatbuffer_cc_library")\n\n'
        + ACCESSOR
        + library("llm_weights", [":tflite_weight_accessor", *weights])
        + TEST,
        f"{XNN}/tflite_weight_accessor.h": header.format("schema_generated"),
        "mediapipe/framework/BUILD": MEMORY,
        "mediapipe/framework/formats/BUILD": tensor(
            [*hidden, '":hardware_buffer"', '":hardware_buffer_pool"', *after]
        ),
        "mediapipe/framework/port.h": guard("MEDIAPIPE_TENSOR_USE_AHWB")
        + (guard("MEDIAPIPE_GPU_BUFFER_USE_AHWB") if newer else ""),
        "mediapipe/framework/port/BUILD": PORT,
        "mediapipe/gpu/BUILD": GPU,
    }
    if newer:
        found[f"{XNN}/llm_weights.h"] = header.format("model_builder")
        found[f"{XNN}/llm_weights.cc"] = WEIGHTS
    return found


def write(patch_set: str, tree: Path) -> None:
    """Write the miniature for one of the sets."""
    for name, text in files(patch_set).items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(params=SETS)
def patch_set(request: pytest.FixtureRequest, tree: Path) -> str:
    """The name of a set; its miniature is in the tree."""
    name = str(request.param)
    write(name, tree)
    return name


@pytest.fixture
def patched(patch_set: str, tree: Path) -> Path:
    apply.write(apply.changes(load_patch_set(patch_set), tree), tree)
    return tree


def targets(root: Path, package: str, starlark: ModuleType) -> Targets:
    space = starlark.Workspace(root, package)
    known = space.builtins
    space.builtins = lambda: known() | {"cc_test": space.record("cc_test")}
    space.evaluate(root / package / "BUILD")
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


def test_git_and_patch_arrive_at_the_same_tree(
    patch_set: str, tree: Path, tools: list[str]
) -> None:
    outcomes = check.check(load_patch_set(patch_set), tree)
    assert [(o.tool, o.said) for o in outcomes] == [(tool, "") for tool in tools]


def test_llm_test_has_one_main(patched: Path, starlark: ModuleType) -> None:
    test = targets(patched, XNN, starlark)["llm_test"]
    assert test["srcs"] == ["llm_test.cc", "llm_test_main.cc"]
    assert "//mediapipe/framework/port:gtest" in test["deps"]
    assert not [dep for dep in test["deps"] if dep.endswith("_main")]
    assert test["local_defines"] == ["ABSL_FLAGS_STRIP_NAMES=0"]
    source = (patched / XNN / "llm_test_main.cc").read_text()
    for name in ("commandlineflag", "flag", "parse", "reflection"):
        assert f'#include "absl/flags/{name}.h"' in source
        assert f"@com_google_absl//absl/flags:{name}" in test["deps"]
    port = targets(patched, "mediapipe/framework/port", starlark)
    assert "//mediapipe/framework/deps:status_matchers" in port["status_matchers"]["deps"]


def test_tensorflow_follows_the_flag(patched: Path, starlark: ModuleType) -> None:
    found = targets(patched, XNN, starlark)
    flag = found["with_tflite_weights"]
    assert (flag["kind"], flag["build_setting_default"]) == ("bool_flag", False)
    assert found[ON[1:]]["flag_values"] == {":with_tflite_weights": "true"}
    accessor, weights = found["tflite_weight_accessor"], found["llm_weights"]
    assert resolve(accessor["srcs"]) == ["no_tflite_weight_accessor.cc"]
    assert resolve(accessor["srcs"], ON) == ["tflite_weight_accessor.cc"]
    for library in (accessor, weights):
        off, on = resolve(library["deps"]), resolve(library["deps"], ON)
        assert not [dep for dep in off if "tensorflow" in dep]
        assert [dep for dep in on if "tensorflow" not in dep] == off
    assert resolve(accessor["deps"], ON)[1:] == [
        "@org_tensorflow//tensorflow/lite:framework",
        "@org_tensorflow//tensorflow/lite:schema",
    ]
    for header in (patched / XNN).glob("*.h"):
        assert '"tensorflow/' not in header.read_text()


def test_only_one_condition_of_the_tensor_holds(patched: Path, starlark: ModuleType) -> None:
    deps = targets(patched, "mediapipe/framework/formats", starlark)["tensor"]["deps"]
    assert resolve(deps, "//mediapipe:android", "//mediapipe/gpu:disable_gpu") == []
    assert ":hardware_buffer" in resolve(deps, "//mediapipe/gpu:platform_android_with_gpu")
    memory = targets(patched, "mediapipe/framework", starlark)["memory_manager"]["deps"]
    assert resolve(memory, "//mediapipe:android") == []
    group = targets(patched, "mediapipe/gpu", starlark)["platform_android_with_gpu"]
    assert group["match_all"] == [":not_disable_gpu", "//mediapipe:android"]


def preprocessed(source: Path, *options: str) -> str:
    compiler = next((c for n in ("cpp", "c++", "clang") if (c := shutil.which(n))), None)
    if compiler is None:
        pytest.skip("no C preprocessor on PATH")
    command = [compiler, "-E", "-P", "-x", "c", *options, str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("options", "defined"),
    [
        (["-D__ANDROID_API__=30"], True),
        (["-D__ANDROID_API__=30", "-DMEDIAPIPE_DISABLE_GPU=1"], False),
        (["-D__ANDROID_API__=30", "-DMEDIAPIPE_NO_JNI"], False),
        (["-D__ANDROID_API__=21"], False),
    ],
)
def test_no_hardware_buffers_without_gpu(options: list[str], defined: bool, patched: Path) -> None:
    port = patched / "mediapipe/framework/port.h"
    for macro in ("TENSOR_USE_AHWB", "GPU_BUFFER_USE_AHWB"):
        if macro in port.read_text():
            probe = patched / "probe.c"
            probe.write_text(f"#include <{port}>\n#ifdef MEDIAPIPE_{macro}\ndefined\n#endif\n")
            assert ("defined" in preprocessed(probe, *options)) is defined


def test_weights_of_a_model_without_tensorflow(tree: Path) -> None:
    write(SETS[1], tree)
    before = (tree / XNN / "llm_weights.cc").read_text()
    apply.write(apply.changes(load_patch_set(SETS[1]), tree), tree)
    body = (tree / XNN / "llm_weights.cc").read_text()
    probe = tree / "probe.c"
    # The headers are not there; what is left of the directives is what would be included.
    probe.write_text(body.replace("#include", "@include"))
    off = preprocessed(probe, "-DMEDIAPIPE_DISABLE_TFLITE_WEIGHTS=1")
    assert "tensorflow/" not in off
    assert "flat_buffer_model->" not in off
    assert off.count("weight_accessor_ = ") == 2
    on = preprocessed(probe).replace("@include", "#include")
    assert on.split() == before.split()


@pytest.mark.parametrize(
    ("name", "old", "new", "edit"),
    [
        (f"{XNN}/BUILD", '"llm_test.cc"', '"llm_benchmark.cc"', "main"),
        (f"{XNN}/BUILD", ":gtest_main", ":gtest_other", "no-other-main"),
        (f"{XNN}/BUILD", "@org_tensorflow", "@tensorflow", "accessor-deps"),
        ("mediapipe/framework/formats/BUILD", "hardware_buffer_pool", "pool", "tensor-on-android"),
        (
            "mediapipe/framework/BUILD",
            "formats:hardware",
            "formats:soft",
            "memory-manager-on-android",
        ),
        ("mediapipe/framework/port.h", "NO_JNI", "JNI_FREE", "no-ahwb-without-gpu"),
        ("mediapipe/gpu/BUILD", "platform_ios", "platform_phone", "android-with-gpu"),
        (f"{XNN}/tflite_weight_accessor.h", '"tensorflow/', '"tflite/', "declare-model"),
    ],
)
def test_when_upstream_moves_the_edit_is_named(
    name: str, old: str, new: str, edit: str, patch_set: str, tree: Path
) -> None:
    text = (tree / name).read_text()
    assert old in text
    (tree / name).write_text(text.replace(old, new))
    with pytest.raises(Finding) as caught:
        apply.changes(load_patch_set(patch_set), tree)
    assert f"({edit}), {name}" in caught.value.where
