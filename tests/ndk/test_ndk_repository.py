"""Which NDK is taken, and which is refused: by age, API level, release, licence, place."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import ndk_shape
import pytest
from ndk_miniature import Workspace
from xnnkit import profile
from xnnkit.profile.compiler import needed
from xnnkit.render.environment import starlark

pytestmark = pytest.mark.bazel

NOWHERE = "https://127.0.0.1:9/android-ndk-r26d-linux.zip"
ANALYSE = ("build", "--nobuild", "//:tiny")


def release(version: str = "r26d", sha256: str = "ab" * 32, **more: object) -> str:
    """Return the tags of a pinned release whose origin nobody answers at."""
    rows = "".join(f", {key} = {starlark(value)}" for key, value in more.items())
    prefix = f"android-ndk-{version}"
    return (
        f"ndk.release(version = {starlark(version)}{rows})\n"
        f'ndk.origin(type = "http", location = {starlark(NOWHERE)}, format = "zip",\n'
        f"    filename = {starlark(prefix + '-linux.zip')}, sha256 = {starlark(sha256)},\n"
        f"    strip_prefix = {starlark(prefix)})"
    )


def local(path: Path | str, level: int = 30) -> str:
    """Return the tag of an installed NDK."""
    return f"ndk.local(path = {starlark(str(path))}, api_level = {level})"


def refused(workspace: Workspace, *options: str) -> str:
    """Return the output of an analysis that must fail."""
    code, text = workspace.run(*ANALYSE, *options)
    assert code != 0, text
    return text


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return ndk_shape.write(tmp_path / "android-ndk-r26d")


@pytest.mark.parametrize("tag", ["release", "local"])
def test_an_ndk_before_r25_is_refused_by_name_with_the_way_out(
    ndk_workspace: Workspace, tmp_path: Path, tag: str
) -> None:
    if tag == "release":
        ndk_workspace.declare(release("r24"))
    else:
        old = ndk_shape.write(tmp_path / "old", revision="24.0.8215888")
        ndk_workspace.declare(local(old))
    text = refused(ndk_workspace)
    assert "r24" in text or "24.0.8215888" in text
    assert "xnnkit needs r25 or newer" in text
    assert "+i8mm" in text
    assert "fix: take r25c or r26d, or build with the zig toolchain" in text


def test_r25_keeps_its_resources_in_lib64(ndk_workspace: Workspace, tmp_path: Path) -> None:
    old = ndk_shape.write(
        tmp_path / "r25c", revision="25.2.9519653", resources="lib64/clang/14.0.7"
    )
    ndk_workspace.declare(local(old))
    text = ndk_workspace.output("aquery", "--output=text", "mnemonic('CppLink', deps(//:tiny))")
    assert "lib64/clang/14.0.7" in text
    assert "--no-default-config" not in text  # clang 14 does not know it


@pytest.mark.parametrize("level", [20, 36])
def test_an_api_level_outside_the_known_ones_is_refused(
    ndk_workspace: Workspace, tree: Path, level: int
) -> None:
    ndk_workspace.declare(local(tree, level))
    text = refused(ndk_workspace)
    assert f"API level {level} cannot be built for" in text
    assert "begins at 21" in text
    assert "fix: ndk.release(api_level = 30" in text


def test_an_api_level_that_the_sysroot_lacks_is_refused_with_those_it_has(
    ndk_workspace: Workspace, tree: Path
) -> None:
    ndk_workspace.declare(local(tree, 33))
    text = refused(ndk_workspace)
    assert f"NDK {ndk_shape.R26D} has no API level 33" in text
    assert "it has 21, 30" in text


def test_the_licence_must_be_accepted_before_anything_is_downloaded(
    ndk_workspace: Workspace,
) -> None:
    ndk_workspace.declare(release())
    text = refused(ndk_workspace)
    assert "its licence has not been accepted" in text
    assert "https://developer.android.com/studio/terms" in text
    assert "XNNKIT_ACCEPT_ANDROID_SDK_LICENSE=1" in text
    assert "127.0.0.1" not in text  # not even tried


@pytest.mark.parametrize("way", ["tag", "environment"])
def test_a_licence_once_accepted_leads_to_the_origin(ndk_workspace: Workspace, way: str) -> None:
    if way == "tag":
        ndk_workspace.declare(release(accept_licence=True))
        text = refused(ndk_workspace)
    else:
        ndk_workspace.declare(release())
        text = refused(ndk_workspace, "--repo_env=XNNKIT_ACCEPT_ANDROID_SDK_LICENSE=1")
    assert "licence has not been accepted" not in text
    assert "ndk: none of its origins can be had" in text
    assert NOWHERE in text


def test_a_release_is_unpacked_with_its_links_and_exec_bits(
    ndk_workspace: Workspace, tree: Path, tmp_path: Path
) -> None:
    data = zipped(tree)
    sha256 = hashlib.sha256(data).hexdigest()
    blob = tmp_path / "cache/sha256" / sha256[:2] / sha256
    blob.parent.mkdir(parents=True)
    blob.write_bytes(data)
    ndk_workspace.declare(release(sha256=sha256, accept_licence=True))
    code, text = ndk_workspace.run(*ANALYSE, f"--repo_env=XNNKIT_CACHE={tmp_path / 'cache'}")
    assert code == 0, text
    bin_folder = repository(ndk_workspace, "ndk") / ndk_shape.PREBUILT / "bin"
    assert (bin_folder / "clang").stat().st_mode & 0o111
    assert (bin_folder / "llvm-strip").readlink() == Path("llvm-objcopy")


def test_a_release_with_another_name_inside_is_refused(
    ndk_workspace: Workspace, tmp_path: Path
) -> None:
    other = ndk_shape.write(tmp_path / "other", revision="25.2.9519653")
    ndk_workspace.declare(release())
    text = refused(ndk_workspace, f"--repo_env=XNNKIT_NDK_HOME={other}")
    assert "is revision 25.2.9519653, r26d is wanted" in text
    assert "r26d is revision 26.3.*" in text


def test_an_installed_ndk_of_the_same_release_may_stand_in_for_the_archive(
    ndk_workspace: Workspace, tree: Path
) -> None:
    ndk_workspace.declare(release())
    code, text = ndk_workspace.run(*ANALYSE, f"--repo_env=XNNKIT_NDK_HOME={tree}")
    assert code == 0, text


def test_android_ndk_home_is_taken_only_when_asked_for(
    ndk_workspace: Workspace, tree: Path
) -> None:
    ndk_workspace.declare("ndk.local()")
    assert "neither a path nor ANDROID_NDK_HOME" in refused(
        ndk_workspace, "--repo_env=ANDROID_NDK_HOME="
    )
    option = f"--repo_env=ANDROID_NDK_HOME={tree}"
    code, text = ndk_workspace.run(*ANALYSE, option)
    assert code == 0, text
    ndk_workspace.declare(release())
    assert "licence has not been accepted" in refused(ndk_workspace, option)


@pytest.mark.parametrize("path", ["relative/ndk", "/nowhere/ndk"])
def test_a_folder_that_is_no_ndk_is_refused(ndk_workspace: Workspace, path: str) -> None:
    ndk_workspace.declare(local(path))
    text = refused(ndk_workspace)
    assert f'"{path}" is no Android NDK' in text
    assert "fix: give the folder that has source.properties" in text


def test_a_user_of_zig_fetches_no_ndk_and_needs_no_licence(ndk_workspace: Workspace) -> None:
    origins = "".join(
        f"zig.origin(type = {starlark(o.type)}, location = {starlark(o.location)},"
        f" filename = {starlark(o.filename)}, format = {starlark(o.archive_format)},"
        f" sha256 = {starlark(o.sha256)}, strip_prefix = {starlark(o.strip_prefix)})\n"
        for o in needed(profile.load("xnnpack-2024-11")).toolchain[0].origin
    )
    zig = (
        'zig = use_extension("@xnnkit//rules/toolchains/zig:extensions.bzl", "zig")\n'
        f'{origins}use_repo(zig, "zig_toolchains")\nregister_toolchains("@zig_toolchains//:all")\n'
    )
    # Nobody accepted a licence and nobody answers at the origin, so whatever needs @ndk must fail.
    ndk_workspace.declare(release(), zig)
    assert "licence has not been accepted" in refused(ndk_workspace)
    code, text = ndk_workspace.run(
        *ANALYSE, "--platforms=@xnnkit//rules/platforms:linux_arm64_musl"
    )
    assert code == 0, text
    names = {path.name for path in (ndk_workspace.output_base / "external").iterdir()}
    assert [name for name in names if name.endswith("~ndk_toolchains")]


def repository(workspace: Workspace, name: str) -> Path:
    """Return the directory of a repository of the extension."""
    external = workspace.output_base / "external"
    (found,) = [p for p in external.iterdir() if p.name.endswith(f"~{name}")]
    return found


def zipped(tree: Path) -> bytes:
    """Return a zip of a tree with its links and exec bits, as Google's are made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(tree.rglob("*")):
            info = zipfile.ZipInfo(f"{tree.name}/{path.relative_to(tree)}")
            info.create_system = 3
            mode = path.lstat().st_mode
            info.external_attr = mode << 16
            if path.is_symlink():
                archive.writestr(info, str(path.readlink()))
            elif path.is_file():
                archive.writestr(info, path.read_bytes())
    return out.getvalue()
