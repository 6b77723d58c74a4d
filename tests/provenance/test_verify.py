"""Verify passes what is as it was built, and names whatever is not."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mini as minis
import pytest
from changes import (
    ZEROS,
    definition,
    edit,
    edit_hash,
    edit_json,
    flip_byte,
    material,
    minis_sha,
    to_symlink,
    version,
)
from mini import Mini, Run
from xnnkit.archives.cache import Cache


def test_what_was_built_passes(mini: Mini, statement: Path, run: Run) -> None:
    code, out, err = run("provenance", "verify", statement, "--out", mini.out, "--show-all")
    assert (code, err) == (0, "")
    assert "changed" not in out
    assert "unchecked" not in out
    for kind in ("binaries", "archives", "toolchain", "profile", "patches", "workspace", "xnnkit"):
        assert re.search(rf"^{kind} +[1-9]\d* ok$", out, re.MULTILINE), kind
    assert f"ok         archive XNNPACK: tree: {minis.tree_of(minis.CONTENTS['XNNPACK'])}" in out


def no_blob(name: str) -> Callable[[Mini], None]:
    return lambda mini: mini.blob(name).unlink()


ABSENT: dict[str, tuple[Callable[[Mini], None], tuple[str, ...]]] = {
    "an archive": (no_blob("XNNPACK"), ("archive XNNPACK: bytes", "archive XNNPACK: tree")),
    "the compiler": (no_blob("zig"), ("toolchain zig: bytes",)),
    "a binary": (
        lambda mini: (mini.out / "bin/upstream/bench").unlink(),
        ("binary bin/upstream/bench",),
    ),
    "a plain binary": (lambda mini: to_symlink(mini.out / "bin"), ("binary bin/upstream/bench",)),
    "the workspace": (
        lambda mini: shutil.rmtree(mini.out / "workspace"),
        ("workspace file .bazelrc", "patch xnnpack/answer for XNNPACK"),
    ),
    "the manifest": (
        lambda mini: (mini.out / "build.json").unlink(),
        (
            "parameter bazelOptions",
            "Bazel's version",
            "xnnkit's version",
            "statement predicate.buildDefinition.resolvedDependencies",
        ),
    ),
    "the profile": (
        lambda mini: mini.profile.unlink(),
        ("profile: bazel", "archive XNNPACK: bytes", "flavour upstream: switches"),
    ),
    "the whole cache": (lambda mini: shutil.rmtree(mini.cache), ("toolchain zig: bytes",)),
}


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_what_is_not_here_is_said_and_is_no_pass_unless_allowed(
    name: str, mini: Mini, statement: Path, run: Run
) -> None:
    remove, expected = ABSENT[name]
    remove(mini)
    command = ("provenance", "verify", statement, "--out", mini.out)
    code, out, err = run(*command)
    assert code == 4, out + err
    for one in expected:
        assert f"{one}: " in err
    code, out, err = run(*command, "--json")
    assert code == 4
    content = json.loads(out)
    assert content["ok"] is False
    assert content["counts"]["changed"] == 0
    unchecked = {c["name"] for c in content["checks"] if c["state"] == "unchecked"}
    assert set(expected) <= unchecked
    assert len(unchecked) == content["counts"]["unchecked"]
    code, out, err = run(*command, "--allow-unchecked")
    assert code == (4 if "binary" in name else 0)


def test_allowing_the_unchecked_allows_no_change(mini: Mini, statement: Path, run: Run) -> None:
    mini.blob("zig").unlink()
    flip_byte(mini.out / "bin/kleidiai/bench")
    command = ("provenance", "verify", statement, "--out", mini.out, "--allow-unchecked")
    assert run(*command)[0] == 1


def test_a_pin_is_compared_even_when_the_archive_is_not_here(
    mini: Mini, statement: Path, run: Run
) -> None:
    mini.blob("XNNPACK").unlink()
    edit(mini.profile, minis.tree_of(minis.CONTENTS["XNNPACK"]), "d" * 40)
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 1
    assert "archive XNNPACK: tree: stated" in err


def test_a_remembered_tree_can_be_computed_again(mini: Mini, statement: Path, run: Run) -> None:
    (remembered,) = (mini.cache / "tree").glob(f"{minis_sha('XNNPACK')}-*")
    remembered.write_text("e" * 40 + "\n")
    command = ("provenance", "verify", statement, "--out", mini.out)
    assert run(*command)[0] == 0
    remembered.write_text("e" * 40 + "\n")
    assert run(*command, "--again")[0] == 0
    assert remembered.read_text() == minis.tree_of(minis.CONTENTS["XNNPACK"]) + "\n"


def test_another_xnnkit_is_not_here(
    mini: Mini, statement: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xnnkit.__version__", "99.0")
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 4
    assert "xnnkit: render: built by xnnkit 0.1.0, this is 99.0" in err


def test_a_program_from_elsewhere_is_checked_in_place_of_the_builds(
    mini: Mini, statement: Path, run: Run
) -> None:
    pulled = mini.root / "pulled"
    shutil.move(mini.out / "bin/upstream/bench", pulled)
    command = ("provenance", "verify", statement, "--out", mini.out, "--binary")
    assert run(*command, f"upstream={pulled}")[0] == 0
    flip_byte(pulled)
    code, _, err = run(*command, f"upstream={pulled}")
    assert code == 1
    assert "binary bin/upstream/bench: stated" in err


def test_a_flavour_that_the_statement_does_not_have_is_refused(
    mini: Mini, statement: Path, run: Run
) -> None:
    evil = mini.root / "evil"
    evil.write_text("evil")
    code, out, err = run(
        *("provenance", "verify", statement, "--out", mini.out, "--binary", f"kleidai={evil}")
    )
    assert (code, out) == (2, "")
    assert "no flavour 'kleidai'" in err
    assert "legal: upstream, kleidiai" in err


def test_a_program_that_is_a_pipe_is_not_waited_for(mini: Mini, statement: Path, run: Run) -> None:
    os.mkfifo(mini.root / "pipe")
    command = ("provenance", "verify", statement, "--out", mini.out, "--binary")
    assert run(*command, f"upstream={mini.root}/pipe", "--allow-unchecked")[0] == 4


@pytest.fixture
def own(mini: Mini) -> Path:
    """The profile, in a file of the user's and no longer among xnnkit's."""
    (mini.root / "own").mkdir()
    return Path(shutil.move(mini.profile, mini.root / "own" / f"{minis.NAME}.toml"))


def test_a_profile_of_ones_own_is_named(mini: Mini, statement: Path, own: Path, run: Run) -> None:
    command = ("provenance", "verify", statement, "--out", mini.out)
    code, _, err = run(*command)
    assert code == 4
    assert "--profile FILE" in err
    code, _, err = run(*command, "--profile", own)
    assert (code, err) == (0, "")
    edit(own, "fast = true", "fast = false")
    assert run(*command, "--profile", own)[0] == 1
    assert run(*command, "--profile", mini.root / "absent.toml")[0] == 2
    other = own.with_name("other.toml")
    other.write_text(own.read_text().replace('name = "small"', 'name = "other"'))
    code, _, err = run(*command, "--profile", other)
    assert code == 2
    assert "the statement is of profile small, not other" in err


def test_binaries_are_checked_without_the_profile(
    mini: Mini, statement: Path, own: Path, run: Run
) -> None:
    assert own.exists()
    command = ("provenance", "verify", statement, "--out", mini.out, "--allow-unchecked")
    assert run(*command)[0] == 0
    evil = mini.root / "evil"
    evil.write_text("evil")
    code, _, err = run(*command, "--binary", f"kleidiai={evil}")
    assert code == 1
    assert "binary bin/kleidiai/bench: stated" in err
    flip_byte(mini.out / "bin/kleidiai/bench")
    assert run(*command)[0] == 1
    (mini.out / "bin/kleidiai/bench").unlink()
    code, _, err = run(*command)
    assert code == 4
    assert "binary bin/kleidiai/bench: no plain file" in err


@pytest.mark.parametrize("name", ["bin/kleidiai/x/bench", "kleidiai/bench", "bin/other/bench"])
def test_without_the_profile_only_a_programs_place_is_looked_at(
    name: str, mini: Mini, statement: Path, own: Path, run: Run
) -> None:
    assert own.exists()
    (mini.out / "build.json").unlink()
    file = mini.out / name
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(mini.out / "bin/kleidiai/bench", file)
    edit_json(statement, lambda s: s["subject"][0].update(name=name))
    command = ("provenance", "verify", statement, "--out", mini.out, "--allow-unchecked")
    code, _, err = run(*command)
    assert code == 1
    assert f"binary {name}: the statement names it, and it is not here" in err
    assert "binary of flavour kleidiai: is here, and the statement does not name it" in err


def test_options_are_words_and_not_a_line(mini: Mini, statement: Path, run: Run) -> None:
    def build(**changed: Any) -> None:
        edit_json(mini.out / "build.json", lambda b: b["record"].update(changed))

    def state(**changed: Any) -> None:
        edit_json(statement, lambda s: definition(s)["externalParameters"].update(changed))

    command = ("provenance", "verify", statement, "--out", mini.out)
    build(bazel_options=["--copt=-O0 --copt=-Devil"])
    state(bazelOptions=["--copt=-O0", "--copt=-Devil"])
    code, _, err = run(*command)
    assert code == 1
    assert (
        'parameter bazelOptions: stated ["--copt=-O0", "--copt=-Devil"],'
        ' found ["--copt=-O0 --copt=-Devil"]' in err
    )
    state(bazelOptions=["--copt=-O0 --copt=-Devil"])
    assert run(*command)[0] == 0
    # An installed NDK, which nobody verified, is no pinned one.
    ndk = {"name": "ndk", "version": "", "revision": "26.1.1", "api_level": None}
    build(compiler=ndk)
    state(compiler={**ndk, "version": "26.1.1", "revision": ""})
    code, _, err = run(*command)
    assert code == 1
    assert "parameter compiler: stated" in err


def test_a_forged_version_of_xnnkit_hides_nothing(mini: Mini, statement: Path, run: Run) -> None:
    def forge(content: Any) -> None:
        version(content)["xnnkit"] = "0.0.9"
        material(content, "xnnkit")["uri"] = "pkg:generic/xnnkit@0.0.9"
        edit_hash(content, "xnnkit", "render", ZEROS)

    edit_json(statement, forge)
    command = ("provenance", "verify", statement, "--out", mini.out)
    for more in ((), ("--allow-unchecked",)):
        code, _, err = run(*command, *more)
        assert code == 1
        assert "xnnkit's version: stated 0.0.9, found 0.1.0" in err
        assert "resolvedDependencies[xnnkit].annotations.sha256.render: stated 0000" in err
    (mini.out / "build.json").unlink()
    assert run(*command)[0] == 4


def test_who_must_have_built_can_be_said(mini: Mini, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    who = "https://example.org/lab"
    made = ("provenance", minis.NAME, "--out", mini.out, "--builder-id", who, "-o", file)
    assert run(*made)[0] == 0
    command = ("provenance", "verify", file, "--out", mini.out)
    code, _, err = run(*command)
    assert code == 4
    assert f"statement predicate.runDetails.builder.id: {who}, if the signer says so" in err
    assert run(*command, "--builder-id", who)[0] == 0
    code, _, err = run(*command, "--builder-id", "https://example.org/other")
    assert code == 1
    assert f"builder.id: stated {who}, found https://example.org/other" in err


def test_a_statement_of_one_flavour_says_nothing_of_the_other(
    mini: Mini, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "upstream.json"
    made = ("provenance", minis.NAME, "--out", mini.out, "--flavour", "upstream", "-o", file)
    assert run(*made)[0] == 0
    flip_byte(mini.out / "bin/kleidiai/bench")
    assert run("provenance", "verify", file, "--out", mini.out)[0] == 0
    flip_byte(mini.out / "bin/upstream/bench")
    assert run("provenance", "verify", file, "--out", mini.out)[0] == 1


def test_a_compiler_for_another_machine_is_checked_all_the_same(
    mini: Mini, statement: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = mini.profile.read_text().split("[[toolchain]]")[1]
    other = pin.replace("x86_64", "aarch64").replace(minis_sha("zig"), ZEROS)
    with open(mini.profile, "a") as file:
        file.write(f"\n[[toolchain]]{other}")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    _, out, _ = run("provenance", "verify", statement, "--out", mini.out, "--json")
    states = {one["name"]: one["state"] for one in json.loads(out)["checks"]}
    assert states["toolchain zig: bytes"] == "ok"
    assert states["profile: toolchain zig 0.13.0 linux-aarch64"] == "changed"


def test_a_profile_that_is_refused_is_an_error(mini: Mini, statement: Path, run: Run) -> None:
    edit(mini.profile, 'toolchains = ["zig", "ndk"]', "toolchains = 3")
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 2
    assert "toolchains" in err


def test_other_bytes_that_were_accepted_by_their_tree(mini: Mini, run: Run) -> None:
    """As after --accept-tree: the record names the bytes that were used, not the pinned ones."""
    pinned, other = minis_sha("XNNPACK"), gzip.compress(gzip.decompress(minis.packed("XNNPACK")), 1)
    other += gzip.compress(b"")
    sha256 = hashlib.sha256(other).hexdigest()
    assert sha256 != pinned
    cache = Cache(mini.cache)
    cache.blob_path(sha256).parent.mkdir(parents=True, exist_ok=True)
    cache.blob_path(sha256).write_bytes(other)
    cache.accept(pinned, sha256, "XNNPACK")

    def used(content: Any) -> None:
        (one,) = [a for a in content["record"]["archives"] if a["name"] == "XNNPACK"]
        one.update(sha256=sha256, size=len(other), accepted_by_tree=True)

    edit_json(mini.out / "build.json", used)
    file = mini.root / "accepted.json"
    assert run("provenance", minis.NAME, "--out", mini.out, "-o", file)[0] == 0
    code, _, err = run("provenance", "verify", file, "--out", mini.out)
    assert (code, err) == (0, "")
    cache.accepted_path(pinned).unlink()
    code, _, err = run("provenance", "verify", file, "--out", mini.out)
    assert code == 1
    assert "archive XNNPACK: bytes: stated" in err
    assert "not pinned by the profile" in err


def test_an_xnnkit_that_moved_on_is_told_from_a_binary_that_did(
    mini: Mini, statement: Path, run: Run
) -> None:
    (mini.root / "package" / "whole.py").write_text("# writes otherwise\n")
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 1
    assert "xnnkit: whole.py" in err
    assert "checkout of xnnkit that built" in err
    assert "do not trust" not in err
    binary = mini.out / "bin/upstream/bench"
    binary.chmod(0o755)
    binary.write_bytes(binary.read_bytes() + b"more")
    code, _, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 1
    assert "do not trust" in err


def test_a_mistyped_command_is_no_profile(mini: Mini, run: Run) -> None:
    code, _, err = run("provenance", "statment")
    assert code == 2
    assert "statment" in err
    assert "has been built" not in err
    # A profile that is one, and was not built: what to type.
    code, _, err = run("provenance", minis.NAME, "--out", mini.root / "nothing")
    assert code == 2
    assert f"xnnkit build {minis.NAME}" in err
