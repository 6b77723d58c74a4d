"""What two builds are made to differ in, and what is said where a machine cannot."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from xnnkit.cli.main import main
from xnnkit.errors import BadInput
from xnnkit.repro import conditions, machine, side
from xnnkit.repro.conditions import CONDITIONS, obstacles, sides, wanted
from xnnkit.repro.machine import Machine

ABLE = Machine(
    faketime=Path("/usr/lib/x/faketime/libfaketimeMT.so.1"),
    locales=("C", "C.utf8", "de_DE.utf8", "POSIX"),
    cores=4,
    memory=64 << 30,
    user="ada",
)


def test_all_conditions_can_be_varied_where_nothing_is_missing() -> None:
    assert obstacles(ABLE) == {}
    assert wanted(()) == list(CONDITIONS)
    assert wanted(("locale", "umask")) == ["umask", "locale"]


def test_an_unknown_condition_is_refused_with_the_legal_ones() -> None:
    with pytest.raises(BadInput, match="no condition 'moon'") as caught:
        wanted(("moon",))
    assert "timezone" in caught.value.why


def test_what_is_missing_is_said_and_never_silent() -> None:
    poor = dataclasses.replace(
        ABLE, refused={"user": "not allowed"}, cores=1, memory=1 << 30, locales=("C", "POSIX")
    )
    found = obstacles(poor)
    assert found["user"] == "not allowed"
    assert set(found) == {"user", "jobs", "file-order", "locale"}
    assert "1.0" in found["file-order"]


def test_two_builds_differ_in_everything(tmp_path: Path) -> None:
    first, second = sides(tmp_path, list(CONDITIONS), tmp_path / "cache", ABLE)
    assert len(str(second.root)) > len(str(first.root)) + 20
    assert second.home.parent == second.root
    for name in ("HOME", "USER", "LOGNAME", "TZ", "LC_ALL", "LANGUAGE"):
        assert first.environment[name] != second.environment[name], name
    assert (first.umask, second.umask) == (0o022, 0o077)
    assert (first.jobs, second.jobs) == (2, 4)
    assert first.environment["LC_ALL"] == "C.utf8"
    assert second.environment["LC_ALL"] == "de_DE.utf8"
    assert first.cache is not None
    assert second.cache is None
    assert not first.empty_disk_cache
    assert second.empty_disk_cache
    assert not first.wrapper
    assert {"--uid", "--hostname", "--unshare-net", "--tmpfs"} <= set(second.wrapper)
    assert second.environment["FAKETIME"] == f"+{conditions.SHIFT_S}s"
    assert [o for o in second.bazel_options if o.startswith("--action_env=SOURCE_DATE_EPOCH=")]
    assert first.bazel_options == []


@pytest.mark.parametrize("name", CONDITIONS)
def test_one_condition_alone_leaves_the_others_as_they_are(name: str, tmp_path: Path) -> None:
    first, second = sides(tmp_path, [name], tmp_path / "cache", ABLE)
    same = {
        "directory": first.root == second.root,
        "umask": first.umask == second.umask,
        "jobs": first.jobs == second.jobs,
        "timezone": first.environment["TZ"] == second.environment["TZ"],
        "locale": first.environment["LC_ALL"] == second.environment["LC_ALL"],
        "clock": not second.bazel_options and "FAKETIME" not in second.environment,
        "user": "--uid" not in second.wrapper,
        "hostname": "--hostname" not in second.wrapper,
        "network": "--unshare-net" not in second.wrapper,
        "file-order": "--tmpfs" not in second.wrapper,
        "cache": second.cache == first.cache,
        "home": first.home.name == second.home.name,
    }
    assert [one for one, is_same in same.items() if not is_same] == [name]


def test_builds_never_share_a_disk_cache(tmp_path: Path) -> None:
    """Otherwise the second would be a copy of the first, and the comparison would say nothing."""
    for names in (list(CONDITIONS), ["umask"], ["cache"]):
        first, second = sides(tmp_path, names, tmp_path / "cache", ABLE)
        assert second.empty_disk_cache
        assert first.empty_disk_cache == ("cache" not in names)


def test_a_build_says_what_it_found_and_not_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("LC_ALL", "C")
    folder = tmp_path / "folder"
    folder.mkdir()
    seen = side.surroundings(folder)
    assert seen["user"].startswith("ada (")
    assert seen["locale"].startswith("C, ")
    assert sorted(seen["file-order"]) == [f"{n:02}" for n in range(40)]
    assert list(folder.iterdir()) == []


def test_without_bubblewrap_four_conditions_cannot_be_varied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = machine.probe()
    assert set(found.refused) == {"user", "hostname", "network", "file-order"}
    assert all("bubblewrap is not installed" in why for why in found.refused.values())


def test_a_namespace_that_is_not_allowed_is_reported_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bwrap"
    program.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = machine.probe()
    assert "No permissions to create new namespace" in found.refused["user"]


def test_a_machine_without_a_network_cannot_lose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.socket, "if_nameindex", lambda: [(1, "lo")])
    monkeypatch.setattr(machine, "_refused", lambda options: "")
    assert machine.probe().refused == {"network": "this machine has no network interface"}
    monkeypatch.setattr(machine.socket, "if_nameindex", lambda: [(1, "lo"), (2, "eth0")])
    assert machine.probe().refused == {}


def test_list_builds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["repro", "--list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["conditions"]
    assert [row["name"] for row in rows] == list(CONDITIONS)


def test_an_impossible_wish_is_an_error_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["repro", "--vary", "hostname", "--out", str(tmp_path / "out")]) == 3
    assert "bubblewrap is not installed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_else_is_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").write_text("mine")
    assert main(["repro", "--out", str(tmp_path)]) == 2
    assert "was not made by xnnkit repro" in capsys.readouterr().err
    assert (tmp_path / "precious").read_text() == "mine"
