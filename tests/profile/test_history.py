"""What the clones say of the past refuses profiles, by name and by date, and says no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from xnnkit import paths, profile
from xnnkit.cli import main
from xnnkit.profile import ProfileError, history

NAME = "gemma-2024-05"
MEDIAPIPE = "4bb6280e10ce858ff7723b07315fe8350d45db5a"
XNNPACK = "2fe25b859581a34e77b48b06c640ac1a5a58612e"
V0_10_32 = "8317ba78778738ba90a521e7e4580a2ba0129c81"


def mine(tmp_path: Path, old: str, new: str) -> Path:
    """Write the profile with other pins, as a user's own."""
    text = (paths.home() / f"profiles/{NAME}.toml").read_text()
    assert old in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(old, new).replace(f'name = "{NAME}"', 'name = "mine"'))
    return file


WITHOUT = {
    "the tag after the last": (
        "3987048d4b390aa9ae675c796f6421bbeece6511",
        "MediaPipe v0.10.33 (3987048d4b39) of 2026-03-15 has no llm_test: it was removed on"
        " 2026-01-30 by 83fdad9bb95d; the last tag with it is v0.10.32, 8317ba787787",
    ),
    "the commit that removed it": (
        "83fdad9bb95d37bcf6c9055a66142c8b887214a1",
        "MediaPipe 83fdad9bb95d of 2026-01-30 has no llm_test: it was removed on 2026-01-30",
    ),
    "the gap in July 2024": (
        "0130f3ef7f2dfeda19ff5269e6861af159e2f559",
        "MediaPipe 0130f3ef7f2d of 2024-07-08 has no llm_test: it was removed on 2024-07-08 by"
        " 0130f3ef7f2d, and came back on 2024-07-16 with c2870f862cfc",
    ),
    "before it was there": (
        "98942d569f14ec361129a5f9aa2871d4e4679dfc",
        "MediaPipe v0.10.11 (98942d569f14) of 2024-03-05 has no llm_test: it was added on"
        " 2024-04-02 by 15cfaa30794f",
    ),
    "long before": (
        "85b19383b96175c5e5e8bd963cc1e6781b8dc034",
        "MediaPipe v0.10.5 (85b19383b961) of 2023-09-14 has no llm_test: it was added on",
    ),
}


@pytest.mark.parametrize(("commit", "what"), WITHOUT.values(), ids=WITHOUT)
def test_a_mediapipe_without_llm_test_is_refused_by_name_and_date(
    commit: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = mine(tmp_path, f'commit = "{MEDIAPIPE}"', f'commit = "{commit}"')
    line = 1 + file.read_text().splitlines().index(f'commit = "{commit}"')
    with pytest.raises(ProfileError) as caught:
        profile.load(str(file))
    assert len(caught.value.problems) == 1
    assert what in str(caught.value)
    assert f"mine.toml:{line}: archive[0].commit" in str(caught.value)
    assert f"{V0_10_32} (v0.10.32)" in str(caught.value)
    assert main.main(["profile", "show", str(file)]) == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize(
    ("commit", "why"),
    [
        (V0_10_32, "does not declare xnn_define_binary, xnn_define_concatenate"),
        ("e252e5667e2be398dcc4c5d49ca134248e2111c8", "does not declare xnn_define_log, which"),
    ],
    ids=["v0.10.32", "v0.10.15"],
)
def test_an_xnnpack_that_mediapipe_has_outgrown_is_refused(
    commit: str, why: str, tmp_path: Path
) -> None:
    file = mine(tmp_path, f'commit = "{MEDIAPIPE}"', f'commit = "{commit}"')
    with pytest.raises(ProfileError) as caught:
        profile.load(str(file))
    flavours = len(profile.load(NAME).flavour)
    assert len(caught.value.problems) == flavours  # upstream ones and those on 5ecf0769 alike
    text = str(caught.value)
    assert "flavour 'upstream' cannot be compiled: XNNPACK 2fe25b859581 of 2024-03-27" in text
    assert why in text


def test_what_is_not_known_passes(tmp_path: Path) -> None:
    assert profile.load(str(mine(tmp_path, f'commit = "{MEDIAPIPE}"', f'commit = "{"b" * 40}"')))
    assert profile.load(str(mine(tmp_path, f'commit = "{XNNPACK}"', f'commit = "{"b" * 40}"')))


def test_every_tag_is_judged() -> None:
    with_it = [
        n for n, t in history._data()["tags"].items() if not history.lacks_llm_test(t["commit"])
    ]
    assert with_it[0] == "v0.10.13"
    assert with_it[-1] == "v0.10.32" == history.last_tag()[0]
    assert "v1.0.0" not in with_it
    for one in history._data()["mediapipe"]:  # no release is said not to work with its own pin
        assert not history.cannot_compile(one["commit"], one["xnnpack"])


@pytest.mark.upstream
def test_the_file_is_what_the_clones_say(repository: Path) -> None:
    root = paths.git_root()
    assert root is not None
    done = subprocess.run(
        [sys.executable, repository / "tools/derive_history.py", root, "--check"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
