"""Each lack is named, required or optional, with one line to paste; no test asks this machine."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from healthy import HEALTHY, examine, says, without
from xnnkit import doctor
from xnnkit.cli.main import cli
from xnnkit.doctor import Need, Probes


def test_a_healthy_machine_lacks_nothing() -> None:
    needs = examine()
    assert [n.name for n in needs.values() if not n.ok or n.fix] == []
    assert doctor.ready(list(needs.values()))
    assert needs["bazel"].found == "7.7.1, /usr/bin/bazel"


LACKS = [
    ("python", True, {"python": lambda: (3, 10, 1)}, "python3.11 -m venv"),
    ("machine", True, {"machine": lambda: "darwin arm64"}, "linux x86_64"),
    ("git", True, {"which": without("git")}, "sudo apt-get install -y git"),
    ("qemu-aarch64", True, {"which": without("qemu-aarch64")}, "apt-get install -y qemu-user"),
    ("adb", False, {"which": without("adb")}, "sudo apt-get install -y adb"),
    ("bazel", True, {"which": without("bazel", "bwrap")}, "apt-get install -y bubblewrap"),
    (
        "bazel",
        True,
        {"which": without("bazel"), "namespaces_work": lambda: False},
        "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    ("cache", True, {"writable": lambda path: False}, "export XNNKIT_CACHE="),
    (
        "disk-cache",
        True,
        {"disk_free": lambda path: 9 * 10**9 if path == Path("/cache") else 10**11},
        "export XNNKIT_CACHE=",
    ),
    (
        "disk-output",
        True,
        {"disk_free": lambda path: 9 * 10**9 if path == Path("/out") else 10**11},
        "df -h /out",
    ),
    ("memory", True, {"memory": lambda: 3 * 10**9}, "free -h"),
    ("github.com", False, {"reachable": lambda url: "github" not in url}, "curl -sSI https://git"),
    ("debian", False, {"debian_mirror": lambda: ""}, "apt-get indextargets"),
    ("pypi", False, {"package_index": lambda: ""}, "pip config list"),
    (
        "binfmt",
        False,
        {"exists": lambda path: path.name != "qemu-aarch64"},
        "sudo apt-get install -y qemu-user-binfmt",
    ),
    (
        "qemu-plugins",
        False,
        {"output": lambda argv: "-h -cpu" if argv[1:] == ["-h"] else says(argv)},
        "--enable-plugins",
    ),
    ("locale", False, {"encoding": lambda: "ANSI_X3.4-1968"}, "export LC_ALL=C.UTF-8"),
]


@pytest.mark.parametrize(("name", "required", "changed", "fix"), LACKS)
def test_one_lack(name: str, required: bool, changed: dict[str, Any], fix: str) -> None:
    needs = examine(**changed)
    assert not needs[name].ok
    assert needs[name].required is required
    assert fix in needs[name].fix
    assert "\n" not in needs[name].fix
    assert doctor.ready(list(needs.values())) is not required
    assert [n.name for n in needs.values() if not n.ok] == [name]


def test_root_needs_no_sudo() -> None:
    assert examine(which=without("adb"), is_root=lambda: True)["adb"].fix == (
        "apt-get install -y adb"
    )


@pytest.mark.parametrize(
    ("version", "judged"),
    [("4.2.3", "old"), ("7.3.9", "old"), ("8.0.0", "new"), ("9.1.0", "new"), ("10.0.0", "new")],
)
def test_a_bazel_that_is_not_legal_is_set_up_from_debian(version: str, judged: str) -> None:
    bazel = examine(output=lambda argv: f"bazel {version}" if "bazel" in argv[0] else says(argv))
    assert bazel["bazel"].ok
    expected = f"is {version}, too {judged}: not 7.4.0 <= version < 8.0.0"
    assert expected in bazel["bazel"].found
    assert "can be set up from bazel-bootstrap of Debian testing" in bazel["bazel"].found


def test_bazelisk_is_enough() -> None:
    only = {"git", "qemu-aarch64", "bazelisk"}
    needs = examine(
        which=lambda name: f"/b/{name}" if name in only else None,
        output=lambda argv: "bazel 7.7.1" if argv[0] == "/b/bazelisk" else says(argv),
    )
    assert needs["bazel"].ok
    assert needs["bazel"].found == "7.7.1, /b/bazelisk"


def test_bazelisk_without_its_servers_is_not() -> None:
    only = {"git", "qemu-aarch64", "bazelisk"}
    needs = examine(
        which=lambda name: f"/b/{name}" if name in only else None,
        output=lambda argv: None,
    )
    assert not needs["bazel"].ok
    assert "/b/bazelisk is of unknown version" in needs["bazel"].found
    assert "apt-get install -y apt dpkg bubblewrap" in needs["bazel"].fix


def test_the_bazel_that_the_user_names_is_the_only_one_looked_at() -> None:
    def given(name: str) -> str | None:
        return "/my/bazel" if name == "XNNKIT_BAZEL" else None

    old = examine(
        getenv=given, output=lambda argv: "bazel 4.2.3" if argv[0] == "/my/bazel" else says(argv)
    )
    assert not old["bazel"].ok
    assert old["bazel"].fix == "unset XNNKIT_BAZEL"
    assert examine(getenv=given)["bazel"].found == "7.7.1, /my/bazel"


def test_debians_bazel_that_is_there_already() -> None:
    place = Path("/cache/bazel/debian")
    there = examine(which=without("bazel"), bazel_set_up=lambda requirement: place)
    assert there["bazel"].found == "7.7.1, /cache/bazel/debian"
    no_bwrap = examine(which=without("bazel", "bwrap"), bazel_set_up=lambda requirement: place)
    assert no_bwrap["bazel"].fix == "sudo apt-get install -y bubblewrap"


def test_debians_keys_are_needed() -> None:
    needs = examine(which=without("bazel"), exists=lambda path: path.suffix != ".gpg")
    assert needs["bazel"].fix == "sudo apt-get install -y debian-archive-keyring"


def test_debian_alone_is_enough() -> None:
    needs = examine(
        reachable=lambda url: "mirror.example" in url or "index.example" in url,
        exists=lambda path: False,
    )
    assert needs["sources"].ok
    assert not needs["github.com"].ok


def test_without_any_way_to_an_archive_the_archive_is_named() -> None:
    needs = examine(reachable=lambda url: "gitlab" in url, exists=lambda path: False)
    assert not needs["sources"].ok
    assert needs["sources"].required
    assert needs["sources"].found.startswith("no way to get XNNPACK, ")
    assert "KleidiAI" not in needs["sources"].found


def test_a_git_origin_needs_no_clone_where_its_host_answers() -> None:
    needs = examine(reachable=lambda url: "github.com" in url, exists=lambda path: False)
    # KleidiAI's http origin is another host's; its git origin is here.
    assert needs["sources"].found == "no way to get zig"
    assert "xnnkit mirror xnnpack-2024-11" in needs["sources"].fix


def test_what_is_in_the_cache_needs_no_network() -> None:
    in_cache = examine(
        reachable=lambda url: False,
        exists=lambda path: path.is_relative_to("/cache/sha256"),
    )
    assert in_cache["sources"].ok


@pytest.mark.parametrize("place", ["google/XNNPACK", "google/XNNPACK.git", "google+XNNPACK/repo"])
def test_a_clone_is_found_in_each_of_its_places(place: str) -> None:
    needs = examine(exists=lambda path: path == Path("/clones") / place)
    assert needs["git-root"].found.startswith("1 of ")
    assert needs["git-root"].fix.startswith("git clone --mirror https://github.com/")


def test_hosts_are_asked_once_each() -> None:
    asked: list[str] = []
    examine(reachable=lambda url: not asked.append(url))
    assert sorted(asked) == sorted(set(asked))
    assert "https://github.com/" in asked


def test_text_falls_back_to_ascii() -> None:
    needs = [Need("git", True, True, "here"), Need("adb", False, False, "gone", "get adb")]
    assert doctor.as_text(needs, "utf-8").splitlines() == [
        "✓  git  here",
        "✗  adb  gone (optional)",
        "        $ get adb",
        "",
        "ready to build and run",
    ]
    plain = doctor.as_text(needs, "ascii")
    assert plain.isascii()
    assert plain.splitlines()[:2] == ["ok git  here", "NO adb  gone (optional)"]


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 3)])
def test_command(ok: bool, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = [Need("git", ok, True, "seen", "" if ok else "get git")]
    monkeypatch.setattr(doctor, "examine", lambda *args: needs)
    shown = CliRunner().invoke(cli, ["doctor"])
    assert (shown.exit_code, "git" in shown.stdout) == (code, True)
    as_json = CliRunner().invoke(cli, ["doctor", "xnnpack-2024-11", "--json"])
    assert as_json.exit_code == code
    data = json.loads(as_json.stdout)
    assert (data["schema_version"], data["ok"], data["needs"][0]["name"]) == (1, ok, "git")


def test_no_test_here_asks_this_machine() -> None:
    untouched = [
        f.name for f in dataclasses.fields(Probes) if getattr(HEALTHY, f.name) is f.default
    ]
    assert untouched == []
