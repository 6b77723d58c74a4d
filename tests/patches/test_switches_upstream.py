"""The sets of switches on the real trees: every tool takes them, no source loses a macro."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit import paths
from xnnkit.archives import regenerate
from xnnkit.errors import Finding
from xnnkit.patches import apply, check
from xnnkit.patches.model import PatchSet, load_patch_set
from xnnkit.patches.render import render_bytes

I8MM, KLEIDIAI = "XNN_ENABLE_ARM_I8MM", "XNN_ENABLE_KLEIDIAI"


@dataclass(frozen=True)
class Case:
    """One set on one commit, and what is known of that commit."""

    commit: str
    patch_set: str
    readers: int
    """How many sources of //:XNNPACK read a macro."""
    macros: tuple[str, ...] = (I8MM, KLEIDIAI)
    """What flavours differ in."""
    packages: tuple[str, ...] = ("",)
    """The packages that //:XNNPACK comes from."""
    declares: frozenset[str] = frozenset()
    """The headers that show declarations where the macro is not defined."""
    handed: frozenset[str] = frozenset()
    """The libraries that hand a macro to their dependents: XNNPACK's own tests and benchmarks."""
    generated: bool = True
    """Whether the build identifier's source is generated."""


CASES = [
    Case(
        "4ea82e595b36106653175dcb04b2aa532660d0d8",
        "xnnpack/switches",
        readers=12,
        declares=frozenset(
            {"src/xnnpack/pack.h", "src/x8-packq/x8-packq.h", "src/x32-pack-lh/x32-pack-lh.h"}
        ),
    ),
    *(
        Case(
            commit,
            "xnnpack/switches-2024-03",
            readers=1,
            macros=(I8MM,),
            handed=frozenset({":bench_microkernels", ":test_microkernels"}),
            generated=False,
        )
        for commit in (
            "2fe25b859581a34e77b48b06c640ac1a5a58612e",
            "5ecf0769c54cd224bd0026fe2c8d2ad6f3c4368a",
        )
    ),
    Case(
        "68167d1fefa50296f0588ec280f48c58357ca898",
        "xnnpack/switches-2025-09",
        readers=118,
        packages=("", "src/configs"),
    ),
]


def test_profiles_use_a_set_where_it_is_tested() -> None:
    tested = {(case.patch_set, case.commit) for case in CASES}
    used = set()
    for file in (paths.home() / "profiles").glob("*.toml"):
        profile = tomllib.loads(file.read_text())
        commits = {archive["name"]: archive["commit"] for archive in profile["archive"]}
        for flavour in profile["flavour"]:
            for name in flavour["patch_sets"]:
                if name.startswith("xnnpack/switches"):
                    used.add((name, commits[flavour["archives"]["XNNPACK"]]))
    assert used
    assert used <= tested


@pytest.fixture(
    scope="module",
    params=[pytest.param(c, id=c.commit[:8], marks=pytest.mark.upstream) for c in CASES],
)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def patch_set(case: Case) -> PatchSet:
    return load_patch_set(case.patch_set)


@pytest.fixture(scope="module")
def upstream_tree(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """XNNPACK at the commit, from the clone under the git root."""
    git_root = paths.git_root()
    assert git_root is not None
    clone = regenerate.find_clone(git_root, "google/XNNPACK")
    assert clone is not None, f"no clone of google/XNNPACK under {git_root}"
    root = tmp_path_factory.mktemp("upstream")
    packed = subprocess.run(
        ["git", "-C", str(clone), "archive", case.commit], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(root, filter="data")
    return root


@pytest.fixture(scope="module")
def patched_tree(
    upstream_tree: Path, patch_set: PatchSet, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    root = tmp_path_factory.mktemp("patched")
    root.rmdir()
    changed = apply.changes(patch_set, upstream_tree)
    shutil.copytree(upstream_tree, root, copy_function=os.link)
    for change in changed:
        (root / change.path).unlink(missing_ok=True)
    apply.write(changed, root)
    return root


@pytest.fixture(scope="module")
def build(case: Case, patched_tree: Path, starlark: ModuleType, xnnpack_tree: ModuleType) -> Any:
    """Every target of the packages that make up //:XNNPACK."""
    return xnnpack_tree.Build(patched_tree, case.packages, starlark)


@pytest.fixture(scope="module")
def sources(case: Case, patched_tree: Path, xnnpack_tree: ModuleType) -> Any:
    return xnnpack_tree.Sources(patched_tree, case.macros)


def test_every_tool_takes_the_diff(
    patch_set: PatchSet, upstream_tree: Path, tools: list[str]
) -> None:
    outcomes = check.check(patch_set, upstream_tree)
    assert [(o.tool, o.said) for o in outcomes] == [(tool, "") for tool in tools]


def test_the_diff_is_the_same_twice(patch_set: PatchSet, upstream_tree: Path) -> None:
    assert render_bytes(patch_set, upstream_tree) == render_bytes(patch_set, upstream_tree)


def test_the_build_identifier_goes_on_top(case: Case, patched_tree: Path, tools: list[str]) -> None:
    identifier = load_patch_set("xnnpack/build-identifier")
    if case.generated:
        outcomes = check.check(identifier, patched_tree)
        assert [(o.tool, o.said) for o in outcomes] == [(tool, "") for tool in tools]
    else:
        with pytest.raises(Finding, match="the anchor does not match"):
            apply.changes(identifier, patched_tree)


def test_every_switch_is_a_build_setting(upstream_tree: Path, build: Any) -> None:
    text = (upstream_tree / "BUILD.bazel").read_text()
    switches = set(re.findall(r'define_values = \{"(xnn_enable_\w+)":', text))
    assert len(switches) >= 17
    kinds = {name: target["kind"] for name, target in build.targets.items()}
    flags = {name for name, kind in kinds.items() if kind == "string_flag"}
    assert {f":{s}" for s in switches} == flags - {":always_flag"}
    for switch in switches:
        assert kinds[f":{switch}_effective"] == "_effective_impl"
    for name, target in build.targets.items():
        if target["kind"] == "config_setting" and "define_values" in target:
            [switch] = target["define_values"]
            assert name.endswith("_by_define") == (switch in switches)


def test_no_condition_of_skylibs_own(build: Any) -> None:
    for name, target in build.targets.items():
        if target["kind"] == "config_setting_group":
            conditions = target.get("match_any") or target.get("match_all")
            assert "//conditions:default" not in conditions, name


def test_the_evaluation_sees_all_sources(
    case: Case, patched_tree: Path, build: Any, sources: Any, xnnpack_tree: ModuleType
) -> None:
    """The tests below prove nothing if a library escaped them."""
    known = {source for name in build.libraries() for source in build.sources(name)}
    there = {
        path.relative_to(patched_tree).as_posix()
        for path in (patched_tree / "src").rglob("*")
        if path.suffix in xnnpack_tree.SOURCE
    }
    assert len(known) > 2000
    assert known <= there
    generated = {s for t in build.targets.values() for s in build.every(t.get("srcs"))} - there
    assert (xnnpack_tree.GENERATED in generated) == case.generated
    # What no library compiles must not read a macro either, or it is one that was overlooked.
    assert [name for name in sorted(there - known) if sources.reads(name)] == []


def test_no_source_loses_a_macro_it_reads(build: Any, sources: Any) -> None:
    wrong = []
    for library in build.libraries():
        given = build.given(library)
        for source in build.sources(library):
            if missing := sources.reads(source) - given:
                wrong.append(f"{source} in {library}: {', '.join(sorted(missing))}")
    assert wrong == []


def test_no_source_has_a_macro_it_does_not_read(case: Case, build: Any, sources: Any) -> None:
    """Otherwise it would be compiled once a flavour for nothing."""
    readers = 0
    for library in build.below(":XNNPACK") & set(build.libraries()):
        macros = build.given(library) & set(case.macros)
        for source in build.sources(library) if macros else ():
            assert macros == sources.reads(source), f"{source} in {library}"
            readers += 1
    assert readers == case.readers


def test_the_macros_are_handed_to_nobody_else(case: Case, build: Any) -> None:
    """`defines`, unlike `local_defines`, would reach every dependent."""
    handed = {
        name
        for name, target in build.targets.items()
        if any(macro in str(build.every(target.get("defines"))) for macro in case.macros)
    }
    assert handed == case.handed
    assert not handed & build.below(":XNNPACK")


@pytest.mark.parametrize("package", ["test", "bench"])
def test_xnnpacks_own_programs_have_the_macros(
    package: str,
    case: Case,
    patched_tree: Path,
    sources: Any,
    starlark: ModuleType,
    xnnpack_tree: ModuleType,
) -> None:
    """Those of one file; a benchmark may read a macro, since upstream gave it to all of them."""
    whole = xnnpack_tree.Build(patched_tree, (*case.packages, package), starlark)
    readers, wrong = 0, []
    for name in whole.libraries():
        if name.startswith(f"{package}:"):
            for source in whole.sources(name):
                wanted = sources.reads(source)
                readers += bool(wanted)
                if wanted - whole.given(name):
                    wrong.append(f"{source} in {name}")
    assert wrong == []
    assert readers >= 10


def test_kleidiai_is_seen_by_its_callers_alone(build: Any, sources: Any) -> None:
    for name in build.libraries():
        target = build.targets[name]
        assert not any("KleidiAI" in str(dep) for dep in build.every(target.get("deps"))), name
        calls = any('"kai/' in sources.read(source) for source in build.sources(name))
        assert calls == bool(build.every(target.get("implementation_deps"))), name


def test_the_headers_hide_declarations_only(
    case: Case, patched_tree: Path, xnnpack_tree: ModuleType
) -> None:
    found = {}
    for path in (patched_tree / "src").rglob("*.h"):
        text = xnnpack_tree.without_comments(path.read_text("utf-8", "replace"))
        for match in xnnpack_tree.DECLARES.finditer(text):
            found[path.relative_to(patched_tree).as_posix()] = match["body"]
    assert found.keys() == case.declares
    for name, body in found.items():
        assert body.strip(), name
        # No bodies, no variables, no directives: prototypes and lines of an X-macro.
        assert not re.search(r"[{}=#]", body), name
        statements = [s for s in re.split(r"[;]", body) if s.strip()]
        assert all(s.rstrip().endswith(")") for s in statements), name
