"""The siblings of xnnpack/switches on miniatures of XNNPACK's build at their commits."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit.errors import Finding
from xnnkit.patches import apply, check
from xnnkit.patches.model import load_patch_set

MARCH, SEPTEMBER = "xnnpack/switches-2024-03", "xnnpack/switches-2025-09"
SETTINGS = [
    "linux_arm64",
    "linux_k8",
    "android_arm64",
    "android_armv7",
    "android_x86",
    "android_x86_64",
]
LOAD = 'load("@bazel_skylib//lib:selects.bzl", "selects")\n'
CONFIG = (
    LOAD
    + 'load("@bazel_skylib//rules:common_settings.bzl", "string_setting")\n\n'
    + "".join(
        f'config_setting(\n    name = "{name}",\n    values = {{"cpu": "{name}"}},\n)\n\n'
        for name in [*SETTINGS, "android", "wasm"]
    )
)
SWITCH = "".join(
    f'config_setting(\n    name = "xnn_enable_{name}_explicit_{value}",\n'
    f'    define_values = {{"xnn_enable_{name}": "{value}"}},\n)\n\n'
    for name in ("arm_i8mm", "jit")
    for value in ("true", "false")
)


def defaults(*names: str) -> str:
    return "".join(
        f'selects.config_setting_group(\n    name = "{name}_enabled_by_default",\n'
        '    match_any = [\n        "//conditions:default",\n    ],\n)\n\n'
        for name in names
    )


def kernels(kind: str) -> str:
    return f"""\
xnnpack_aggregate_library(
    name = "{kind}_microkernels",
    defines = select({{
        ":arm_dotprod_enabled": ["XNN_ENABLE_ARM_DOTPROD=1"],
        "//conditions:default": ["XNN_ENABLE_ARM_DOTPROD=0"],
    }}) + select({{
        ":arm_i8mm_enabled": ["XNN_ENABLE_ARM_I8MM=1"],
        "//conditions:default": ["XNN_ENABLE_ARM_I8MM=0"],
    }}) + select({{
        ":avxvnni_enabled": ["XNN_ENABLE_AVXVNNI=1"],
        "//conditions:default": ["XNN_ENABLE_AVXVNNI=0"],
    }}),
)

"""


MARCH_FILES = {
    "BUILD.bazel": LOAD
    + 'load(":build_defs.bzl", "xnnpack_aggregate_library", "xnnpack_cc_library")\n\n'
    + "".join(
        f'xnnpack_cc_library(\n    name = "{name}",\n'
        '    srcs = [\n        "src/configs/gemm-config.c",\n        "src/b.c",\n    ],\n)\n\n'
        for name in ("microkernel_configs", "microkernel_configs_test_mode")
    )
    + "".join(map(kernels, ("bench", "prod", "test")))
    + SWITCH
    + defaults("assembly", "sparse", "memopt", "gemm_m_specialization", "dwconv_multipass"),
    "build_defs.bzl": """\
def xnnpack_cc_library(
        name,
        srcs = [],
        defines = [],
        deps = [],
        testonly = False):
    native.cc_library(
        name = name,
        srcs = srcs,
        defines = defines,
        deps = deps,
        testonly = testonly,
    )

def xnnpack_aggregate_library(name, defines = []):
    native.cc_library(
        name = name,
        defines = defines,
    )
""",
    "build_config/BUILD.bazel": CONFIG,
}
WITH_KLEIDIAI = """xnnpack_if_kleidiai_enabled([
        "@KleidiAI//:{}",
    ])"""
SEPTEMBER_FILES = {
    "BUILD.bazel": LOAD
    + """\
load(
    ":build_defs.bzl",
    "xnnpack_cc_library",
    "xnnpack_cxx_library",
    "xnnpack_if_kleidiai_enabled",
    "xnnpack_lib_deps",
    "xnnpack_select_if",
)
load(":build_params.bzl", "xnnpack_cc_library_for_arch")

arch = "neon"

def prod_c_srcs_for_arch(arch):
    return ["src/pf32-gemm/a.c", "src/other/a.c"]

def non_prod_c_srcs_for_arch(arch):
    return ["src/other/b.c"]

"""
    + "".join(
        f"""\
xnnpack_cc_library_for_arch(
    name = "neon_{name}",
    srcs = {prefix}prod_c_srcs_for_arch(arch) + xnnpack_select_if(
        ":assembly_enabled",
        ["src/{name}.S"],
    ),
    arch = arch,
)

"""
        for name, prefix in (("prod", ""), ("all", "non_"))
    )
    + f"""\
xnnpack_cxx_library(
    name = "pack_lh",
    srcs = ["src/pack-lh.cc"],
    deps = [
        "@d",
    ] + {WITH_KLEIDIAI.format("pack_lh")},
)

xnnpack_cxx_library(
    name = "packing",
    srcs = ["src/reference/packing.cc"],
    deps = [
        "@d",
    ] + {WITH_KLEIDIAI.format("packing")},
)

xnnpack_cc_library(
    name = "XNNPACK",
    srcs = ["src/init.c"],
    deps = xnnpack_lib_deps(),
)

"""
    + SWITCH
    + defaults("assembly", "sparse"),
    "src/configs/BUILD": """\
load("//:build_defs.bzl", "xnnpack_cc_library")

xnnpack_cc_library(
    name = "microkernel_configs",
    srcs = ["gemm-config.c", "pack-lh-config.c", "other.c"],
)
""",
    "build_params.bzl": """\
load(":build_defs.bzl", "xnnpack_cc_library", "xnnpack_if_kleidiai_enabled")

def params(extra_deps = [], **kwargs):
    return struct(extra_deps = extra_deps, extra_kwargs = kwargs)

PARAMS = {
"""
    + "".join(
        f"""\
    "{arch}": params(
        extra_deps = xnnpack_if_kleidiai_enabled([
            "@KleidiAI//:{arch}",
        ]),
    ),
"""
        for arch in ("neon", "b", "c", "d", "e", "f", "g")
    )
    + """\
}

def xnnpack_cc_library_for_arch(arch, name, deps = [], **kwargs):
    for key, val in PARAMS[arch].extra_kwargs.items():
        kwargs[key] = val
    xnnpack_cc_library(
        name = name,
        deps = deps + PARAMS[arch].extra_deps,
        **kwargs
    )
""",
    "build_defs.bzl": """\
load("//:emscripten.bzl", "nothing")

def xnnpack_select_if(cond, val_true = [], val_false = []):
    return select({cond: val_true, "//conditions:default": val_false})

def xnnpack_configurable_defines():
    return """
    + " + ".join(
        f"""xnnpack_select_if(
        "//:{name}_enabled",
        ["XNN_ENABLE_{name.upper()}=1"],
        ["XNN_ENABLE_{name.upper()}=0"],
    )"""
        for name in ("sparse", "arm_i8mm", "hvx", "kleidiai", "arm_sme")
    )
    + """ + []

def xnnpack_std_c_defines():
    return ["STD"]

def xnnpack_if_kleidiai_enabled(enabled):
    return xnnpack_select_if("//:kleidiai_enabled", enabled)

def xnnpack_lib_deps():
    return [
        ":operators",
    ] + xnnpack_if_kleidiai_enabled([
        "@KleidiAI//:common",
    ])

def xnnpack_cc_library(
        name,
        srcs = [],
        aarch64_srcs = [],
        defines = [],
        deps = [],
        **kwargs):
    defines = defines or xnnpack_configurable_defines()
    native.cc_library(
        name = name,
        srcs = srcs + select({
            "//build_config:aarch64": aarch64_srcs,
            "//conditions:default": [],
        }),
        defines = xnnpack_std_c_defines() + defines,
        deps = deps,
        **kwargs
    )

def xnnpack_cxx_library(name, **kwargs):
    xnnpack_cc_library(name, **kwargs)
"""
    + "".join(
        f"\ndef {name}(name, defines = []):\n    native.cc_test(\n        name = name,\n"
        "        defines = defines,\n    )\n"
        for name in ("xnnpack_unit_test", "xnnpack_benchmark")
    ),
    "emscripten.bzl": "def nothing():\n    return []\n",
    "test/BUILD.bazel": """\
load("//:build_defs.bzl", "xnnpack_unit_test")

xnnpack_unit_test(name = "a_test")
""",
    "build_config/BUILD.bazel": CONFIG,
}
FILES = {MARCH: MARCH_FILES, SEPTEMBER: SEPTEMBER_FILES}


def plant(name: str, tree: Path) -> Path:
    for path, text in FILES[name].items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    return tree


def patched(name: str, tree: Path, starlark: ModuleType, package: str = "") -> dict[str, Any]:
    """Return the targets of a package after the set's edits."""
    if not (tree / "xnnkit_split.bzl").exists():
        apply.write(apply.changes(load_patch_set(name), plant(name, tree)), tree)
    space = starlark.Workspace(tree, package)
    build = tree / package / "BUILD.bazel"
    space.evaluate(build if build.is_file() else build.with_name("BUILD"))
    found: dict[str, Any] = space.targets
    return found


@pytest.mark.parametrize("name", FILES)
def test_git_and_patch_arrive_at_the_same_tree(name: str, tree: Path, tools: list[str]) -> None:
    outcomes = check.check(load_patch_set(name), plant(name, tree))
    assert [(o.tool, o.said) for o in outcomes] == [(tool, "") for tool in tools]


@pytest.mark.parametrize("name", FILES)
def test_switches_and_platforms(name: str, tree: Path, starlark: ModuleType) -> None:
    targets = patched(name, tree, starlark)
    kinds = {label: target["kind"] for label, target in targets.items()}
    assert {"xnn_enable_arm_i8mm", "xnn_enable_jit"} <= {
        label for label, kind in kinds.items() if kind == "string_flag"
    }
    assert kinds["xnn_enable_jit_effective"] == "_effective_impl"
    always = {MARCH: ":always", SEPTEMBER: "//build_config:always_true"}[name]
    assert targets["assembly_enabled_by_default"]["match_any"] == [always]
    config = patched(name, tree, starlark, "build_config")
    for setting in SETTINGS:
        assert config[setting]["flag_values"] == {":target": setting}
    assert config["android"]["match_any"] == [":android_by_old_flags", ":android_by_platform"]
    assert config["wasm"] == {"kind": "config_setting", "values": {"cpu": "wasm"}}


def defines(target: dict[str, Any], starlark: ModuleType, attribute: str) -> set[str]:
    return {define.split("=")[0] for define in starlark.every(target.get(attribute))}


def test_march_gives_the_macro_to_one_source(tree: Path, starlark: ModuleType) -> None:
    targets = patched(MARCH, tree, starlark)
    part = targets["microkernel_configs_xnn_enable_arm_i8mm"]
    assert part["srcs"] == ["src/configs/gemm-config.c"]
    assert starlark.every(part["local_defines"]) == [
        "XNN_ENABLE_ARM_I8MM=1",
        "XNN_ENABLE_ARM_I8MM=0",
    ]
    assert targets["microkernel_configs"]["srcs"] == ["src/b.c"]
    assert targets["microkernel_configs"]["deps"] == [":microkernel_configs_xnn_enable_arm_i8mm"]
    # XNNPACK's own tests get it from their kernels, as before.
    assert len(targets["microkernel_configs_test_mode"]["srcs"]) == 2
    others = {"XNN_ENABLE_ARM_DOTPROD", "XNN_ENABLE_AVXVNNI"}
    assert defines(targets["prod_microkernels"], starlark, "defines") == others
    for kind in ("bench", "test"):
        found = defines(targets[f"{kind}_microkernels"], starlark, "defines")
        assert found == others | {"XNN_ENABLE_ARM_I8MM"}


def test_september_splits_every_library(tree: Path, starlark: ModuleType) -> None:
    targets = patched(SEPTEMBER, tree, starlark)
    readers = {
        label: (starlark.every(t["srcs"]), starlark.every(t.get("implementation_deps")))
        for label, t in targets.items()
        if t.get("local_defines")
    }
    assert readers == {
        "neon_prod_xnn_enable_kleidiai": (["src/pf32-gemm/a.c"], ["@KleidiAI//:neon"]),
        "pack_lh_xnn_enable_kleidiai": (["src/pack-lh.cc"], []),
        "packing_xnn_enable_kleidiai": (["src/reference/packing.cc"], ["@KleidiAI//:packing"]),
        "XNNPACK_xnn_enable_kleidiai": (["src/init.c"], ["@KleidiAI//:common"]),
    }
    assert starlark.every(targets["neon_prod"]["srcs"]) == ["src/other/a.c", "src/prod.S"]
    assert starlark.every(targets["neon_all"]["srcs"]) == ["src/other/b.c", "src/all.S"]
    kept = {"STD", "XNN_ENABLE_SPARSE", "XNN_ENABLE_HVX", "XNN_ENABLE_ARM_SME"}
    for label, target in targets.items():
        if target["kind"] == "cc_library":
            assert not any("KleidiAI" in dep for dep in starlark.every(target["deps"])), label
            assert defines(target, starlark, "defines") == kept


def test_september_splits_in_other_packages(tree: Path, starlark: ModuleType) -> None:
    targets = patched(SEPTEMBER, tree, starlark, "src/configs")
    assert {label: starlark.every(target["srcs"]) for label, target in targets.items()} == {
        "microkernel_configs": ["other.c"],
        "microkernel_configs_xnn_enable_arm_i8mm_xnn_enable_kleidiai": ["gemm-config.c"],
        "microkernel_configs_xnn_enable_kleidiai": ["pack-lh-config.c"],
    }


def test_september_keeps_the_macros_for_xnnpacks_own_tests(
    tree: Path, starlark: ModuleType
) -> None:
    target = patched(SEPTEMBER, tree, starlark, "test")["a_test"]
    assert defines(target, starlark, "defines") == {"XNN_ENABLE_ARM_I8MM", "XNN_ENABLE_KLEIDIAI"}


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "edit"),
    [
        (MARCH, "BUILD.bazel", '"prod_microkernels"', '"kernels"', "no-i8mm-everywhere"),
        (MARCH, "BUILD.bazel", '"microkernel_configs"', '"configs"', "split-configs"),
        (MARCH, "build_defs.bzl", "testonly = False", "quiet = False", "take-local-defines"),
        (SEPTEMBER, "build_defs.bzl", "srcs = srcs +", "srcs = all +", "split"),
        (SEPTEMBER, "build_defs.bzl", "//:kleidiai_enabled", "//:kai", "no-macros-everywhere"),
        (SEPTEMBER, "BUILD.bazel", '"pack_lh"', '"pack_left"', "kleidiai-deps-of-pack-lh"),
    ],
)
def test_when_upstream_moves_the_edit_is_named(
    name: str, file: str, old: str, new: str, edit: str, tree: Path
) -> None:
    text = (plant(name, tree) / file).read_text()
    assert old in text
    (tree / file).write_text(text.replace(old, new))
    with pytest.raises(Finding) as caught:
        apply.changes(load_patch_set(name), tree)
    assert f"({edit}), {file}" in caught.value.where
