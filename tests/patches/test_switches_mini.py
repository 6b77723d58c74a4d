"""xnnpack/switches on a miniature of XNNPACK's build, written here in the same shape."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit.errors import Finding
from xnnkit.patches import apply, check
from xnnkit.patches.model import load_patch_set

DEFAULTS = ["assembly", "sparse", "memopt", "gemm_m", "dwconv"]
SETTINGS = [
    "linux_arm64",
    "linux_k8",
    "android_arm64",
    "android_armv7",
    "android_x86",
    "android_x86_64",
]


def call(rule: str, name: str, **attributes: Any) -> str:
    lines = "".join(f"    {k} = {v},\n" for k, v in attributes.items())
    return f'{rule}(\n    name = "{name}",\n{lines})\n\n'


def setting(switch: str, value: str) -> str:
    values = f'{{"{switch}": "{value}"}}'
    return call("config_setting", f"{switch}_explicit_{value}", define_values=values)


LOAD = 'load("@bazel_skylib//lib:selects.bzl", "selects")\n'
BUILD = (
    LOAD
    + 'load(":build_defs.bzl", "xnnpack_cc_library", "xnnpack_cxx_library",'
    + ' "xnnpack_if_kleidiai_enabled")\n'
    + 'load(":build_params.bzl", "xnnpack_cc_library_for_arch", "xnnpack_configurable_defines")\n\n'
    + call(
        "xnnpack_cc_library", "microkernel_configs", srcs='["src/configs/gemm-config.c", "src/b.c"]'
    )
    + call(
        "xnnpack_cxx_library",
        "packing",
        srcs='["src/reference/packing.cc"]',
        deps='["@d"] + xnnpack_if_kleidiai_enabled(["@KleidiAI//:pack"])',
    )
    + 'xnnpack_cc_library_for_arch("neon", "neon", ["src/qp8-f32-qc4w-gemm/a.c", "src/a.c"])\n\n'
    + "".join(setting("xnn_enable_" + s, v) for s in ("arm_i8mm", "hmp") for v in ("true", "false"))
    + call("config_setting", "xnn_log_explicit_true", define_values='{"xnn_log": "true"}')
    + "".join(
        f'selects.config_setting_group(\n    name = "{d}_enabled_by_default",\n'
        '    match_any = [\n        "//conditions:default",\n    ],\n)\n\n'
        for d in DEFAULTS
    )
)
CONFIG = LOAD + "".join(
    call("config_setting", name, values=f'{{"cpu": "{name}"}}')
    for name in [*SETTINGS, "android", "wasm"]
)


def defines(*names: str) -> str:
    one = 'xnnpack_select_if(\n        ":{}_enabled",\n        ["{}=1"],\n        ["{}=0"],\n    )'
    return " + ".join(one.format(n, *2 * [f"XNN_ENABLE_{n.upper()}"]) for n in names)


PARAMS = f"""\
load(
    ":build_defs.bzl",
    "xnnpack_cc_library",
    "xnnpack_if_kleidiai_enabled",
    "xnnpack_slinky_defines",
)

def xnnpack_select_if(cond, yes, no):
    return select({{cond: yes, "//conditions:default": no}})

def xnnpack_configurable_defines():
    return {defines("sparse", "arm_i8mm", "assembly", "kleidiai", "sme")} + xnnpack_slinky_defines()

def params(extra_deps = [], **kwargs):
    return kwargs

ARCHS = {{
{
    "".join(
        f'''    "{a}": params(
        extra_deps = xnnpack_if_kleidiai_enabled(["@KleidiAI//:{a}"]),
    ),
'''
        for a in ("neon", "b", "c", "d", "e", "f")
    )
}\
}}

def xnnpack_cc_library_for_arch(arch, name, srcs):
    xnnpack_cc_library(
        name = name,
        srcs = srcs,
        **ARCHS[arch]
    )
"""
DEFS = """\
load("//:emscripten.bzl", "deps_of")

def xnnpack_if_kleidiai_enabled(yes):
    return select({":kleidiai_enabled": yes, "//conditions:default": []})

def xnnpack_slinky_defines():
    return []

def xnnpack_cc_library(name, srcs = [], defines = [], deps = [], **kwargs):
    native.cc_library(
        name = name,
        srcs = srcs,
        defines = defines,
        deps = deps,
        **kwargs
    )

def xnnpack_cxx_library(name, **kwargs):
    xnnpack_cc_library(name, **kwargs)
""" + "".join(
    f"\ndef {name}(name, defines = []):\n    native.cc_test(\n        name = name,\n"
    "        defines = defines,\n    )\n"
    for name in ("unit_test", "unit_binary", "benchmark")
)
HEADER = "#if XNN_ENABLE_KLEIDIAI\nvoid f(void);\n#endif\n"
FILES = {
    "BUILD.bazel": BUILD,
    "build_params.bzl": PARAMS,
    "build_defs.bzl": DEFS,
    "emscripten.bzl": "def deps_of():\n    return []\n",
    "build_config/BUILD.bazel": CONFIG,
    "src/xnnpack/pack.h": HEADER,
    "src/x8-packq/x8-packq.h": HEADER,
    "src/x32-pack-lh/x32-pack-lh.h": HEADER,
}


@pytest.fixture
def mini(tree: Path) -> Path:
    for name, text in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree


def patched(mini: Path, starlark: ModuleType, package: str = "") -> dict[str, dict[str, Any]]:
    apply.write(apply.changes(load_patch_set("xnnpack/switches"), mini), mini)
    space = starlark.Workspace(mini, package)
    space.evaluate(mini / package / "BUILD.bazel")
    found: dict[str, dict[str, Any]] = space.targets
    return found


def test_git_and_patch_arrive_at_the_same_tree(mini: Path, tools: list[str]) -> None:
    outcomes = check.check(load_patch_set("xnnpack/switches"), mini)
    assert [(o.tool, o.said) for o in outcomes] == [(tool, "") for tool in tools]


def test_switches(mini: Path, starlark: ModuleType) -> None:
    targets = patched(mini, starlark)
    flags = {name for name, t in targets.items() if t["kind"] == "string_flag"}
    assert flags == {"xnn_enable_arm_i8mm", "xnn_enable_hmp", "always_flag"}
    assert targets["xnn_log_explicit_true"]["kind"] == "config_setting"
    for name in DEFAULTS:
        assert targets[f"{name}_enabled_by_default"]["match_any"] == [":always"]


def test_narrowed_macros(mini: Path, starlark: ModuleType) -> None:
    targets = patched(mini, starlark)
    readers = {
        name: starlark.every(t["srcs"])
        for name, t in targets.items()
        if t["kind"] == "cc_library" and t.get("local_defines")
    }
    assert readers == {
        "microkernel_configs_xnn_enable_arm_i8mm_xnn_enable_kleidiai": [
            "src/configs/gemm-config.c"
        ],
        "packing": ["src/reference/packing.cc"],
        "neon_xnn_enable_kleidiai": ["src/qp8-f32-qc4w-gemm/a.c"],
    }
    assert starlark.every(targets["packing"]["deps"]) == ["@d"]
    assert starlark.every(targets["packing"]["implementation_deps"]) == ["@KleidiAI//:pack"]
    everywhere = starlark.Workspace(mini).evaluate(mini / "build_params.bzl")
    left = starlark.every(everywhere["xnnpack_configurable_defines"]())
    assert left == [f"XNN_ENABLE_{m}={v}" for m in ("SPARSE", "ASSEMBLY", "SME") for v in (1, 0)]


def test_targets_by_platform(mini: Path, starlark: ModuleType) -> None:
    targets = patched(mini, starlark, "build_config")
    assert {name: targets[name]["flag_values"][":target"] for name in SETTINGS} == {
        name: name for name in SETTINGS
    }
    assert targets["android"]["match_any"] == [":android_by_old_flags", ":android_by_platform"]
    assert targets["wasm"] == {"kind": "config_setting", "values": {"cpu": "wasm"}}


def test_headers_declare_where_the_macro_is_not_defined(mini: Path, starlark: ModuleType) -> None:
    patched(mini, starlark)
    for name, text in FILES.items():
        if text is HEADER:
            condition = (mini / name).read_text().splitlines()[0]
            assert condition == "#if !defined(XNN_ENABLE_KLEIDIAI) || XNN_ENABLE_KLEIDIAI"


@pytest.mark.parametrize(
    ("name", "old", "new", "edit"),
    [
        ("BUILD.bazel", '"microkernel_configs"', '"configs"', "split-configs"),
        ("BUILD.bazel", '"sparse_enabled_by_default"', '"sparse_default"', "always"),
        ("build_params.bzl", '":kleidiai_enabled",\n', '":kai_enabled",\n', "no-i8mm-everywhere"),
        ("build_config/BUILD.bazel", '"linux_k8"', '"linux_x86"', "target-settings"),
        ("src/xnnpack/pack.h", "#if XNN", "#ifdef XNN", "declare-packing"),
    ],
)
def test_when_upstream_moves_the_edit_is_named(
    name: str, old: str, new: str, edit: str, mini: Path
) -> None:
    text = (mini / name).read_text()
    assert old in text
    (mini / name).write_text(text.replace(old, new))
    with pytest.raises(Finding) as caught:
        apply.changes(load_patch_set("xnnpack/switches"), mini)
    assert f"({edit}), {name}" in caught.value.where
