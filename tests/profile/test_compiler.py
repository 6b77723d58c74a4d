"""Which compiler a command line means, and what a build with it fetches."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from xnnkit import profile
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.profile import HttpOrigin, Profile, Toolchain
from xnnkit.profile.compiler import (
    API_LEVELS,
    FIRST_NDK,
    ZIG,
    Compiler,
    choose,
    needed,
    refuse_unaccepted,
)


def ndk(version: str) -> Toolchain:
    origin = HttpOrigin(
        type="http", url=f"https://example.com/ndk-{version}.zip", sha256="0" * 64, size=1
    )
    return Toolchain(
        name="ndk", version=version, host="linux-x86_64", licence="x", origin=(origin,)
    )


@pytest.fixture
def pins() -> Profile:
    loaded = profile.load("xnnpack-2024-11")
    both = (*(t for t in loaded.toolchain if t.name == "zig"), ndk("r26d"), ndk("r25c"))
    return loaded.model_copy(update={"toolchains": ("zig", "ndk"), "toolchain": both})


def test_zig_needs_nothing_of_the_ndk(pins: Profile) -> None:
    assert choose(pins, "zig") == ZIG
    assert [t.name for t in needed(pins).toolchain] == ["zig"]
    assert ZIG.identity() == {"name": "zig"}


def test_the_first_pinned_release_is_the_default(pins: Profile) -> None:
    chosen = choose(pins, "ndk", licence_accepted=True)
    assert chosen == Compiler("ndk", "r26d", "", 30, True)
    assert [t.version for t in needed(pins, chosen).toolchain] == ["0.13.0", "r26d"]
    assert chosen.identity() == {"name": "ndk", "version": "r26d", "api_level": 30}


def test_another_pinned_release(pins: Profile) -> None:
    chosen = choose(pins, "ndk", ndk="r25c", api_level=21, licence_accepted=True)
    assert [t.version for t in needed(pins, chosen).toolchain] == ["0.13.0", "r25c"]


def test_the_licence_must_be_accepted(pins: Profile) -> None:
    refuse_unaccepted(ZIG)
    refuse_unaccepted(choose(pins, "ndk", licence_accepted=True))
    refuse_unaccepted(Compiler("ndk", path="/opt/ndk"))
    with pytest.raises(BadInput, match="licence") as caught:
        refuse_unaccepted(choose(pins, "ndk"))
    assert "--accept-ndk-licence" in caught.value.fix
    assert "https://developer.android.com/studio/terms" in caught.value.why


def test_an_installed_ndk_by_folder_and_by_environment(
    pins: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source.properties").write_text("Pkg.Revision = 26.3.11579264\n")
    chosen = choose(pins, "ndk", ndk=f"{tmp_path}")
    assert chosen.path == str(tmp_path)
    assert chosen.identity()["revision"] == "26.3.11579264"
    assert chosen.options() == ["--toolchain", "ndk", "--ndk", str(tmp_path)]
    # Nothing of the NDK is fetched then.
    assert [t.name for t in needed(pins, chosen).toolchain] == ["zig"]
    monkeypatch.setenv("ANDROID_NDK_HOME", str(tmp_path))
    assert choose(pins, "ndk", ndk="local") == chosen


def test_an_installed_ndk_that_is_too_old(pins: Profile, tmp_path: Path) -> None:
    (tmp_path / "source.properties").write_text("Pkg.Revision = 23.1.7779620\n")
    with pytest.raises(BadInput, match="r23") as caught:
        choose(pins, "ndk", ndk=f"{tmp_path}")
    assert "i8mm" in caught.value.why


def test_local_without_the_variable(pins: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANDROID_NDK_HOME", raising=False)
    with pytest.raises(BadEnvironment, match="ANDROID_NDK_HOME"):
        choose(pins, "ndk", ndk="local")


def test_a_folder_that_is_no_ndk(pins: Profile, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no NDK") as caught:
        choose(pins, "ndk", ndk=f"{tmp_path}/")
    assert caught.value.where == str(tmp_path)


@pytest.mark.parametrize("level", [20, 36, 0, -1])
def test_api_levels_outside(pins: Profile, level: int) -> None:
    with pytest.raises(BadInput, match=str(level)):
        choose(pins, "ndk", api_level=level, licence_accepted=True)


def test_refusals_name_what_is_legal(pins: Profile) -> None:
    with pytest.raises(BadInput, match="r99") as caught:
        choose(pins, "ndk", ndk="r99", licence_accepted=True)
    assert "r26d, r25c" in caught.value.why
    assert "xnnkit lock ndk r99" in caught.value.fix
    with pytest.raises(BadInput, match="ndk-r26d") as caught:
        choose(pins, "ndk", ndk="ndk-r26d", licence_accepted=True)
    assert "xnnkit lock" not in caught.value.fix
    with pytest.raises(BadInput, match="gcc") as caught:
        choose(pins, "gcc")
    assert "zig, ndk" in caught.value.why
    with pytest.raises(BadInput, match="--ndk is for"):
        choose(pins, "zig", ndk="r26d")
    with pytest.raises(BadInput, match="--api-level is for"):
        choose(pins, "zig", api_level=30)


def test_the_options_that_ask_for_a_compiler(pins: Profile) -> None:
    assert choose(pins, "zig").options() == []
    assert choose(pins, "ndk").options() == ["--toolchain", "ndk", "--ndk", "r26d"]
    older = choose(pins, "ndk", ndk="r25c", api_level=21)
    assert older.options() == ["--toolchain", "ndk", "--ndk", "r25c", "--api-level", "21"]


def test_the_rules_have_the_same_limits(repository: Path) -> None:
    """Starlark and Python refuse the same; each must know before the other is asked."""
    text = (repository / "rules" / "private" / "ndk_release.bzl").read_text()
    assert re.search(r"^MINIMUM = (\d+)$", text, re.MULTILINE)[1] == str(FIRST_NDK)  # type: ignore[index]
    levels = [str(API_LEVELS[0]), str(API_LEVELS[-1])]
    assert all(re.search(rf"\b{level}\b", text) for level in levels)


def test_a_folder_needs_no_slash(
    pins: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ndk-r26d"
    folder.mkdir()
    (folder / "source.properties").write_text("Pkg.Revision = 26.3.11579264\n")
    monkeypatch.chdir(tmp_path)
    assert choose(pins, "ndk", ndk="ndk-r26d").path == str(folder)


def test_the_options_that_ask_for_it_again(pins: Profile) -> None:
    accepted = choose(pins, "ndk", ndk="r25c", licence_accepted=True)
    assert accepted.options() == ["--toolchain", "ndk", "--ndk", "r25c", "--accept-ndk-licence"]
    assert choose(pins, "ndk", ndk="r25c").options() == ["--toolchain", "ndk", "--ndk", "r25c"]
