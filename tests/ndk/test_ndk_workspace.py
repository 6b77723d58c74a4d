"""The NDK toolchain from a WORKSPACE: by platforms, and by the flags from before platforms."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator

import ndk_miniature
import ndk_shape
import pytest
from xnnkit import paths, profile
from xnnkit.bazel import find
from xnnkit.bazel.registry import SHIPPED
from xnnkit.profile.compiler import needed
from xnnkit.render.environment import starlark

pytestmark = pytest.mark.bazel

WORKSPACE = """workspace(name = "miniature")

local_repository(name = "xnnkit", path = "xnnkit")

load("@xnnkit//rules/toolchains/ndk:repository.bzl", "ndk_repository", "ndk_toolchains")

ndk_repository(name = "ndk", api_level = 26, path = {path})

ndk_toolchains(name = "ndk_toolchains")

register_toolchains("@ndk_toolchains//:all")

bind(name = "android/crosstool", actual = "@ndk//:crosstool")

load("@xnnkit//rules/archive:repository.bzl", "origin")
load("@xnnkit//rules/toolchains/zig:repository.bzl", "zig_repository", "zig_sysroot")

zig_repository(name = "zig", origins = [{origins}])

zig_sysroot(name = "zig_sysroot_x86_64", target = "x86_64")

zig_sysroot(name = "zig_sysroot_aarch64", target = "aarch64")
"""

ORIGIN = """origin(
    type = {type},
    filename = {filename},
    format = {format},
    location = {location},
    sha256 = {sha256},
    strip_prefix = {strip_prefix},
)"""

# As MediaPipe's and XNNPACK's own files tell Android.
BUILD = """
config_setting(
    name = "android",
    values = {"crosstool_top": "//external:android/crosstool", "cpu": "arm64-v8a"},
)

cc_binary(
    name = "old",
    srcs = ["tiny.cc", "plain.c"],
    copts = select({":android": ["-DOLD_FLAGS"], "//conditions:default": []}),
    deps = [":shared"],
)

# A tool that runs here, so that both compilers are wanted.
genrule(name = "made", outs = ["made.h"], cmd = "$(location :maker) > $@", tools = [":maker"])

cc_binary(name = "maker", srcs = ["maker.cc"])
"""
OLD = (
    "--noincompatible_enable_cc_toolchain_resolution",
    "--crosstool_top=//external:android/crosstool",
    "--cpu=arm64-v8a",
)


@pytest.fixture(scope="module")
def old_workspace(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ndk_miniature.Workspace]:
    base = tmp_path_factory.mktemp("old")
    root = base / "workspace"
    root.mkdir()
    ndk_miniature.write(root, paths.cache_dir().resolve())
    tree = ndk_shape.write(base / "android-ndk-r26d", levels=(26,))
    pins = profile.load("xnnpack-2024-11")
    origins = ", ".join(
        ORIGIN.format(
            type=starlark(one.type),
            filename=starlark(one.filename),
            format=starlark(one.archive_format),
            location=starlark(one.location),
            sha256=starlark(one.sha256),
            strip_prefix=starlark(one.strip_prefix),
        )
        for one in needed(pins).toolchain[0].origin
    )
    text = WORKSPACE.format(path=starlark(str(tree)), origins=origins)
    (root / "WORKSPACE").write_text(text)
    (root / "maker.cc").write_text('#include <cstdio>\nint main() { std::puts("// made"); }\n')
    with (root / "BUILD.bazel").open("a") as file:
        file.write(BUILD)
    (root / ".bazelrc").write_text("common --noenable_bzlmod\n" + ndk_miniature.BAZELRC)
    bazel = find(pins.bazel)
    rc = ""
    if bazel.kind == "debian":  # its own rule sets stand for those of Bazel's servers
        rows = [
            f"common --override_repository={name}=/usr/share/bazel/{directory}\n"
            for name, directory in SHIPPED.items()
        ]
        rc = "common --enable_workspace\n" + "".join(rows)
    with (root / "user.bazelrc").open("a") as file:
        file.write(rc)
    output_base = base / "output_base"
    bazel = dataclasses.replace(bazel, startup=(*bazel.startup, f"--output_base={output_base}"))
    yield ndk_miniature.Workspace(root, bazel, output_base)
    bazel.run(["shutdown"], cwd=root, quiet=True)
    shutil.rmtree(base, ignore_errors=True)


def compilations(workspace: ndk_miniature.Workspace, *options: str) -> list[list[str]]:
    """Return the command lines of the compilations of //:old."""
    query = "mnemonic('CppCompile', deps(//:old))"
    text = workspace.output("aquery", "--output=jsonproto", *options, query)
    found = [action["arguments"] for action in json.loads(text)["actions"]]
    assert found
    return found


def test_platforms_find_the_compiler(old_workspace: ndk_miniature.Workspace) -> None:
    options = [
        "--platforms=@xnnkit//rules/platforms:android_arm64",
        "--host_platform=@xnnkit//rules/platforms:linux_x86_64_musl",
    ]
    for words in compilations(old_workspace, *options):
        assert "--target=aarch64-linux-android26" in words
        assert "-O2" in words
        assert "-DOLD_FLAGS" not in words


def test_crosstool_top_and_cpu_find_the_same_compiler_and_the_selects(
    old_workspace: ndk_miniature.Workspace,
) -> None:
    found = compilations(old_workspace, *OLD)
    own = [words for words in found if any(w.endswith(("tiny.cc", "plain.c")) for w in words)]
    assert own
    assert all("-DOLD_FLAGS" in words for words in own)
    for words in found:
        assert words[0] == f"external/ndk/{ndk_shape.PREBUILT}/bin/clang"
        assert "--target=aarch64-linux-android26" in words
        assert [w for w in words if re.match(r"-O", w)] == ["-O2"]


def test_both_at_once_as_an_overlay_sets_them(old_workspace: ndk_miniature.Workspace) -> None:
    """The flags only choose select() branches; the platform chooses the compiler."""
    options = [
        "--incompatible_enable_cc_toolchain_resolution",
        *OLD[1:],
        "--platforms=@xnnkit//rules/platforms:android_arm64",
        "--host_platform=@xnnkit//rules/platforms:linux_x86_64_musl",
    ]
    found = compilations(old_workspace, *options)
    assert [words for words in found if "-DOLD_FLAGS" in words]
    for words in found:
        assert "--target=aarch64-linux-android26" in words


def test_crosstool_top_alone_does_not_choose_the_compiler(
    old_workspace: ndk_miniature.Workspace,
) -> None:
    """Bazel 7 resolves toolchains by platform unless told otherwise; docs/ndk.md says so."""
    code, text = old_workspace.run("build", "--nobuild", *OLD[1:], "//:old")
    assert code != 0
    assert "toolchain" in text


def test_tools_that_run_here_are_compiled_by_the_host_crosstool(
    old_workspace: ndk_miniature.Workspace,
) -> None:
    host = ("--host_crosstool_top=@zig//:host_crosstool", "--host_cpu=k8")
    code, text = old_workspace.run("build", *OLD, *host, "//:made")
    assert code == 0, text[-4000:]
    assert "made" in (old_workspace.root / "bazel-bin/made.h").read_text()
