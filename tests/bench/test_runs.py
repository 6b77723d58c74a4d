"""Runs and their files: what is kept is what is read, names are free, damage is seen."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from gbench import identity, keep, output
from xnnkit.bench import runs
from xnnkit.errors import BadEnvironment, BadInput, Finding


def test_what_is_kept_is_what_is_read(tmp_path: Path) -> None:
    given = runs.Run(identity(prebuilt=["KleidiAI"], executed=["kai_run_x"]), output({"BM_a": [1]}))
    path = runs.save(given, tmp_path)
    assert path == tmp_path / "small" / "upstream" / "adb-1-1.json"
    found = runs.load(path)
    assert found.identity == given.identity
    assert found.raw == given.raw
    assert found.results.benchmarks["BM_a"].samples[0].real_ns == 1e6
    data = json.loads(path.read_text())
    assert (data["schema_version"], data["kind"]) == (1, "xnnkit-run")
    assert re.fullmatch("[0-9a-f]{64}", data["checksum"])


def test_each_run_gets_the_next_name_and_nothing_is_overwritten(tmp_path: Path) -> None:
    paths = [keep(tmp_path, {"BM_a": [i]}) for i in range(1, 13)]
    assert [p.name for p in paths] == [f"adb-1-{i}.json" for i in range(1, 13)]
    assert runs.existing(tmp_path, "small", "upstream", "adb:1") == paths
    paths[4].unlink()
    assert keep(tmp_path, {"BM_a": [5]}) == paths[4]
    assert runs.existing(tmp_path, "small", "other", "adb:1") == []
    assert runs.existing(tmp_path, "small", "upstream", "adb") == []


def test_many_writers_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda i: keep(tmp_path, {"BM_a": [i]}), range(1, 33)))
    assert len(set(paths)) == 32
    folder = tmp_path / "small" / "upstream"
    assert sorted(os.listdir(folder)) == sorted(p.name for p in paths)
    times = [runs.load(p).results.benchmarks["BM_a"].samples[0].real_ns for p in paths]
    assert times == [i * 1e6 for i in range(1, 33)]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "small").write_text("a file, not a folder")
    with pytest.raises(BadEnvironment, match="cannot be kept"):
        keep(tmp_path, {"BM_a": [1]})


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["results"]["benchmarks"][0].update(real_time=0.5),
        lambda data: data["identity"].update(flavour="kleidiai"),
        lambda data: data["identity"]["binary"].update(sha256="other"),
        lambda data: data.pop("checksum"),
        lambda data: data.update(more=1),
    ],
)
def test_a_changed_run_is_a_finding(change: Any, tmp_path: Path) -> None:
    path = keep(tmp_path, {"BM_a": [1]})
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(Finding, match="checksum does not fit") as caught:
        runs.load(path)
    assert caught.value.where == str(path)


def test_layout_does_not_matter_to_the_checksum(tmp_path: Path) -> None:
    path = keep(tmp_path, {"BM_a": [1.25]})
    data = json.loads(path.read_text())
    path.write_text(json.dumps(dict(reversed(data.items())), indent=7))
    assert runs.load(path).identity.flavour == "upstream"


@pytest.mark.parametrize("data", [[], {}, {"kind": "other"}, {"context": {}, "benchmarks": []}])
def test_what_is_no_run(data: Any, tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps(data))
    with pytest.raises(BadInput, match="not a run"):
        runs.load(path)


def test_another_version_and_a_missing_identity(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="schema_version 2"):
        runs.of_json({"kind": runs.KIND, "schema_version": 2}, tmp_path)
    content: dict[str, Any] = {"kind": runs.KIND, "schema_version": 1, "identity": {"x": 1}}
    content["checksum"] = runs.checksum(content)
    with pytest.raises(BadInput, match="without its identity"):
        runs.of_json(content, tmp_path)


@pytest.mark.parametrize(
    ("name", "stem"), [("qemu", "qemu"), ("adb:R5CW/1 x", "adb-R5CW-1-x"), ("../..", "..-..")]
)
def test_stem(name: str, stem: str) -> None:
    assert runs.stem(name) == stem


def test_runs_from_before_archives_and_verification_are_still_read(tmp_path: Path) -> None:
    path = keep(tmp_path, {"BM_a": [1]})
    data = json.loads(path.read_text())
    for key in ("benchmark", "method", "archives", "verify"):
        del data["identity"][key]
    data["checksum"] = runs.checksum(data)
    path.write_text(json.dumps(data))
    assert runs.load(path).identity == identity()
