"""`--objects` keeps every object file of a build, and never none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xnnkit import bazel
from xnnkit.bazel import Bazel
from xnnkit.build import build as library
from xnnkit.errors import XnnkitError
from xnnkit.repro import actions, side
from xnnkit.repro.cause import Traces
from xnnkit.repro.compare import folders
from xnnkit.repro.side import keep_objects


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A build's folder whose ``bazel-out`` is a link, as Bazel makes it, to nothing yet."""
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace/bazel-out").symlink_to(tmp_path / "output_base")
    return tmp_path


def write(out: Path, *names: str) -> None:
    for name in names:
        path = out / "output_base" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(0o555)


def test_every_object_is_kept_with_its_place_and_permissions(out: Path) -> None:
    write(out, "k8-opt/bin/_objs/a/a.o", "k8-opt/bin/_objs/b/b.pic.o", "k8-opt/bin/liba.a")
    assert keep_objects(out) == 2
    kept = sorted(path for path in (out / "objects").rglob("*") if path.is_file())
    assert [path.relative_to(out / "objects").as_posix() for path in kept] == [
        "k8-opt/bin/_objs/a/a.o",
        "k8-opt/bin/_objs/b/b.pic.o",
    ]
    assert kept[0].stat().st_mode & 0o777 == 0o555


def test_a_build_without_bazel_out_is_an_error(out: Path) -> None:
    with pytest.raises(XnnkitError, match="left no object file"):
        keep_objects(out)


def test_a_build_without_an_object_is_an_error(out: Path) -> None:
    write(out, "k8-opt/bin/liba.a")
    with pytest.raises(XnnkitError, match="left no object file") as caught:
        keep_objects(out)
    assert caught.value.where == str(out / "output_base")


def test_what_is_built_to_tell_the_clock_is_not_among_them(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its date is another in each build."""

    def build(*_: Any) -> None:
        write(out, "k8-opt/bin/_objs/a/a.o")
        (out / "build.json").write_text('{"schema_version": 1, "binaries": []}')

    def look(*_: Any) -> dict[str, Any]:
        write(out, "k8-opt/bin/xnnkit_repro/_objs/compiler/compiler.o")
        return {}

    monkeypatch.setattr(library, "build", build)
    monkeypatch.setattr(actions, "look", look)
    monkeypatch.setattr(bazel, "find", lambda _: Bazel("given", "7.7.1", ("/bin/true",)))
    plan = {
        "profile": "xnnpack-2024-11",
        "out": str(out),
        "cache": str(out / "cache"),
        "events": str(out / "events.json"),
        "log": str(out / "log"),
        "objects": True,
        **dict.fromkeys(("disk_cache", "toolchain", "ndk"), ""),
        **{"flavours": [], "bazel_options": [], "api_level": None, "licence_accepted": False},
    }
    assert side.build(plan)["objects"] == 1
    assert [path.name for path in (out / "objects").rglob("*.o")] == ["a.o"]


def test_an_object_more_in_one_build_is_a_difference(tmp_path: Path) -> None:
    for build, names in (("first", "a"), ("second", "ab")):
        (tmp_path / build / "objects").mkdir(parents=True)
        (tmp_path / build / "program").write_text("same")
        for name in names:
            (tmp_path / build / f"objects/{name}.o").write_text("same")
    traces = (Traces(()), Traces(()))
    rows = folders(tmp_path / "first", tmp_path / "second", traces, ["program"])
    assert [row["name"] for row in rows if not row["identical"]] == ["objects/b.o"]
