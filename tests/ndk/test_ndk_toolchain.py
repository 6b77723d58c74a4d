"""The NDK toolchain's command lines, as Bazel itself reports them, on an NDK-shaped tree."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import ndk_shape
import pytest
from ndk_miniature import Workspace
from xnnkit.render.environment import starlark

pytestmark = pytest.mark.bazel

SOURCES = {"tiny.cc", "shared.cc", "plain.c"}
LEVEL = 30


@pytest.fixture(scope="module")
def shaped(
    ndk_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, Path]:
    """The workspace with an empty NDK-shaped tree as its local NDK."""
    tree = ndk_shape.write(tmp_path_factory.mktemp("shape") / "android-ndk-r26d")
    ndk_workspace.declare(f"ndk.local(path = {starlark(str(tree))}, api_level = {LEVEL})")
    return ndk_workspace, tree


def commands(workspace: Workspace, query: str, *options: str) -> list[list[str]]:
    """Return the command lines of the actions that a query finds."""
    text = workspace.output("aquery", "--output=jsonproto", *options, query)
    return [action["arguments"] for action in json.loads(text).get("actions", [])]


def actions(workspace: Workspace, mnemonic: str, target: str, *options: str) -> list[list[str]]:
    """Return the command lines of a target's closure."""
    return commands(workspace, f"mnemonic('{mnemonic}', deps({target}))", *options)


def compilations(workspace: Workspace, target: str, *options: str) -> dict[str, list[str]]:
    """Return source file -> command line of what a program is compiled from."""
    found = {}
    for words in actions(workspace, "CppCompile", target, *options):
        if any(word.endswith(".pic.o") for word in words):
            continue  # for a shared library, which no program here is linked with
        source = next(b for a, b in itertools.pairwise(words) if a == "-c")
        found[source] = words
    return found


def test_a_compilation_is_for_baseline_arm64_bionic_of_the_api_level(
    shaped: tuple[Workspace, Path],
) -> None:
    found = compilations(shaped[0], "//:tiny")
    assert set(found) == SOURCES
    for words in found.values():
        assert words[0].endswith(f"{ndk_shape.PREBUILT}/bin/clang")
        assert [w for w in words if w.startswith("--target")] == [
            f"--target=aarch64-linux-android{LEVEL}"
        ]
        assert [w for w in words if w.startswith("-march")] == ["-march=armv8-a"]
        assert [w for w in words if w.startswith("-O")] == ["-O2"]
        assert [w for w in words if re.fullmatch(r"-g\w*", w)] == ["-g0"]
        assert [w for w in words if re.fullmatch(r"-f(PIC|PIE|pic|pie)", w)] == ["-fPIE"]
        assert {"-DNDEBUG", '-D__DATE__="redacted"', '-D__TIME__="redacted"'} <= set(words)
        assert {'-D__TIMESTAMP__="redacted"', "-fdebug-compilation-dir=."} <= set(words)


def test_no_command_line_has_an_absolute_path(shaped: tuple[Workspace, Path]) -> None:
    workspace, tree = shaped
    lines = [
        *compilations(workspace, "//:tiny").values(),
        *actions(workspace, "CppLink", "//:tiny"),
    ]
    assert len(lines) == len(SOURCES) + 1
    for words in lines:
        assert not [w for w in words if re.search(r"(^|=|,|-I|-L|-isystem)/", w)], words
        assert not [w for w in words if str(tree) in w]
        (sysroot,) = [w for w in words if w.startswith("--sysroot=")]
        assert re.fullmatch(rf"--sysroot=external/[^/]+/{ndk_shape.PREBUILT}/sysroot", sysroot)
        (resources,) = [w for w in words if w.startswith("-resource-dir=")]
        assert resources.endswith(f"{ndk_shape.PREBUILT}/lib/clang/17")


@pytest.mark.parametrize(
    ("settings", "march"),
    [
        (["i8mm"], "-march=armv8.2-a+i8mm"),
        (["dotprod"], "-march=armv8.2-a+dotprod"),
        (["dotprod", "i8mm"], "-march=armv8.2-a+dotprod+i8mm"),
    ],
)
def test_the_cpu_settings_change_march_for_every_file(
    shaped: tuple[Workspace, Path], settings: list[str], march: str
) -> None:
    options = [f"--@xnnkit//rules/toolchains:{name}=true" for name in settings]
    for words in compilations(shaped[0], "//:tiny", *options).values():
        assert [w for w in words if w.startswith("-march")] == [march]


def test_o3_reaches_every_file(shaped: tuple[Workspace, Path]) -> None:
    option = "--@xnnkit//rules/toolchains:optimization=O3"
    for words in compilations(shaped[0], "//:tiny", option).values():
        assert [w for w in words if w.startswith("-O")] == ["-O3"]


@pytest.mark.parametrize("mode", ["opt", "dbg", "fastbuild"])
def test_nothing_is_optimised_for_size_in_any_mode(
    shaped: tuple[Workspace, Path], mode: str
) -> None:
    found = actions(shaped[0], "CppCompile", "//:tiny", f"--compilation_mode={mode}")
    assert len(found) >= len(SOURCES)
    for words in found:
        assert not {"-Os", "-Oz"} & set(words)


def test_the_link_is_a_pie_with_libcxx_linked_in_and_16k_pages(
    shaped: tuple[Workspace, Path],
) -> None:
    (words,) = actions(shaped[0], "CppLink", "//:tiny")
    assert {"-pie", "-static-libstdc++", "-stdlib=libc++", "--driver-mode=g++"} <= set(words)
    assert {f"--target=aarch64-linux-android{LEVEL}", "-Wl,--no-undefined"} <= set(words)
    assert {"-Wl,-z,max-page-size=16384", "-Wl,--build-id=sha1"} <= set(words)
    assert "-static" not in words
    assert "-shared" not in words
    assert not {"-s", "-Wl,-s"} & set(words)


def test_a_shared_library_is_compiled_with_fpic_and_is_no_pie(
    shaped: tuple[Workspace, Path],
) -> None:
    linked = "inputs('.*[.]pic[.]o', deps(//:libtiny.so))"
    made = "outputs('.*[.]pic[.]o', deps(//:libtiny.so))"
    assert commands(shaped[0], f"mnemonic('CppLink', {linked})")
    (compiled,) = commands(shaped[0], f"mnemonic('CppCompile', {made})")
    assert [w for w in compiled if re.fullmatch(r"-f(PIC|PIE)", w)] == ["-fPIC"]
    (words,) = actions(shaped[0], "CppLink", "//:libtiny.so")
    assert "-shared" in words
    assert "-pie" not in words
