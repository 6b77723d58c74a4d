"""Profiles from strangers: nothing in one becomes an option, a command or another place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from xnnkit import profile
from xnnkit.archives import remote
from xnnkit.archives.http import Net, Unreachable
from xnnkit.archives.origins.pypi import command
from xnnkit.errors import BadInput
from xnnkit.profile import DebianOrigin, GitOrigin, HttpOrigin, PypiOrigin
from xnnkit.profile.model import DebianBazel

BYTES: dict[str, Any] = {"sha256": "0" * 64, "size": 1}
PYPI = {**BYTES, "type": "pypi", "package": "ziglang", "version": "1.0", "file": "z-1-any.whl"}
GIT = {**BYTES, "type": "git", "repository": "a/b", "format": "zip"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("package", "--index-url=https://evil.example"),
        ("package", "x @ https://evil.example/x.tar.gz#"),
        ("package", "x @ git+https://evil.example/x"),
        ("package", "-r/etc/passwd"),
        ("version", "1.0 --pre"),
        ("version", "1.0\n-r x"),
        ("file", "../../../home/me/important.whl"),
        ("file", "/etc/passwd.whl"),
        ("file", "x.tar.gz"),
    ],
)
def test_what_pip_is_told(key: str, value: str) -> None:
    with pytest.raises(ValidationError):
        PypiOrigin.model_validate({**PYPI, key: value})


def test_pip_takes_no_option_behind_the_mark() -> None:
    words = command(PypiOrigin.model_validate(PYPI), Path("there"))
    assert words[-2:] == ["--", "ziglang==1.0"]


@pytest.mark.parametrize(
    "bad", ["-oDebug::x=1", "../../x", "a b", "a\nb", "testing main\ndeb x", ""]
)
@pytest.mark.parametrize("key", ["package", "suite"])
def test_what_apt_is_told(key: str, bad: str) -> None:
    with pytest.raises(ValidationError):
        DebianBazel.model_validate({"package": "bazel", "suite": "testing", key: bad})


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@host.example/a.zip",
        "https://host.example",
        "https://host.example/a\x1b[2J.zip",
        'https://host.example/".zip',
        "http://host.example/a.zip",
        "file:///etc/passwd",
        "ext::sh -c x",
        "https://host.example/a.zip#b",
    ],
)
def test_addresses(url: str) -> None:
    with pytest.raises(ValidationError):
        HttpOrigin.model_validate({**BYTES, "type": "http", "url": url})


@pytest.mark.parametrize("bad", ["a\0b", "a\nb", "a/" * 200 + "a", "..", "/a", "a\x1bb"])
def test_folders_inside(bad: str) -> None:
    with pytest.raises(ValidationError):
        GitOrigin.model_validate({**GIT, "strip_prefix": bad})
    with pytest.raises(ValidationError):
        DebianOrigin.model_validate({**BYTES, "type": "debian", "path": "pool/" + bad})


@pytest.mark.parametrize("url", ["ext::sh -c touch", "ssh://-oProxyCommand=x/", "--upload-pack=x"])
def test_git_is_given_no_way_to_start_a_program(url: str, tmp_path: Path) -> None:
    net = Net(attempts=1)
    with pytest.raises(Unreachable, match="no https"):
        remote.fill(tmp_path / "store", url, "0" * 40, (), tmp_path, net)
    assert not (tmp_path / "store").exists(), "git must not have been started"


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5000, "a = " + "9" * 5000, "a" + ".a" * 5000 + " = 1"],
    ids=["deep", "long number", "long key"],
)
def test_toml_that_python_cannot_hold(text: str, tmp_path: Path) -> None:
    file = tmp_path / "evil.toml"
    file.write_text(text)
    with pytest.raises(BadInput):
        profile.load(str(file))


def test_a_profile_of_any_length(tmp_path: Path) -> None:
    file = tmp_path / "evil.toml"
    with file.open("wb") as stream:
        stream.truncate(5 << 30)
    with pytest.raises(BadInput, match="too long"):
        profile.load(str(file))


def test_a_version_of_any_length(tmp_path: Path) -> None:
    good = (profile.directory() / "xnnpack-2024-11.toml").read_text()
    file = tmp_path / "xnnpack-2024-11.toml"
    file.write_text(good.replace('minimum = "', 'minimum = "' + "9" * 5000, 1))
    with pytest.raises(BadInput):
        profile.load(str(file))
