"""A sound profile becomes typed objects that answer by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from xnnkit import profile
from xnnkit.errors import BadInput
from xnnkit.profile import show


def test_load_by_name_and_by_path(write) -> None:
    file = write()
    assert profile.load("small") == profile.load(str(file))
    assert profile.names() == ["small"]


def test_crlf_line_ends_are_read(write) -> None:
    file = write()
    plain = profile.load("small")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert profile.load("small") == plain


def test_values_arrive_typed(write) -> None:
    write()
    loaded = profile.load("small")
    http, debian = loaded.get_archive("XNNPACK").origin
    assert isinstance(http, profile.HttpOrigin)
    assert (http.filename, http.archive_format) == ("xnnpack.zip", "zip")
    assert isinstance(debian, profile.DebianOrigin)
    assert (debian.prebuilt, debian.archive_format) == (True, "deb")
    (git,) = loaded.get_archive("FXdiv").origin
    assert git.filename == "FXdiv-1.zip"
    assert loaded.get_flavour("kleidiai").proof.required == ("kai_*",)
    (zig,) = loaded.toolchain
    assert (zig.name, zig.host) == ("zig", "linux-x86_64")
    assert zig.origin[0].location == "pypi:ziglang==0.13.0"


def test_a_loaded_profile_cannot_be_changed(write) -> None:
    write()
    loaded = profile.load("small")
    with pytest.raises(ValidationError):
        loaded.name = "other"


@pytest.mark.parametrize(
    ("kind", "wrong", "nearest"),
    [
        ("flavour", "kleidi", "kleidiai"),
        ("archive", "xnnpack", "XNNPACK"),
    ],
)
def test_unknown_names_are_refused_with_the_legal_ones(
    kind: str, wrong: str, nearest: str, write
) -> None:
    write()
    loaded = profile.load("small")
    with pytest.raises(BadInput) as raised:
        getattr(loaded, f"get_{kind}")(wrong)
    assert f"no {kind} {wrong!r}" in raised.value.what
    assert nearest in raised.value.why
    assert raised.value.fix == f"use {nearest}"


def test_show_marks_what_is_prebuilt(write) -> None:
    write()
    text = show.as_text(profile.load("small"))
    (marked,) = [line for line in text.splitlines() if "prebuilt: bytes only, no tree" in line]
    assert "debian:pool/main/x/xnnpack.deb" in marked
    for expected in ("a" * 12, "b" * 40, "10 B", "upstream (default)", "git:owner/FXdiv"):
        assert expected in text


def test_json_says_of_each_origin_whether_its_tree_is_checked(write) -> None:
    write()
    data = show.as_json(profile.load("small"))
    assert [o["tree_checked"] for o in data["archive"][0]["origin"]] == [True, False]
    assert data["toolchain"][0]["origin"][0]["tree_checked"] is False
    assert data["archive"][1]["origin"][0]["location"] == "git:owner/FXdiv"


@pytest.mark.parametrize(
    ("octets", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (8923022, "8.9 MB"), (2 << 30, "2.1 GB")],
)
def test_size(octets: int, text: str) -> None:
    assert show.size(octets) == text


def test_every_profile_of_the_project_is_sound(repository: Path) -> None:
    assert profile.directory() == repository / "profiles"
    assert [p.name for p in profile.check(profile.names())] == profile.names()
    assert "xnnpack-2024-11" in profile.names()


def test_the_default_profile_can_be_had_from_github_or_from_debian_alone() -> None:
    loaded = profile.load("xnnpack-2024-11")
    assert {f.name for f in loaded.flavour} == {"upstream", "upstream-i8mm", "kleidiai"}
    for archive in loaded.archive:
        assert {o.type for o in archive.origin} >= {"http", "debian"}, archive.name
        assert archive.origin[0].type == "http"
