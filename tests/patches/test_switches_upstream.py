"""xnnpack/switches on the real tree: every tool takes it, and no source loses a macro it reads.

A source that reads ``XNN_ENABLE_KLEIDIAI`` and is compiled without it takes it for 0, silently.
So every source of every library is searched, with every header of the tree that it includes.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xnnkit import paths, profile
from xnnkit.archives import regenerate
from xnnkit.patches import apply, check
from xnnkit.patches.model import load_patch_set
from xnnkit.patches.render import render_bytes

pytestmark = pytest.mark.upstream

MACROS = ("XNN_ENABLE_ARM_I8MM", "XNN_ENABLE_KLEIDIAI")
SOURCE = (".c", ".cc", ".S")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
DECLARES = re.compile(
    r"^#if !defined\((?P<macro>\w+)\) \|\| (?P=macro)$(?P<body>.*?)^#endif",
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def upstream_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """XNNPACK as the profile pins it, from the clone under the git root."""
    git_root = paths.git_root()
    assert git_root is not None
    clone = regenerate.find_clone(git_root, "google/XNNPACK")
    assert clone is not None, f"no clone of google/XNNPACK under {git_root}"
    commit = profile.load("xnnpack-2024-11").get_archive("XNNPACK").commit
    root = tmp_path_factory.mktemp("upstream")
    packed = subprocess.run(
        ["git", "-C", str(clone), "archive", commit], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(root, filter="data")
    return root


@pytest.fixture(scope="module")
def patched_tree(upstream_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with all text files that matter here, patched."""
    root = tmp_path_factory.mktemp("patched")
    root.rmdir()
    subprocess.run(["cp", "-r", str(upstream_tree), str(root)], check=True)
    apply.write(apply.changes(load_patch_set("xnnpack/switches"), root), root)
    return root


@pytest.fixture(scope="module")
def targets(patched_tree: Path, starlark: ModuleType) -> dict[str, dict[str, Any]]:
    """Every target of the root package, evaluated."""
    space = starlark.Workspace(patched_tree)
    space.evaluate(patched_tree / "BUILD.bazel")
    found: dict[str, dict[str, Any]] = space.targets
    return found


class Sources:
    """Which macros a file reads, itself or in the headers it includes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.read = cache(self._read)
        self.mentions = cache(self._mentions)
        self.includes = cache(self._includes)

    def _read(self, name: str) -> str:
        """Return a file without comments and without guards that only hide declarations."""
        text = (self.root / name).read_text("utf-8", "replace")
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
        return DECLARES.sub(lambda m: m["body"], re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))

    def _includes(self, name: str) -> frozenset[str]:
        found = set()
        for wanted in INCLUDE.findall(self.read(name)):
            for folder in (Path(name).parent, Path("src"), Path("include"), Path()):
                if (self.root / folder / wanted).is_file():
                    found.add((folder / wanted).as_posix())
                    break
        return frozenset(found)

    def _mentions(self, name: str) -> frozenset[str]:
        return frozenset(m for m in MACROS if re.search(rf"\b{m}\b", self.read(name)))

    def reads(self, name: str) -> set[str]:
        """Return the macros that a source or any header it includes mentions."""
        seen: set[str] = set()
        todo = [name]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(self.includes(one))
        return {macro for one in seen for macro in self.mentions(one)}


@pytest.fixture(scope="module")
def sources(patched_tree: Path) -> Sources:
    return Sources(patched_tree)


def given(target: dict[str, Any], starlark: ModuleType) -> set[str]:
    """Return the macros that a library gives its own sources."""
    defines = starlark.every(target.get("local_defines")) + starlark.every(target.get("defines"))
    return {define.split("=")[0] for define in defines} & set(MACROS)


def compiled(targets: dict[str, dict[str, Any]], starlark: ModuleType) -> dict[str, list[str]]:
    """Return source -> the libraries that compile it."""
    found: dict[str, list[str]] = {}
    for name, target in targets.items():
        if target["kind"] == "cc_library":
            for source in set(starlark.every(target.get("srcs"))):
                if source.endswith(SOURCE):
                    found.setdefault(source, []).append(name)
    return found


def test_every_tool_takes_the_diff(upstream_tree: Path, tools: list[str]) -> None:
    outcomes = check.check(load_patch_set("xnnpack/switches"), upstream_tree)
    assert [(o.tool, o.said) for o in outcomes] == [(tool, "") for tool in tools]


def test_the_diff_is_the_same_twice(upstream_tree: Path) -> None:
    patch_set = load_patch_set("xnnpack/switches")
    assert render_bytes(patch_set, upstream_tree) == render_bytes(patch_set, upstream_tree)


def test_every_switch_is_a_build_setting(
    upstream_tree: Path, targets: dict[str, dict[str, Any]]
) -> None:
    text = (upstream_tree / "BUILD.bazel").read_text()
    switches = set(re.findall(r'define_values = \{"(xnn_enable_\w+)":', text))
    assert len(switches) >= 30
    assert switches == {n for n, t in targets.items() if t["kind"] == "string_flag"} - {
        "always_flag"
    }
    for name, target in targets.items():
        if target["kind"] == "config_setting" and "define_values" in target:
            [switch] = target["define_values"]
            assert name.endswith("_by_define") == (switch in switches)


def test_the_evaluation_sees_all_sources(
    patched_tree: Path,
    targets: dict[str, dict[str, Any]],
    sources: Sources,
    starlark: ModuleType,
) -> None:
    """The tests below prove nothing if a library escaped them."""
    known = compiled(targets, starlark)
    there = {
        path.relative_to(patched_tree).as_posix()
        for path in (patched_tree / "src").rglob("*")
        if path.suffix in SOURCE
    }
    assert len(known) > 2000
    # src/build_identifier.c is generated.
    assert known.keys() - there == {"src/build_identifier.c"}
    # What no library compiles must not read a macro either, or it is one that was overlooked.
    assert [name for name in sorted(there - known.keys()) if sources.reads(name)] == []


def test_no_source_loses_a_macro_it_reads(
    targets: dict[str, dict[str, Any]], sources: Sources, starlark: ModuleType
) -> None:
    wrong = []
    for source, libraries in sorted(compiled(targets, starlark).items()):
        if source == "src/build_identifier.c":
            continue
        for library in libraries:
            missing = sources.reads(source) - given(targets[library], starlark)
            if missing:
                wrong.append(f"{source} in {library}: {', '.join(sorted(missing))}")
    assert wrong == []


def test_no_source_has_a_macro_it_does_not_read(
    targets: dict[str, dict[str, Any]], sources: Sources, starlark: ModuleType
) -> None:
    """Otherwise it would be compiled once a flavour for nothing."""
    readers = 0
    for source, libraries in compiled(targets, starlark).items():
        for library in libraries:
            if macros := given(targets[library], starlark):
                assert macros == sources.reads(source), f"{source} in {library}"
                readers += 1
    assert readers == 18


def test_the_macros_are_handed_to_nobody_else(
    targets: dict[str, dict[str, Any]], starlark: ModuleType
) -> None:
    """`defines`, unlike `local_defines`, would reach every dependent."""
    for name, target in targets.items():
        handed = " ".join(map(str, starlark.every(target.get("defines"))))
        assert not any(macro in handed for macro in MACROS), name


def test_kleidiai_is_seen_by_its_callers_alone(
    targets: dict[str, dict[str, Any]], sources: Sources, starlark: ModuleType
) -> None:
    for name, target in targets.items():
        if target["kind"] != "cc_library":
            continue
        assert not any("KleidiAI" in str(dep) for dep in starlark.every(target.get("deps"))), name
        calls = any(
            '"kai/' in sources.read(source)
            for source in starlark.every(target.get("srcs"))
            if source.endswith(SOURCE) and source != "src/build_identifier.c"
        )
        assert calls == bool(starlark.every(target.get("implementation_deps"))), name


def test_the_headers_hide_declarations_only(patched_tree: Path, sources: Sources) -> None:
    found = {}
    for path in (patched_tree / "src").rglob("*.h"):
        text = re.sub(
            r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8", "replace"), flags=re.DOTALL
        )
        for match in DECLARES.finditer(re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)):
            found[path.relative_to(patched_tree).as_posix()] = match["body"]
    assert found.keys() == {
        "src/xnnpack/pack.h", "src/x8-packq/x8-packq.h", "src/x32-pack-lh/x32-pack-lh.h"
    }  # fmt: skip
    for name, body in found.items():
        assert body.strip(), name
        # No bodies, no variables, no directives: prototypes and lines of an X-macro.
        assert not re.search(r"[{}=#]", body), name
        statements = [s for s in re.split(r"[;]", body) if s.strip()]
        assert all(s.rstrip().endswith(")") for s in statements), name


def test_the_guard_notices_a_lost_macro(patched_tree: Path, tmp_path: Path) -> None:
    """A source that starts to read a macro, itself or through a header, is found."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.c").write_text('#include "b.h"\n// XNN_ENABLE_ARM_I8MM\n')
    (tmp_path / "src" / "b.h").write_text("#if XNN_ENABLE_KLEIDIAI\n#endif\n")
    assert Sources(tmp_path).reads("src/a.c") == {"XNN_ENABLE_KLEIDIAI"}
    guarded = "#if !defined(XNN_ENABLE_KLEIDIAI) || XNN_ENABLE_KLEIDIAI\nvoid f(void);\n#endif\n"
    (tmp_path / "src" / "b.h").write_text(guarded)
    assert Sources(tmp_path).reads("src/a.c") == set()
