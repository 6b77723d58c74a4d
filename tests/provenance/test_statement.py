"""The statement: what in-toto and SLSA ask for, the same bytes each time, and all of the record."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import mini as minis
import pytest
from hypothesis import HealthCheck, given, settings
from mini import Mini, Run
from records import records
from xnnkit import profile
from xnnkit.build.prepare import prepare
from xnnkit.build.request import Sources
from xnnkit.provenance import canonical, facts, read
from xnnkit.provenance.record import Record
from xnnkit.provenance.statement import Run as BuildRun
from xnnkit.provenance.statement import render
from xnnkit.provenance.verify import compare


def make(mini: Mini, run: Run, *arguments: object) -> Any:
    code, out, err = run("provenance", minis.NAME, "--out", mini.out, *arguments)
    assert (code, err) == (0, "")
    return json.loads(out)


def test_it_is_a_statement_of_the_binaries_that_were_built(mini: Mini, run: Run) -> None:
    content = make(mini, run)
    assert content["_type"] == "https://in-toto.io/Statement/v1"
    assert content["predicateType"] == "https://slsa.dev/provenance/v1"
    assert content["subject"] == [
        {
            "name": f"bin/{flavour}/bench",
            "digest": {
                "sha256": hashlib.sha256(
                    (mini.out / "bin" / flavour / "bench").read_bytes()
                ).hexdigest()
            },
        }
        for flavour in ("kleidiai", "upstream")
    ]
    definition = content["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "profile": "small",
        "flavours": ["upstream", "kleidiai"],
        "compiler": {"name": "zig", "version": "", "revision": "", "api_level": None},
        "layout": "module",
        "bazelOptions": [],
        "outsideRcFiles": 0,
    }
    assert definition["internalParameters"]["settings"] == ["--cxxopt=-std=c++17"]
    assert definition["internalParameters"]["flavours"]["kleidiai"]["switches"] == {"fast": True}
    assert content["predicate"]["runDetails"] == {
        "builder": {
            "id": "urn:xnnkit:builder:self",
            "version": {"bazel": "7.7.1", "xnnkit": "0.1.0"},
        }
    }


def test_every_material_is_named_with_its_hashes(mini: Mini, run: Run) -> None:
    found = {
        one["name"]: one
        for one in make(mini, run)["predicate"]["buildDefinition"]["resolvedDependencies"]
    }
    assert set(found) == {
        "archive/XNNPACK",
        "archive/KleidiAI",
        "toolchain/zig",
        "patch/XNNPACK/xnnpack/answer",
        "profile",
        "workspace",
        "xnnkit",
        "bazel",
        "rules/bazel_tools",
        "rules/rules_cc@0.0.11",
    }
    server = hashlib.sha256(b"a server").hexdigest()
    assert found["bazel"]["digest"] == {"sha256": server}
    assert found["rules/rules_cc@0.0.11"]["uri"] == "pkg:bazel/rules_cc@0.0.11"
    assert set(found["rules/rules_cc@0.0.11"]["digest"]) == {"dirHash"}
    packed = minis.packed("KleidiAI")
    assert found["archive/KleidiAI"] == {
        "name": "archive/KleidiAI",
        "uri": f"git+https://github.com/arm/KleidiAI@{'c' * 40}",
        "digest": {
            "sha256": hashlib.sha256(packed).hexdigest(),
            "gitCommit": "c" * 40,
            "gitTree": minis.tree_of(minis.CONTENTS["KleidiAI"]),
        },
        "annotations": {
            "origin": "git",
            "size": len(packed),
            "prebuilt": False,
            "acceptedByTree": False,
        },
    }
    assert "gitTree" not in found["toolchain/zig"]["digest"]
    diff = (mini.out / "workspace/patches/XNNPACK-0001-answer.patch").read_bytes()
    assert found["patch/XNNPACK/xnnpack/answer"]["digest"] == {
        "sha256": hashlib.sha256(diff).hexdigest()
    }
    assert set(found["patch/XNNPACK/xnnpack/answer"]["annotations"]["files"]) == {
        "xnnpack/answer/patch.toml",
        "xnnpack/answer/files/own.h",
        "xnnpack/shared/files/shared.h",
    }
    listed = found["workspace"]["annotations"]["sha256"]
    on_disk = {
        path.relative_to(mini.out / "workspace").as_posix()
        for path in (mini.out / "workspace").rglob("*")
        if path.is_file()
    }
    assert set(listed) == on_disk
    assert found["workspace"]["annotations"]["links"] == {}
    # Bazel's own links are there, and are no material.
    assert (mini.out / "workspace/bazel-out").is_symlink()
    assert set(found["xnnkit"]["annotations"]["sha256"]) == {
        *("build", "patches", "profile", "render", "whole.py"),
        *("data/BUILD.bazel", "data/MODULE.bazel", "data/rules"),
    }
    assert {"MODULE.bazel", "xnnkit/rules/BUILD.bazel", "bench/bench.c"} <= on_disk


def test_the_same_build_gives_the_same_bytes_wherever_it_is(
    mini: Mini, run: Run, tmp_path: Path
) -> None:
    first = run("provenance", minis.NAME, "--out", mini.out)
    shutil.copytree(mini.out, tmp_path / "elsewhere", symlinks=True)
    assert run("provenance", minis.NAME, "--out", tmp_path / "elsewhere") == first
    assert run("provenance", "statement", minis.NAME, "--out", mini.out) == first
    assert str(tmp_path) not in first[1]


def test_who_and_when_are_told_only_when_given(mini: Mini, run: Run) -> None:
    assert "metadata" not in make(mini, run)["predicate"]["runDetails"]
    given_ = (
        *("--builder-id", "https://example.org/lab"),
        *("--invocation-id", "https://example.org/runs/7"),
        *("--started-on", "2026-11-21T10:00:00Z"),
        *("--finished-on", "2026-11-21T10:20:00.5Z"),
    )
    details = make(mini, run, *given_)["predicate"]["runDetails"]
    assert details["builder"]["id"] == "https://example.org/lab"
    assert details["metadata"] == {
        "invocationId": "https://example.org/runs/7",
        "startedOn": "2026-11-21T10:00:00Z",
        "finishedOn": "2026-11-21T10:20:00.5Z",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        ("--started-on", "yesterday"),
        ("--finished-on", "2026-11-21T10:00:00+01:00"),
        ("--builder-id", "me"),
        ("--flavour", "neither"),
    ],
)
def test_what_cannot_be_meant_is_refused(mini: Mini, run: Run, wrong: tuple[str, str]) -> None:
    code, out, err = run("provenance", minis.NAME, "--out", mini.out, *wrong)
    assert (code, out) == (2, "")
    assert wrong[1] in err


def test_a_binary_that_is_not_the_built_one_gets_no_statement(mini: Mini, run: Run) -> None:
    with open(mini.out / "bin/upstream/bench", "ab") as file:
        file.write(b"x")
    code, out, err = run("provenance", minis.NAME, "--out", mini.out)
    assert (code, out) == (1, "")
    assert "bin/upstream/bench is not the binary that was built" in err


def test_a_build_of_another_profile_gets_no_statement(mini: Mini, run: Run) -> None:
    code, _, err = run("provenance", "another", "--out", mini.out)
    assert code == 2
    assert "small was built there" in err


def test_an_older_manifest_is_refused_with_what_to_type(mini: Mini, run: Run) -> None:
    file = mini.out / "build.json"
    content = json.loads(file.read_text())
    del content["record"]
    file.write_text(json.dumps(content))
    code, _, err = run("provenance", minis.NAME, "--out", mini.out)
    assert code == 2
    assert "xnnkit build small" in err


def test_a_record_of_an_older_xnnkit_is_refused_with_what_to_type(
    mini: Mini, statement: Path, run: Run
) -> None:
    """It says nothing of symlinks, which is not that there were none."""
    file = mini.out / "build.json"
    content = json.loads(file.read_text())
    content["record"]["schema_version"] = 1
    del content["record"]["links"]
    file.write_text(json.dumps(content))
    commands = (minis.NAME,), ("verify", statement)
    for command in commands:
        code, _, err = run("provenance", *command, "--out", mini.out)
        assert code == 2
        assert "record.schema_version" in err
        assert "xnnkit build small" in err


def test_a_damaged_record_is_refused_by_key(mini: Mini, run: Run) -> None:
    file = mini.out / "build.json"
    content = json.loads(file.read_text())
    content["record"].update(profile=3, subjects={"../x": "y"}, more=1)
    file.write_text(json.dumps(content))
    code, _, err = run("provenance", minis.NAME, "--out", mini.out)
    assert code == 2
    assert "the build's manifest is damaged" in err
    for key in ("profile: ", "subjects.../x", "more: "):
        assert key in err


@pytest.mark.parametrize("subject", ["x", "bin/x", "bin/neither/bench", "bin/upstream/more/bench"])
def test_a_program_of_no_flavour_is_refused(mini: Mini, run: Run, subject: str) -> None:
    """The folder may be a stranger's; a bill of materials looks for the flavour in the name."""
    file = mini.out / "build.json"
    content = json.loads(file.read_text())
    content["record"]["subjects"] = {subject: "0" * 64}
    file.write_text(json.dumps(content))
    for command in ("provenance", "sbom"):
        code, _, err = run(command, minis.NAME, "--out", mini.out)
        assert code == 2
        assert f"{subject!r} is not bin/FLAVOUR/NAME" in err


@pytest.mark.parametrize("proof", [{"ok": False, "checks": []}, None])
def test_what_failed_its_proof_is_not_handed_on(mini: Mini, run: Run, proof: Any) -> None:
    file = mini.out / "build.json"
    content = json.loads(file.read_text())
    row = next(one for one in content["binaries"] if one["flavour"] == "kleidiai")
    assert row["proof"]["ok"]
    row["proof"] = proof or {"ok": True, "checks": [{"name": "required kai_*", "ok": False}]}
    file.write_text(json.dumps(content))
    for command in ("provenance", "sbom"):
        code, _, err = run(command, minis.NAME, "--out", mini.out)
        assert code == 1
        assert "the binary of kleidiai failed its proof" in err
        assert run(command, minis.NAME, "--out", mini.out, "--flavour", "upstream")[0] == 0


def test_nothing_was_built(mini: Mini, run: Run, tmp_path: Path) -> None:
    code, _, err = run("provenance", minis.NAME, "--out", tmp_path / "nowhere")
    assert code == 2
    assert "nothing has been built here" in err


def test_what_was_asked_of_the_build_is_in_it(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XNNKIT_HOME", str(tmp_path / "home"))
    made = minis.make(tmp_path, ("kleidiai",), ("--jobs=2", "--copt=-g"))
    content = make(made, run)
    asked = content["predicate"]["buildDefinition"]["externalParameters"]
    assert asked["bazelOptions"] == ["--jobs=2", "--copt=-g"]
    assert asked["flavours"] == ["kleidiai"]
    assert [one["name"] for one in content["subject"]] == ["bin/kleidiai/bench"]


@pytest.mark.parametrize("change", ["text", "mode"])
def test_a_diff_that_another_set_lends_a_file_to_is_rendered_again(mini: Mini, change: str) -> None:
    """The statement names the file as it is: the diff must be made of it."""
    lent = mini.home / "patches/xnnpack/shared/files/shared.h"
    if change == "text":
        lent.write_text("// other\n")
    else:
        lent.chmod(0o755)
    prepared = prepare(profile.load(minis.NAME), mini.out / "workspace", Sources(mini.cache))
    (diff,) = [path for path in prepared.drift.changed if "shared" in path or "answer" in path]
    text = (prepared.workspace / diff).read_text()
    assert ("+// other" if change == "text" else "new file mode 100755") in text


# ---------------------------------------------------------------------------------- any record

slow_to_draw = settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@slow_to_draw
@given(records)
def test_what_is_stated_is_read_back_whole(record: Record) -> None:
    data = render(record)
    assert data == render(record)
    again = read.parse(data, "test")
    assert again.strange == ()
    assert facts.of(again.record) == facts.of(record)
    assert render(again.record) == data


@slow_to_draw
@given(records)
def test_a_record_agrees_with_itself(record: Record) -> None:
    own = facts.of(record)
    assert {one.state for one in compare(own, {**own})} <= {"ok"}


@slow_to_draw
@given(records, records)
def test_other_records_differ_in_what_differs(one: Record, other: Record) -> None:
    stated, found = facts.of(one), facts.of(other)
    checks = compare(stated, {**found})
    changed = {check.name for check in checks if check.state == "changed"}
    assert changed == {
        name
        for name in stated.keys() | found.keys()
        if name not in stated or name not in found or not canonical.same(stated[name], found[name])
    }
    # Two records with the same facts say the same.
    if not changed:
        assert canonical.same(stated, found)


@slow_to_draw
@given(records)
def test_who_and_when_are_read_back(record: Record) -> None:
    who = BuildRun("https://example.org/é", "x", "2026-11-21T10:00:00Z", "")
    assert read.parse(render(record, who), "test").run == who
