"""The KleidiAI patch set on miniatures of XNNPACK of March 2024, with the same anchors."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit.errors import Finding
from xnnkit.patches import apply, check
from xnnkit.patches.model import PatchSet, load_patch_set

NAME = "xnnpack-5ecf0769/kleidiai"
OPERATOR = "src/operators/fully-connected-nc.c"
SUBGRAPH = "src/subgraph/fully-connected.c"
MACROS = {f"XNN_ENABLE_KLEIDIAI{rest}" for rest in ("", "_QC8W", "_TILES")}

OPERATORS = "".join(
    f"""\
xnnpack_cc_library(
    name = "{name}",
    srcs = OPERATOR_SRCS,
    hdrs = [
        "src/xnnpack/operator.h",
    ],
    deps = [
        ":common",
    ],
)

"""
    for name in ("operator_h", "operators", "operators_test_mode")
)
SWITCH = "void f(void) {\n  switch (opdata->operator_objects[0]->type) {\n  }\n}\n"
FILES = {
    "BUILD.bazel": f"""\
load("@bazel_skylib//lib:selects.bzl", "selects")
load("//:build_defs.bzl", "xnnpack_cc_library")

OPERATOR_SRCS = [
    "src/operator-run.c",
]

{OPERATORS}""",
    "build_defs.bzl": """\
def xnnpack_gcc_std_copts():
    return []

def xnnpack_msvc_std_copts():
    return []

def xnnpack_cc_library(name, srcs = [], aarch64_srcs = [], aarch64_copts = [], copts = [], **rest):
    native.cc_library(
        name = name,
        srcs = srcs + aarch64_srcs,
        copts = copts + aarch64_copts,
        deps = rest["deps"],
    )
""",
    "src/xnnpack/config.h": "struct config {\n  uint8_t planes;  // of bits\n};\n",
    "src/xnnpack/operator.h": """\
#include <xnnpack/config.h>
union context {
    struct {
      struct packw_gemm_gio_context packw_gemm_gio;
    };
};
struct xnn_operator {
  enum xnn_run_state state;
};
""",
    "src/operator-delete.c": "void f(void) {\n  xnn_release_simd_memory(op->lookup_table);\n}\n",
    OPERATOR: """\
#include <xnnpack/common.h>
static enum xnn_status create_fully_connected_nc(void) {
  uint32_t cache_seed = 1;
}
enum xnn_status xnn_create_fully_connected_nc_f16(
    void) {
  const struct xnn_gemm_config* gemm_config = half();
}
enum xnn_status xnn_create_fully_connected_nc_qd8_f32_qc4w(void) {
  const struct xnn_gemm_config* gemm_config = four();
}
enum xnn_status xnn_create_fully_connected_nc_qd8_f32_qc8w(void) {
  const struct xnn_gemm_config* gemm_config = eight();
}
static enum xnn_status reshape_fully_connected_nc(void) {
  fully_connected_op->state = xnn_run_state_needs_setup;
}
static enum xnn_status setup_fully_connected_nc(void) {
  fully_connected_op->state = xnn_run_state_ready;
}
""",
    SUBGRAPH: "#include <xnnpack/log.h>\n"
    + "static enum xnn_status reshape_fully_connected_operator(void) {\n"
    + "  switch (opdata->operator_objects[0]->type) {\n  }\n"
    + "  return resize_fully_connected_output_tensor(opdata);\n}\n"
    + SWITCH.replace("void f", "static enum xnn_status setup_fully_connected_operator"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def patch_set() -> PatchSet:
    return load_patch_set(NAME)


@pytest.fixture
def patched(patch_set: PatchSet, tree: Path) -> Path:
    apply.write(apply.changes(patch_set, tree), tree)
    return tree


def function(text: str, name: str) -> str:
    """Return a function's definition, up to the brace in the first column."""
    found = re.search(rf"^[^\n]*\b{name}\([^;]*?\{{.*?^\}}", text, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[0]


def test_git_and_patch_arrive_at_the_same_tree(
    patch_set: PatchSet, tree: Path, tools: list[str]
) -> None:
    outcomes = check.check(patch_set, tree)
    assert [(o.tool, o.said) for o in outcomes] == [(tool, "") for tool in tools]


def test_only_the_two_operators_take_it(patched: Path) -> None:
    text = (patched / OPERATOR).read_text()
    for bits in (4, 8):
        create = function(text, f"xnn_create_fully_connected_nc_qd8_f32_qc{bits}w")
        assert f"xnn_init_qd8_f32_qc{bits}w_kleidiai_config()" in create
        # Before the stock configuration is asked for: a processor may lack none of them.
        assert create.index("kleidiai_config") < create.index("gemm_config = ")
    assert "kleidiai" not in function(text, "xnn_create_fully_connected_nc_f16")
    assert "cache_seed ^= " in function(text, "create_fully_connected_nc")


@pytest.mark.parametrize(
    ("name", "call", "state"),
    [("reshape", "xnn_kleidiai_reshape", "needs_setup"), ("setup", "xnn_kleidiai_setup", "ready")],
)
def test_an_operator_is_not_ready_when_the_step_fails(
    name: str, call: str, state: str, patched: Path
) -> None:
    body = function((patched / OPERATOR).read_text(), f"{name}_fully_connected_nc")
    assert re.search(
        rf"status = {call}\(.*?return status;.*?state = xnn_run_state_{state};", body, re.DOTALL
    )


def test_a_subgraph_plans_the_memory(patched: Path) -> None:
    text = (patched / SUBGRAPH).read_text()
    reshape = function(text, "reshape_fully_connected_operator")
    steps = ["expect_workspace", "switch", "get_workspace_size", "return resize"]
    assert sorted(steps, key=reshape.index) == steps
    setup = function(text, "setup_fully_connected_operator")
    assert setup.index("set_workspace") < setup.index("switch")


def test_no_declaration_depends_on_a_macro(patched: Path) -> None:
    """One target with a define and one without must agree on every struct."""
    readers = set()
    for file in patched.rglob("*.[ch]"):
        if any(macro in file.read_text() for macro in MACROS):
            readers.add(file.relative_to(patched).as_posix())
    assert readers == {"src/configs/kleidiai-config.c"}
    header = (patched / "src/xnnpack/kleidiai.h").read_text()
    conditions = re.findall(r"^#\s*(?:el)?if.*$", header, re.MULTILINE)
    assert set(conditions) == {"#ifdef __cplusplus"}


def targets(tree: Path, starlark: ModuleType) -> dict[str, Any]:
    space = starlark.Workspace(tree)
    space.evaluate(tree / "BUILD.bazel")
    found: dict[str, Any] = space.targets
    return found


def test_macros_go_to_one_source(patched: Path, starlark: ModuleType) -> None:
    found = targets(patched, starlark)
    for name in ("kleidiai", "kleidiai_test_mode"):
        defines = {x.split("=")[0][2:] for x in starlark.every(found[name]["copts"]) if "=" in x}
        assert defines - {"XNN_TEST_MODE"} == MACROS
        assert starlark.every(found[name]["srcs"]) == ["src/configs/kleidiai-config.c"]
    others = {n: t for n, t in found.items() if not n.startswith("kleidiai") and "copts" in t}
    assert not any("KLEIDIAI" in x for t in others.values() for x in starlark.every(t["copts"]))
    assert ":kleidiai" in found["operators"]["deps"]
    assert ":kleidiai_test_mode" in found["operators_test_mode"]["deps"]
    assert ":kleidiai" not in found["operator_h"]["deps"]


def test_every_source_of_the_set_is_compiled(patched: Path, starlark: ModuleType) -> None:
    compiled = {
        s for t in targets(patched, starlark).values() for s in starlark.every(t.get("srcs"))
    }
    brought = {f.relative_to(patched).as_posix() for f in (patched / "src").rglob("*kleidiai*/*.c")}
    assert brought
    assert brought | {"src/configs/kleidiai-config.c"} <= compiled


@pytest.mark.parametrize(
    ("file", "old", "new", "edit"),
    [
        ("src/xnnpack/config.h", "planes", "plans", "packing-field"),
        ("src/xnnpack/operator.h", "packw_gemm_gio;", "packw;", "operator-context"),
        (OPERATOR, "cache_seed", "seed", "cache-seed"),
        (OPERATOR, "qd8_f32_qc4w", "qp8_f32_qc4w", "create-qc4w"),
        (OPERATOR, "run_state_needs_setup", "run_state_ready", "reshape"),
        (SUBGRAPH, "return resize_", "return enlarge_", "subgraph-size"),
        ("BUILD.bazel", '"operators_test_mode"', '"operators_test"', "operator-deps-test-mode"),
    ],
)
def test_when_upstream_moves_the_edit_is_named(
    file: str, old: str, new: str, edit: str, patch_set: PatchSet, tree: Path
) -> None:
    text = (tree / file).read_text()
    assert old in text
    (tree / file).write_text(text.replace(old, new))
    with pytest.raises(Finding) as caught:
        apply.changes(patch_set, tree)
    assert f"({edit}), {file}" in caught.value.where
