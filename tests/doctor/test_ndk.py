"""The NDK: none, too old, not accepted, each with the line to paste; never required."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from healthy import examine
from xnnkit import profile

HOME = "ANDROID_NDK_HOME"
ACCEPTED = "XNNKIT_ACCEPT_ANDROID_SDK_LICENSE"
NAME = "gemma-2024-05"

PINNED = [t for t in profile.load(NAME).toolchain if t.name == "ndk"]


def environment(**values: str) -> Any:
    return lambda name: values.get(name)


def properties(revision: str) -> Any:
    return lambda path: (
        f"Pkg.Desc = Android NDK\nPkg.Revision = {revision}\n"
        if path == Path("/ndk/source.properties")
        else None
    )


def not_cached(path: Path) -> bool:
    return path.name not in {o.sha256 for t in PINNED for o in t.origin}


@pytest.mark.parametrize(
    ("revision", "release"), [("23.2.8568313", "r23c"), ("24.0.8215888", "r24"), ("21.4.1", "r21e")]
)
def test_an_ndk_before_r25_is_too_old(revision: str, release: str) -> None:
    needs = examine(NAME, getenv=environment(ANDROID_NDK_HOME="/ndk"), read=properties(revision))
    assert not needs["ndk-local"].ok
    assert not needs["ndk-local"].required
    assert needs["ndk-local"].found == f"{release} at /ndk is too old: no +i8mm before r25"
    assert needs["ndk-local"].fix.startswith("export ANDROID_NDK_HOME=")
    # The pinned one is what a build takes all the same.
    assert needs["ndk"].found.startswith(PINNED[0].version)


@pytest.mark.parametrize(
    ("revision", "release"),
    [("25.0.8775105", "r25"), ("26.3.11579264", "r26d"), ("28.1.1", "r28b")],
)
def test_a_newer_one_is_taken(revision: str, release: str) -> None:
    needs = examine(NAME, getenv=environment(ANDROID_NDK_HOME="/ndk"), read=properties(revision))
    assert needs["ndk-local"].ok
    assert needs["ndk-local"].found == f"{release} at /ndk, for --ndk local"


def test_an_installed_one_does_not_hide_that_the_pinned_licence_is_not_accepted() -> None:
    getenv = environment(ANDROID_NDK_HOME="/ndk")
    needs = examine(NAME, getenv=getenv, read=properties("27.2.1"), exists=not_cached)
    assert needs["ndk-local"].ok
    assert not needs["ndk"].ok


def test_a_folder_that_is_no_ndk() -> None:
    needs = examine(NAME, getenv=environment(ANDROID_NDK_HOME="/sdk"))
    assert "/sdk, where no NDK is" in needs["ndk-local"].found
    assert not needs["ndk-local"].ok


def test_none_and_the_licence_is_not_accepted() -> None:
    needs = examine(NAME, exists=not_cached)
    assert not needs["ndk"].ok
    assert "its licence is not accepted" in needs["ndk"].found
    assert needs["ndk"].fix == f"export {ACCEPTED}=1  # after reading " + (
        "https://developer.android.com/studio/terms"
    )


def test_the_licence_is_accepted() -> None:
    accepted = {ACCEPTED: "1"}
    needs = examine(NAME, exists=not_cached, getenv=environment(**accepted))
    assert needs["ndk"].ok
    assert f"{PINNED[0].version} is to be downloaded" in needs["ndk"].found


def test_what_is_in_the_cache_was_accepted() -> None:
    assert examine(NAME)["ndk"].found == f"{PINNED[0].version}, in the cache"
