"""Files that lie where xnnkit looks for its own: a folder from somebody else may hold them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from xnnkit.bench import runs, series
from xnnkit.build import manifest, stamp
from xnnkit.errors import BadInput, Finding
from xnnkit.overlay import apply as overlay
from xnnkit.overlay import rc, record
from xnnkit.overlay.checkout import Checkout, find
from xnnkit.overlay.plan import Plan
from xnnkit.render import directory

DEEP = "[" * 100_000
BINARY = {"flavour": "u", "path": "bin/u/b", "sha256": "0" * 64, "size": 1}


def checkout(folder: Path) -> Any:
    (folder / "git").mkdir()
    (folder / "root").mkdir()
    return SimpleNamespace(root=folder / "root", git_dir=folder / "git", differing=dict)


def git_checkout(folder: Path) -> Checkout:
    words = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (("init", "-q"), (*words, "commit", "-q", "--allow-empty", "-m", "a")):
        folder.mkdir(exist_ok=True)
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return find(folder)


def kept(**more: Any) -> dict[str, Any]:
    """Return a record of an overlay with one file."""
    entry = {"before": {"sha256": "", "mode": 0, "mtime_ns": 0}, "ours": ["1" * 64], "block": False}
    return {
        "schema_version": 1,
        "xnnkit": "0",
        "profile": "p",
        "flavour": "u",
        "compiler": {"name": "zig"},
        "commit": "0" * 40,
        "entries": {"WORKSPACE": entry | more},
        "finished": True,
    }


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        "9" * 5000,
        json.dumps({"schema_version": 1}),
        json.dumps({"schema_version": 1, "binaries": [7]}),
        json.dumps({"schema_version": 1, "binaries": [{**BINARY, "path": "../../sh"}]}),
        json.dumps({"schema_version": 1, "binaries": [{**BINARY, "path": "/bin/sh"}]}),
        json.dumps({"schema_version": 1, "binaries": [{**BINARY, "size": "1"}]}),
        json.dumps({"schema_version": 1, "binaries": [BINARY], "archives": [1]}),
        json.dumps({"schema_version": 1, "binaries": [{**BINARY, "proof": []}]}),
        json.dumps({"schema_version": 1, "binaries": [{**BINARY, "proof": {"ok": True}}]}),
    ],
    ids=[
        "deep",
        "long",
        "empty",
        "number",
        "outside",
        "absolute",
        "text",
        "archives",
        "proof",
        "checks",
    ],
)
def test_a_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / manifest.NAME).write_text(text)
    with pytest.raises(BadInput):
        manifest.read(tmp_path)


@pytest.mark.parametrize("path", ["../../home/me/.bashrc", "/etc/passwd", ".git/config", "a//b"])
def test_the_record_of_an_overlay(tmp_path: Path, path: str) -> None:
    """Undoing it would write, or remove, what it names."""
    place = checkout(tmp_path)
    data = kept()
    data["entries"] = {path: data["entries"]["WORKSPACE"]}
    record.folder(place).mkdir()
    (record.folder(place) / "record.json").write_text(json.dumps(data))
    with pytest.raises(BadInput, match="cannot be read"):
        record.load(place)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("commit", "--output=precious"),
        ("commit", "x; touch pwned #"),
        ("commit", "HEAD"),
        ("profile", "/tmp/evil.toml"),
        ("profile", "./evil.toml"),
        ("flavour", "$(touch pwned)"),
        ("compiler", {"name": "gcc"}),
        ("compiler", {"name": "ndk", "path": "there"}),
        ("compiler", {"name": "ndk", "version": "r26d", "api_level": "21"}),
        ("compiler", {"name": "zig", "path": "/elsewhere"}),
        ("finished", 1),
        ("more", 1),
        ("entries", {"WORKSPACE": {"before": {"mode": "x"}, "ours": [], "block": False}}),
        ("entries", {"WORKSPACE": {"before": {"mode": 1 << 20}, "ours": [], "block": False}}),
        ("entries", {"WORKSPACE": {"before": {"mtime_ns": 1 << 70}, "ours": [], "block": False}}),
    ],
)
def test_the_record_of_an_overlay_holds_what_overlays_write(
    tmp_path: Path, key: str, value: object
) -> None:
    """Its commit and profile become words of command lines, and paths."""
    place = checkout(tmp_path)
    record.folder(place).mkdir()
    file = record.folder(place) / "record.json"
    file.write_text(json.dumps(kept()))
    record.load(place)
    file.write_text(json.dumps({**kept(), key: value}))
    with pytest.raises(BadInput, match="cannot be read"):
        record.load(place)


def test_the_record_of_an_overlay_accepts_no_licence(tmp_path: Path) -> None:
    place = checkout(tmp_path)
    record.folder(place).mkdir()
    compiler = {"name": "ndk", "version": "r26d", "licence_accepted": True}
    (record.folder(place) / "record.json").write_text(json.dumps({**kept(), "compiler": compiler}))
    known = record.load(place)
    assert known is not None
    assert (known.compiler.version, known.compiler.licence_accepted) == ("r26d", False)


def test_a_commit_is_no_option_of_git(tmp_path: Path) -> None:
    place = tmp_path / "checkout"
    where = git_checkout(place)
    with pytest.raises(BadInput):
        where.moved(f"--output={tmp_path / 'precious'}")
    assert not (tmp_path / "precious").exists()


def test_an_original_that_is_somewhere_else(tmp_path: Path) -> None:
    place = checkout(tmp_path)
    record.folder(place).mkdir()
    before = {"sha256": "../../../secret", "mode": 0, "mtime_ns": 0}
    (record.folder(place) / "record.json").write_text(json.dumps(kept(before=before)))
    with pytest.raises(BadInput, match="cannot be read"):
        record.load(place)


def test_an_overlay_through_a_link(tmp_path: Path) -> None:
    place = checkout(tmp_path)
    (tmp_path / "outside").mkdir()
    (place.root / "d").symlink_to(tmp_path / "outside")
    new: Any = None
    with pytest.raises(BadInput, match="outside of the checkout"):
        overlay.write(place, None, new, Plan(files={"d/evil": None}))
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("path", ["../../.bashrc", "/etc/profile", ".git/hooks/post-checkout"])
def test_a_bazelrc_that_imports_what_is_outside(path: str) -> None:
    """The rc lines go to a file that the checkout's .bazelrc names."""
    assert rc.file_for(f"try-import %workspace%/{path}\n") == ".bazelrc"
    text = f"import %workspace%/{path}\nimport %workspace%/ours.rc\n"
    assert rc.file_for(text) == "ours.rc"


@pytest.mark.parametrize("name", ["../precious", "/etc/passwd", "a/../../precious"])
def test_the_list_of_rendered_files(tmp_path: Path, name: str) -> None:
    """A file that is no longer rendered is removed."""
    root = tmp_path / "root"
    root.mkdir()
    precious = tmp_path / "precious"
    precious.write_text("x")
    (root / directory.MANIFEST).write_text(json.dumps({"schema_version": 1, "files": [name]}))
    with pytest.raises(BadInput, match="damaged"):
        directory.write(root, {"a": b""})
    assert precious.read_text() == "x"


def test_a_workspace_with_a_link_in_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (tmp_path / "outside").mkdir()
    directory.write(root, {"a": b""})
    (root / "d").symlink_to(tmp_path / "outside")
    with pytest.raises(BadInput, match="outside"):
        directory.write(root, {"d/evil": b""})
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("place", ["../../secret.json", 7, "/etc/passwd"])
def test_a_series(tmp_path: Path, place: Any) -> None:
    file = tmp_path / ".x.series"
    data = {"schema_version": 1, "name": "s", "what": {}, "kept": {"1": place}}
    file.write_text(json.dumps(data))
    with pytest.raises(Finding, match="elsewhere"):
        series._read(file)


def test_a_deep_series(tmp_path: Path) -> None:
    file = tmp_path / ".x.series"
    file.write_text(DEEP)
    with pytest.raises(Finding):
        series._read(file)


def test_a_stamp_of_somebody_elses(tmp_path: Path) -> None:
    """A stamp holds the command that the next build runs."""
    key = {"profile": "p"}
    stamp.write(tmp_path, key, [], {"argv": ["true"], "outputs": {}})
    assert stamp.read(tmp_path, key) is not None, "our own must count"
    data = json.loads((tmp_path / stamp.NAME).read_text())
    data["result"]["argv"] = ["sh", "-c", "evil"]
    for forged in (data, {k: v for k, v in data.items() if k != "seal"}):
        (tmp_path / stamp.NAME).write_text(json.dumps(forged))
        assert stamp.read(tmp_path, key) is None


IDENTITY: dict[str, Any] = {
    "binary": {"sha256": "0" * 64},
    "profile": "p",
    "flavour": "u",
    "toolchain": "zig",
    "device": {"name": "qemu"},
    "arguments": [],
    "threads": 1,
    "started": "2026-01-01T00:00:00+00:00",
    "seconds": 1.0,
    "host": {},
    "xnnkit": "0",
}


def of(identity: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"schema_version": 1, "kind": runs.KIND, "identity": identity, "results": {}, **more}
    return {**data, "checksum": runs.checksum(data)}


def test_a_run() -> None:
    assert runs.of_json(of(IDENTITY), Path("x")).identity.profile == "p"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("device", []),
        ("device", None),
        ("threads", "1"),
        ("threads", 1 << 80),
        ("threads", True),
        ("seconds", "1"),
        ("seconds", float("nan")),
        ("arguments", [1]),
        ("arguments", "x"),
        ("archives", ["x"]),
        ("flavour", None),
        ("series", []),
    ],
)
def test_a_run_of_other_kinds(key: str, value: Any) -> None:
    with pytest.raises(BadInput, match=key):
        runs.of_json(of({**IDENTITY, key: value}), Path("x"))


def test_a_run_without_results() -> None:
    with pytest.raises(BadInput, match="results"):
        runs.of_json(of(IDENTITY, results=[]), Path("x"))
