"""The zig toolchain's command lines, as Bazel itself reports them."""

from __future__ import annotations

import itertools
import json
import os
import re

import pytest
from miniature import Workspace

pytestmark = pytest.mark.bazel

COMPILED = {
    "slow": {"tiny.cc", "shared.cc", "slow.cc"},
    "fast": {"tiny.cc", "shared.cc", "fast.cc"},
}


def aquery(workspace: Workspace, mnemonic: str, flavour: str, *options: str) -> str:
    query = f"mnemonic('{mnemonic}', deps(//:tiny_{flavour}))"
    arguments = ["aquery", "--output=jsonproto", *options, query]
    return workspace.bazel.output(arguments, cwd=workspace.root)


def commands(workspace: Workspace, flavour: str, *options: str) -> dict[str, list[str]]:
    """Return source file -> command line of every compilation of a flavour."""
    found = {}
    for action in json.loads(aquery(workspace, "CppCompile", flavour, *options))["actions"]:
        words = action["arguments"]
        source = next(b for a, b in itertools.pairwise(words) if a == "-c")
        found[source] = words
    return found


@pytest.mark.parametrize("flavour", COMPILED)
def test_a_compilation_is_for_baseline_arm64_musl_and_sees_no_host(
    workspace: Workspace, flavour: str
) -> None:
    found = commands(workspace, flavour)
    assert set(found) == COMPILED[flavour]
    for words in found.values():
        assert {"-O2", "-march=armv8-a", "--target=aarch64-linux-musl", "-nostdinc"} <= set(words)
        assert [w for w in words if w.startswith("-march")] == ["-march=armv8-a"]
        assert [w for w in words if re.match(r"-O", w)] == ["-O2"]
        assert not [w for w in words if re.search(r"(^|=|-I|-L|-isystem)/", w)], words


def test_the_path_of_the_user_does_not_reach_an_action(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"] + ":/leaked/from/the/user")
    monkeypatch.setenv("CPLUS_INCLUDE_PATH", "/leaked/include")
    text = aquery(workspace, "CppCompile", "fast") + aquery(workspace, "CppLink", "fast")
    assert '"PATH"' in text
    assert "leaked" not in text


def test_both_flavours_are_compiled_with_the_same_flags(workspace: Workspace) -> None:
    slow, fast = commands(workspace, "slow"), commands(workspace, "fast")
    for source in ("tiny.cc", "shared.cc"):
        flags = [
            [w for w in words if re.match(r"-([OmfgDW]|-target|std|no)", w)]
            for words in (slow[source], fast[source])
        ]
        # frandom-seed and the like name the output's place, which is the configuration's.
        same = [[re.sub(r"bazel-out/[^/]+/", "", w) for w in words] for words in flags]
        assert same[0] == same[1]


@pytest.mark.parametrize(
    ("settings", "march"),
    [
        (["i8mm"], "-march=armv8.2-a+i8mm"),
        (["dotprod"], "-march=armv8.2-a+dotprod"),
        (["dotprod", "i8mm"], "-march=armv8.2-a+dotprod+i8mm"),
    ],
)
def test_the_cpu_settings_change_march_for_every_file(
    workspace: Workspace, settings: list[str], march: str
) -> None:
    options = [f"--@xnnkit//rules/toolchains:{name}=true" for name in settings]
    for words in commands(workspace, "fast", *options).values():
        assert [w for w in words if w.startswith("-march")] == [march]


def test_the_optimisation_level_can_be_set_but_not_to_anything(workspace: Workspace) -> None:
    option = "--@xnnkit//rules/toolchains:optimization="
    for words in commands(workspace, "slow", option + "O3").values():
        assert [w for w in words if w.startswith("-O")] == ["-O3"]
    code, text = workspace.run("build", "--nobuild", option + "Ofast", "//:tiny_slow")
    assert code != 0
    assert "Ofast" in text


def test_the_link_is_static_and_keeps_names_but_no_debug_information(workspace: Workspace) -> None:
    for flavour in COMPILED:
        (action,) = json.loads(aquery(workspace, "CppLink", flavour))["actions"]
        words = action["arguments"]
        assert {"-static", "-nostdlib", "-Wl,--strip-debug", "-Wl,--build-id=sha1"} <= set(words)
        assert "-s" not in words
        assert "-Wl,-s" not in words
        # Without one clang adds the host's folders for libraries.
        (sysroot,) = [w for w in words if w.startswith("--sysroot=")]
        assert re.fullmatch(r"--sysroot=external/[^/]*zig_sysroot_aarch64", sysroot)
        assert "--no-default-config" in words
        assert not [w for w in words if re.search(r"(^|=|-L)/", w)], words
