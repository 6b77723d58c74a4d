"""xnnpack/switches: what its own .bzl files decide, evaluated as Python."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from xnnkit.patches.model import load_patch_set

SWITCHES = load_patch_set("xnnpack/switches")


def workspace(starlark: ModuleType, package: str = "") -> Any:
    return starlark.Workspace(SWITCHES.root / "files", package)


@pytest.fixture
def rules(starlark: ModuleType) -> tuple[Any, dict[str, Any]]:
    space = workspace(starlark)
    return space, space.evaluate(space.root / "xnnkit_switches.bzl")


@pytest.mark.parametrize(
    ("platform", "old", "old_is_host", "value"),
    [
        (("aarch64", "linux"), "linux_k8", True, "linux_arm64"),
        (("x86_64", "linux"), "linux_k8", True, "linux_k8"),
        (("x86_64", "linux"), "linux_arm64", False, "linux_arm64"),
        (("x86_64", "linux"), "linux_arm64", True, "linux_k8"),
        (("aarch64", "linux"), "linux_k8", False, "linux_k8"),
        (("aarch64", "linux"), "linux_arm64", True, "linux_arm64"),
        (("aarch64", "linux"), "", True, "linux_arm64"),
        (("x86_64", "linux"), "", False, ""),
        (("aarch64", "android"), "linux_k8", True, "android_arm64"),
        (("aarch64", "android"), "linux_arm64", False, "android_arm64"),
        (("armv7", "android"), "linux_k8", True, "android_armv7"),
        (("x86_32", "android"), "linux_k8", True, "android_x86"),
        (("x86_64", "android"), "linux_k8", True, "android_x86_64"),
        (("", "android"), "linux_k8", True, ""),
        (("x86_64", "linux"), "android_arm64", False, "android_arm64"),
        (("aarch64", ""), "linux_k8", True, ""),
        (("", "linux"), "linux_k8", True, "linux_k8"),
        (("", ""), "linux_arm64", False, "linux_arm64"),
        (("aarch64", "macos"), "", True, ""),
    ],
)
def test_what_is_built_for(
    platform: tuple[str, str], old: str, old_is_host: bool, value: str, starlark: ModuleType
) -> None:
    space = workspace(starlark, "build_config")
    rule = space.evaluate(space.root / "build_config" / "xnnkit_target.bzl")

    def constraint(name: str) -> Any:
        return _Constraint({"ConstraintValueInfo": name})

    cpus = {constraint(name): name for name in rule["_ANDROID"]}
    ctx = SimpleNamespace(
        target_platform_has_constraint=lambda c: c in platform,
        attr=SimpleNamespace(
            android=constraint("android"),
            linux=constraint("linux"),
            cpus=cpus,
            old=old,
            old_is_host=old_is_host,
        ),
    )
    assert rule["_target_impl"](ctx) == [value]


class _Constraint(dict[str, str]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.values()))


def test_the_target_rule_is_asked_for_every_setting(starlark: ModuleType) -> None:
    space = workspace(starlark, "build_config")
    names = space.evaluate(space.root / "build_config" / "xnnkit_target.bzl")
    for name in [*names["_LINUX"].values(), *names["_ANDROID"].values()]:
        names["target_setting"](name=name, values={"cpu": name})
        assert space.targets[name]["flag_values"] == {":target": name}
    names["target_rule"](name="target")
    [branches] = space.targets["target"]["old"].parts
    settings = [key[1:] for key in branches if key != "//conditions:default"]
    assert settings
    assert all(setting in space.targets for setting in settings)
    [hosts] = space.targets["target"]["old_is_host"].parts
    assert hosts.pop("//conditions:default") is False
    for key in hosts:
        values = space.targets[key[1:]]["values"]
        assert values["cpu"] == values["host_cpu"]


def test_a_switch_is_asked_by_flag_and_by_define(rules: tuple[Any, dict[str, Any]]) -> None:
    space, names = rules
    for value in ("true", "false"):
        names["switch_setting"](name=f"x_{value}", define_values={"x": value})
    assert space.targets["x"] == {
        "kind": "string_flag",
        "build_setting_default": "auto",
        "values": ["auto", "false", "true"],
        "visibility": ["//visibility:public"],
    }
    assert space.targets["x_true"]["match_any"] == [":x_true_by_flag", ":x_true_by_define"]
    assert space.targets["x_effective"] == {
        "kind": "_effective_impl",
        "by_flavour": {},
        "flavour": None,
        "own": ":x",
    }
    assert space.targets["x_true_by_flag"]["flag_values"] == {":x_effective": "true"}
    by_define = space.targets["x_false_by_define"]
    assert (by_define["define_values"], by_define["flag_values"]) == (
        {"x": "false"},
        {":x_effective": "auto"},
    )


@pytest.mark.parametrize(
    ("own", "flavour", "value"),
    [
        ("auto", None, "auto"),
        ("true", None, "true"),
        ("auto", "plain", "false"),
        ("true", "plain", "true"),
        ("false", "fast", "false"),
        ("auto", "fast", "true"),
        ("auto", "unknown", "auto"),
    ],
)
def test_what_a_switch_is(
    own: str, flavour: str | None, value: str, rules: tuple[Any, dict[str, Any]]
) -> None:
    _, names = rules
    info = names["BuildSettingInfo"]
    ctx = SimpleNamespace(
        attr=SimpleNamespace(
            own={info: SimpleNamespace(value=own)},
            flavour=flavour and {info: SimpleNamespace(value=flavour)},
            by_flavour={"plain": "false", "fast": "true"},
        )
    )
    assert names["_effective_impl"](ctx) == [value]


def test_a_switch_follows_the_flavours_of_the_workspace(
    tmp_path: Path, starlark: ModuleType
) -> None:
    root = shutil.copytree(SWITCHES.root / "files", tmp_path / "tree")
    (root / "xnnkit_flavours.bzl").write_text(
        'FLAVOUR = "@@other//:flavour"\n'
        'SWITCHES = {"": {"x": "false"}, "fast": {"x": "true", "y": "true"}}\n'
    )
    space = starlark.Workspace(root)
    names = space.evaluate(root / "xnnkit_switches.bzl")
    for switch in ("x", "y", "z"):
        names["switch_setting"](name=f"{switch}_true", define_values={switch: "true"})
        assert space.targets[f"{switch}_effective"]["flavour"] == "@@other//:flavour"
    assert [space.targets[f"{switch}_effective"]["by_flavour"] for switch in ("x", "y", "z")] == [
        {"": "false", "fast": "true"},
        {"fast": "true"},
        {},
    ]


def split(rules: tuple[Any, dict[str, Any]], *srcs: str) -> dict[str, dict[str, Any]]:
    space, _ = rules
    names = space.evaluate(space.root / "xnnkit_split.bzl")
    library = space.record("cc_library")
    names["split_library"](library, "lib", srcs=list(srcs), deps=[":d"], kleidiai_deps=["@k"])
    found: dict[str, dict[str, Any]] = space.targets
    return found


def test_sources_are_split_by_what_they_read(
    rules: tuple[Any, dict[str, Any]], starlark: ModuleType
) -> None:
    srcs = ["src/a.c", "src/configs/gemm-config.c", "src/qp8-f32-qc4w-gemm/b.c", "src/z.c"]
    found = split(rules, *srcs)
    assert {name: target["srcs"] for name, target in found.items()} == {
        "lib": ["src/a.c", "src/z.c"],
        "lib_xnn_enable_arm_i8mm_xnn_enable_kleidiai": ["src/configs/gemm-config.c"],
        "lib_xnn_enable_kleidiai": ["src/qp8-f32-qc4w-gemm/b.c"],
    }
    assert found["lib"]["deps"] == [
        ":d", ":lib_xnn_enable_arm_i8mm_xnn_enable_kleidiai", ":lib_xnn_enable_kleidiai"
    ]  # fmt: skip
    assert found["lib"].keys() == {"kind", "srcs", "deps"}
    part = found["lib_xnn_enable_kleidiai"]
    assert (part["deps"], part["implementation_deps"]) == ([":d"], ["@k"])
    assert starlark.every(part["local_defines"]) == [
        "XNN_ENABLE_KLEIDIAI=1",
        "XNN_ENABLE_KLEIDIAI=0",
    ]


def test_a_library_of_readers_alone_is_not_split(rules: tuple[Any, dict[str, Any]]) -> None:
    found = split(rules, "src/reference/packing.cc")
    assert list(found) == ["lib"]
    assert found["lib"]["implementation_deps"] == ["@k"]


@pytest.mark.parametrize("srcs", [[], ["src/a.c"], ["src/qp8-f32-qc4w-gemm.c"]])
def test_a_library_without_readers_is_not_split(
    srcs: list[str], rules: tuple[Any, dict[str, Any]]
) -> None:
    found = split(rules, *srcs)
    assert found == {"lib": {"kind": "cc_library", "srcs": srcs, "deps": [":d"]}}


@pytest.mark.parametrize(
    ("package", "number"), [("", 0), ("build_config", 0), ("test", 4), ("bench", 4)]
)
def test_tests_and_benchmarks_get_all(package: str, number: int, starlark: ModuleType) -> None:
    space = workspace(starlark, package)
    names = space.evaluate(space.root / "xnnkit_consumers.bzl")
    assert len(starlark.every(names["consumer_defines"]())) == number
    assert names["consumer_deps"](["@k"]) == (["@k"] if number else [])
