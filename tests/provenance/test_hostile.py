"""A statement of unknown origin: refused with the key, and never leading out of a folder."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mini import Mini, Run
from records import records
from xnnkit.errors import BadInput
from xnnkit.provenance import canonical, read
from xnnkit.provenance.digests import dir_hash
from xnnkit.provenance.record import Record
from xnnkit.provenance.statement import render

TYPE = "https://in-toto.io/Statement/v1"

NO_STATEMENTS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"3",
    "no UTF-8": b'{"_type": "\xff"}',
    "NaN": b'{"_type": NaN}',
    "a lone surrogate": b'{"_type": "\\ud800"}',
    "a key twice": b'{"_type": "x", "_type": "y"}',
    "nested": b'{"_type":' * 101 + b"1" + b"}" * 101,
    "nested deeply": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a huge number": b'{"a": ' + b"9" * 10_000 + b"}",
    "another type": b'{"_type": "https://in-toto.io/Statement/v0.1"}',
    "a terminal's commands": json.dumps({"_type": "\x1b[2J\x07"}).encode(),
    "another predicate": json.dumps({"_type": TYPE, "predicateType": "x"}).encode(),
    "no predicate": json.dumps(
        {"_type": TYPE, "predicateType": "https://slsa.dev/provenance/v1"}
    ).encode(),
    "a predicate that is a list": json.dumps(
        {"_type": TYPE, "predicateType": "https://slsa.dev/provenance/v1", "predicate": []}
    ).encode(),
    "an envelope of something else": b'{"payload": "", "payloadType": "text/plain"}',
    "an envelope without base64": json.dumps(
        {"payload": "!", "payloadType": "application/vnd.in-toto+json", "signatures": []}
    ).encode(),
    "an envelope in an envelope": json.dumps(
        {
            "payload": base64.b64encode(b'{"payload": "", "payloadType": "x"}').decode(),
            "payloadType": "application/vnd.in-toto+json",
        }
    ).encode(),
}


@pytest.mark.parametrize("name", sorted(NO_STATEMENTS))
def test_what_is_no_statement_is_refused(name: str, mini: Mini, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "statement.json"
    file.write_bytes(NO_STATEMENTS[name])
    code, out, err = run("provenance", "verify", file, "--out", mini.out)
    assert (code, out) == (2, "")
    assert str(file) in err
    assert "\x1b" not in err
    assert len(err) < 2000


def test_a_statement_that_is_too_long_is_not_read(
    mini: Mini, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "MAX_BYTES", 1000)
    file = tmp_path / "statement.json"
    file.write_bytes(b" " * 1001)
    code, _, err = run("provenance", "verify", file, "--out", mini.out)
    assert code == 2
    assert "longer than" in err


@pytest.mark.parametrize("place", ["absent.json", ".", "pipe"])
def test_a_file_that_cannot_be_read(place: str, mini: Mini, run: Run, tmp_path: Path) -> None:
    """And a pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    file = tmp_path / place
    for command in (
        ("verify", file, "--out", mini.out),
        ("pae", file),
        ("envelope", file, "--signature", file),
    ):
        code, _, err = run("provenance", *command)
        assert code == 2
        assert str(tmp_path) in err


def test_a_signature_that_is_a_pipe_is_not_waited_for(
    statement: Path, run: Run, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, _, err = run("provenance", "envelope", statement, "--signature", tmp_path / "pipe")
    assert code == 2
    assert "no plain file" in err


def definition(content: Any) -> Any:
    return content["predicate"]["buildDefinition"]


def external(content: Any) -> Any:
    return definition(content)["externalParameters"]


def material(content: Any, name: str) -> Any:
    found = definition(content)["resolvedDependencies"]
    return next(one for one in found if one["name"] == name)


def rehash(content: Any, name: str, files: dict[str, str]) -> None:
    material(content, name)["annotations"]["sha256"] = files
    material(content, name)["digest"]["dirHash"] = dir_hash(files)


SHA = "0" * 64

# What is written into a good statement, and the key or words that the refusal must have.
MALFORMED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no subject": (lambda s: s.update(subject=[]), "subject"),
    "a subject that leaves the folder": (
        lambda s: s["subject"][0].update(name="../../etc/passwd"),
        "subject.0.name",
    ),
    "an absolute subject": (lambda s: s["subject"][0].update(name="/etc/passwd"), "subject.0.name"),
    "a subject twice": (lambda s: s["subject"].append(s["subject"][0]), "two subjects"),
    "a subject that clears the screen": (
        lambda s: s["subject"][0].update(name="bin/\x1b[2J"),
        "subject.0.name",
    ),
    "a hash that is a number": (
        lambda s: s["subject"][0]["digest"].update(sha256=7),
        "subject.0.digest.sha256",
    ),
    "a profile that is a path": (lambda s: external(s).update(profile="../../x"), "profile"),
    "a profile that is an option": (lambda s: external(s).update(profile="--help"), "profile"),
    "a flavour that is a path": (lambda s: external(s).update(flavours=[".."]), "flavours"),
    "flavours that are a string": (lambda s: external(s).update(flavours="ab"), "flavours"),
    "a flavour twice": (
        lambda s: external(s).update(flavours=["upstream", "kleidiai", "upstream"]),
        "twice",
    ),
    "links left out": (
        lambda s: material(s, "workspace")["annotations"].pop("links"),
        "links",
    ),
    "a link that leaves the workspace": (
        lambda s: material(s, "workspace")["annotations"]["links"].update(
            {"../x": {"target": SHA, "leadsTo": "nothing"}}
        ),
        "links",
    ),
    "fewer rc files than none": (
        lambda s: external(s).update(outsideRcFiles=-1),
        "outsideRcFiles",
    ),
    "other flavours inside": (lambda s: external(s).update(flavours=["x"]), "other flavours"),
    "a parameter nobody knows": (lambda s: external(s).update(sandbox=False), "sandbox"),
    "a parameter left out": (lambda s: external(s).pop("bazelOptions"), "bazelOptions"),
    "another kind of build": (lambda s: definition(s).update(buildType="urn:x"), "another kind"),
    "a material twice": (
        lambda s: definition(s)["resolvedDependencies"].append(material(s, "bazel")),
        "two materials",
    ),
    "a material without a name": (
        lambda s: material(s, "bazel").pop("name"),
        "resolvedDependencies",
    ),
    "an archive that is a path": (
        lambda s: material(s, "archive/XNNPACK").update(name="archive/../x"),
        "name",
    ),
    "an archive's hash that is a path": (
        lambda s: material(s, "archive/XNNPACK")["digest"].update(sha256="../../../etc/passwd"),
        "digest.sha256",
    ),
    "an archive without a hash": (
        lambda s: material(s, "archive/XNNPACK")["digest"].pop("sha256"),
        "sha256",
    ),
    "a tree that is short": (
        lambda s: material(s, "archive/XNNPACK")["digest"].update(gitTree="abc"),
        "gitTree",
    ),
    "a hash nobody knows": (
        lambda s: material(s, "archive/XNNPACK")["digest"].update(md5="abc"),
        "md5",
    ),
    "a size that is negative": (
        lambda s: material(s, "archive/XNNPACK")["annotations"].update(size=-1),
        "size",
    ),
    "a size that is text": (
        lambda s: material(s, "archive/XNNPACK")["annotations"].update(size="1"),
        "size",
    ),
    "prebuilt that is text": (
        lambda s: material(s, "archive/XNNPACK")["annotations"].update(prebuilt="false"),
        "prebuilt",
    ),
    "a workspace file that leaves it": (
        lambda s: rehash(s, "workspace", {"../../../etc/passwd": SHA}),
        "workspace",
    ),
    "a workspace file with a hash changed by hand": (
        lambda s: material(s, "workspace")["annotations"]["sha256"].update({".bazelrc": SHA}),
        "dirHash",
    ),
    "a workspace left out": (
        lambda s: definition(s)["resolvedDependencies"].remove(material(s, "workspace")),
        "workspace",
    ),
    "a patch that leaves the workspace": (
        lambda s: material(s, "patch/XNNPACK/xnnpack/answer")["annotations"].update(path="../x"),
        "path",
    ),
    "a patch set that is a path": (
        lambda s: material(s, "patch/XNNPACK/xnnpack/answer").update(name="patch/XNNPACK/../x"),
        "patch_set",
    ),
    "no builder": (lambda s: s["predicate"]["runDetails"].pop("builder"), "builder"),
    "materials that are a number": (
        lambda s: definition(s).update(resolvedDependencies=7),
        "resolvedDependencies",
    ),
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_a_malformed_statement_is_refused_by_key(
    name: str, mini: Mini, statement: Path, run: Run
) -> None:
    change, expected = MALFORMED[name]
    content = json.loads(statement.read_text())
    change(content)
    statement.write_text(json.dumps(content))
    code, out, err = run("provenance", "verify", statement, "--out", mini.out)
    assert (code, out) == (2, "")
    assert expected in err
    assert "\x1b" not in err


def test_unknown_fields_are_passed_over_where_nothing_is_checked_and_are_named(
    mini: Mini, statement: Path, run: Run
) -> None:
    content = json.loads(statement.read_text())
    content["more\x1b[31m"] = content["predicate"]["other"] = {"deep": ["x"]}
    content["predicate"]["runDetails"]["byproducts"] = [{"name": "x"}]
    content["predicate"]["runDetails"]["metadata"] = {"startedOn": "2026-11-21T10:00:00Z", "x": 1}
    statement.write_text(json.dumps(content))
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 0
    names = "predicate.other, predicate.runDetails.byproducts, predicate.runDetails.metadata"
    assert err == f"not compared with anything: more\\x1b[31m, {names}\n"
    code, out, _ = run("provenance", "verify", statement, "--out", mini.out, "--json")
    assert code == 0
    assert json.loads(out)["not_compared"][1:] == names.split(", ")


def test_no_file_is_opened_that_a_statement_names(
    mini: Mini, statement: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Legal paths, each a trap: a pipe that blocks its reader, a symlink, another folder's file."""
    os.mkfifo(mini.out / "pipe")
    (mini.out / "bin/link").symlink_to("/etc/passwd")
    content = json.loads(statement.read_text())
    names = ["pipe", "bin/link", "bin/upstream/../upstream/bench"[:12] + "/none", "home/.ssh/id"]
    content["subject"] += [{"name": name, "digest": {"sha256": SHA}} for name in names]
    files = dict(material(content, "workspace")["annotations"]["sha256"])
    rehash(content, "workspace", {**files, "bazel-bin/x": SHA, "pipe": SHA})
    patch = material(content, "patch/XNNPACK/xnnpack/answer")["annotations"]
    patch["files"]["pipe"] = SHA
    statement.write_text(json.dumps(content))
    opened: list[str] = []
    real = os.open

    def watched(path: Any, *args: Any, **kwargs: Any) -> int:
        opened.append(os.fsdecode(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", watched)
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 1
    assert "binary pipe: the statement names it" in err
    assert opened
    assert not {"pipe", "link", "id", "x", "none"} & {name.split("/")[-1] for name in opened}


def test_a_pipe_in_place_of_a_file_does_not_block(mini: Mini, statement: Path, run: Run) -> None:
    for place in ("bin/upstream/bench", "workspace/.bazelrc"):
        (mini.out / place).unlink()
        os.mkfifo(mini.out / place)
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 1
    assert "workspace file .bazelrc" in err


def test_what_it_says_is_printed_without_commands_for_a_terminal(
    mini: Mini, statement: Path, run: Run
) -> None:
    content = json.loads(statement.read_text())
    external(content)["bazelOptions"] = ["\x1b[2Jgone"]
    definition(content)["resolvedDependencies"].append({"name": "x\x1b[31m"})
    statement.write_text(json.dumps(content))
    for option in ((), ("--show-all",), ("--json",)):
        code, out, err = run("provenance", "verify", statement, "--out", mini.out, *option)
        assert code == 1
        assert "\x1b" not in out + err
    assert "\\u001b[2Jgone" in run("provenance", "verify", statement, "--out", mini.out)[2]


# -------------------------------------------------------------------------------- any statement

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=20,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [at]
    if isinstance(value, dict):
        found += [p for key, inner in value.items() for p in places(inner, (*at, key))]
    elif isinstance(value, list):
        found += [p for key, inner in enumerate(value) for p in places(inner, (*at, key))]
    return found


@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(record=records, data=st.data())
def test_a_value_anywhere_else_is_refused_or_read(record: Record, data: st.DataObject) -> None:
    content = json.loads(render(record))
    where = data.draw(st.sampled_from([p for p in places(content) if p]))
    node = content
    for key in where[:-1]:
        node = node[key]
    node[where[-1]] = data.draw(json_values)
    # Refused or read; anything else that is raised fails the test.
    with contextlib.suppress(BadInput):
        found = read.parse(json.dumps(content).encode(), "test")
        assert render(found.record, found.run)
        # What was written there is told, wherever it is not what stood there before.
        parts = canonical.parts(found.content, record)
        changed = canonical.same(content, json.loads(render(record)))
        assert found.passed_over or changed == (not any(part.differences for part in parts))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_cleanly(data: bytes) -> None:
    with pytest.raises(BadInput):
        read.parse(data, "test")


@given(json_values)
def test_any_json_is_refused_cleanly(value: Any) -> None:
    with pytest.raises(BadInput):
        read.parse(json.dumps(value).encode(), "test")
