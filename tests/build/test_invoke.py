"""What is asked of Bazel, and what a failed build says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from xnnkit.bazel import Bazel
from xnnkit.build import invoke
from xnnkit.build.request import Options, Sources, key_of
from xnnkit.errors import XnnkitError

CACHE = Path("/c")


def test_options_say_where_archives_are_and_which_was_verified() -> None:
    request = invoke.Request(targets=["//:x"], cache=CACHE, selected={"b": "22", "a": "11"})
    expected = ["--repo_env=XNNKIT_CACHE=/c", "--repo_env=XNNKIT_SELECT=a=11 b=22"]
    assert request.options() == expected
    assert request.repository_options() == expected


def test_the_users_options_come_last_and_targets_are_not_among_them() -> None:
    request = invoke.Request(
        targets=["//:x"],
        cache=CACHE,
        selected={},
        distdirs=[Path("/d1"), Path("/d 2")],
        disk_cache=Path("/disk"),
        extra=["--jobs=1", "--disk_cache="],
    )
    assert request.options()[2:] == [
        "--distdir=/d1",
        "--distdir=/d 2",
        "--disk_cache=/disk",
        "--jobs=1",
        "--disk_cache=",
    ]


def fake_bazel(tmp_path: Path, script: str) -> Bazel:
    program = tmp_path / "bazel"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Bazel("path", "7.7.1", (str(program),))


REQUEST = invoke.Request(targets=["//:a", "//:b"], cache=CACHE, selected={}, extra=["--x"])


def test_one_invocation_builds_every_target(tmp_path: Path) -> None:
    bazel = fake_bazel(tmp_path, f'echo "$@" >> {tmp_path}/calls')
    invoke.build(bazel, tmp_path, REQUEST, tmp_path / "log")
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call.startswith("build --repo_env=")
    assert call.endswith(" --x //:a //:b")


def test_a_failed_build_shows_the_errors_of_its_log(tmp_path: Path) -> None:
    script = (
        "echo INFO: fine\necho 'ERROR: x.bzl:3: no'\nfor i in 1 2 3; do echo later; done\nexit 1"
    )
    log = tmp_path / "log"
    with pytest.raises(XnnkitError, match="exit code 1") as caught:
        invoke.build(fake_bazel(tmp_path, script), tmp_path, REQUEST, log)
    assert caught.value.why == "ERROR: x.bzl:3: no"
    assert caught.value.where == str(log)
    assert "xnnkit bazel -- build //:a //:b" in caught.value.fix


def test_a_failed_build_without_errors_shows_the_end_of_its_log(tmp_path: Path) -> None:
    bazel = fake_bazel(tmp_path, "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; done; exit 37")
    with pytest.raises(XnnkitError, match="exit code 37") as caught:
        invoke.build(bazel, tmp_path, REQUEST, tmp_path / "log")
    assert caught.value.why.split() == ["3", "4", "5", "6", "7", "8", "9", "10"]


# -------------------------------------------------------------------------- the request's key

OPTIONS = Options(out=Path("/out"))
SOURCES = Sources(cache=CACHE)


@pytest.mark.parametrize(
    "change",
    [
        {"flavours": ["a"]},
        {"toolchain": "ndk"},
        {"bazel_options": ["--x"]},
        {"disk_cache": Path("/d")},
    ],
)
def test_an_option_that_decides_the_result_is_in_the_key(change: dict[str, object]) -> None:
    other = dataclasses.replace(OPTIONS, **change)  # type: ignore[arg-type]
    assert key_of("p", other, SOURCES) != key_of("p", OPTIONS, SOURCES)


@pytest.mark.parametrize(
    "change",
    [
        {"cache": Path("/other")},
        {"origins": ["git"]},
        {"git_root": Path("/g")},
        {"distdirs": [Path("/d")]},
        {"accept_tree": {"XNNPACK"}},
    ],
)
def test_a_source_that_decides_the_result_is_in_the_key(change: dict[str, object]) -> None:
    other = dataclasses.replace(SOURCES, **change)  # type: ignore[arg-type]
    assert key_of("p", OPTIONS, other) != key_of("p", OPTIONS, SOURCES)


def test_the_profile_is_in_the_key_and_the_number_of_downloads_is_not() -> None:
    assert key_of("p", OPTIONS, SOURCES) != key_of("q", OPTIONS, SOURCES)
    many = dataclasses.replace(SOURCES, jobs=16)
    assert key_of("p", OPTIONS, many) == key_of("p", OPTIONS, SOURCES)


def test_the_key_is_the_same_after_a_round_through_json() -> None:
    import json

    sources = dataclasses.replace(SOURCES, accept_tree={"b", "a"}, distdirs=(Path("/d"),))
    key = key_of("p", dataclasses.replace(OPTIONS, flavours=("a",)), sources)
    assert json.loads(json.dumps(key)) == key
