"""A profile of somebody else's: nothing in it reaches outside, or becomes code."""

from __future__ import annotations

from pathlib import Path

import pytest
from xnnkit import profile
from xnnkit.errors import BadInput
from xnnkit.render import directory


def mutated(tmp_path: Path, name: str, old: str, new: str) -> str:
    """Write a copy of one of our profiles with one place changed, and return its path."""
    text = (profile.directory() / f"{name}.toml").read_text()
    assert old in text
    file = tmp_path / f"{name}.toml"
    file.write_text(text.replace(old, new, 1))
    return str(file)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('overlay = "FP16"', 'overlay = "../../../../../../etc"', "'overlay' cannot be"),
        ('overlay = "FP16"', 'overlay = "FP17"', "unknown overlay 'FP17'"),
        ('files = "npm"', 'files = ".."', "'files' cannot be"),
        ('files = "npm"', 'files = "nmp"', "unknown folder 'nmp'"),
        ('package = "mediapipe/', 'package = "../mediapipe/', "'package' cannot be"),
        ('package = "mediapipe/', 'package = "x\\"y/', "'package' cannot be"),
        ('description = "MediaPipe', 'description = "a \\"\\"\\" b', "'description' cannot be"),
        ('description = "XNNPACK 2fe', 'description = "x\\n2fe', "'description' cannot be"),
        ('"--copt=-w"', '"--output_base=/tmp/x"', "cannot be '--output_base"),
        ('"--copt=-w"', '"--config=foo"', "cannot be '--config"),
        ('"--copt=-w"', "'--copt=\"-w'", "cannot be '--copt"),
        ('"--copt=-w"', '"--copt=-w\\nstartup --x"', "cannot be"),
        ('name = "npm"', 'name = "XNNPACK_base"', "two repositories are named 'XNNPACK_base'"),
        ('name = "npm"', 'name = "zlib"', "two repositories are named 'zlib'"),
        ('name = "npm"', 'name = "xnnkit"', "two repositories are named 'xnnkit'"),
        (
            'archive = "com_github_glog_glog"\ntargets',
            'archive = "XNNPACK_5ecf0769"\ntargets',
            "stands for no repository: 'XNNPACK_5ecf0769'",
        ),
    ],
)
def test_it_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        profile.load(mutated(tmp_path, "gemma-2024-05", old, new))
    assert said in str(caught.value)


def test_a_debian_path_stays_in_the_pool(tmp_path: Path) -> None:
    old = 'path = "pool/main/f/fxdiv/'
    with pytest.raises(BadInput, match=r"\.\."):
        profile.load(mutated(tmp_path, "xnnpack-2024-11", old, 'path = "pool/../../etc/'))


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", "./x"])
def test_a_rendered_file_never_lies_outside(tmp_path: Path, name: str) -> None:
    root = tmp_path / "deep" / "root"
    with pytest.raises(BadInput, match="outside"):
        directory.write(root, {name: b""})
    assert list(tmp_path.rglob("x")) == []
