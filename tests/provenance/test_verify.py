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
from mini import Mini, Run
from xnnkit.archives.cache import Cache
from xnnkit.provenance.digests import dir_hash


def test_what_was_built_passes(mini: Mini, statement: Path, run: Run) -> None:
    code, out, err = run("provenance", "verify", statement, "--out", mini.out, "--show-all")
    assert (code, err) == (0, "")
    assert "changed" not in out
    assert "unchecked" not in out
    for kind in ("binaries", "archives", "toolchain", "profile", "patches", "workspace", "xnnkit"):
        assert re.search(rf"^{kind} +[1-9]\d* ok$", out, re.MULTILINE), kind
    assert f"ok         archive XNNPACK: tree: {minis.tree_of(minis.CONTENTS['XNNPACK'])}" in out


def flip_byte(file: Path, at: int = -1) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def edit_json(file: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def edit_statement(change: Callable[[Any], None]) -> Callable[[Mini, Path], None]:
    return lambda mini, statement: edit_json(statement, change)


def definition(content: Any) -> Any:
    return content["predicate"]["buildDefinition"]


def materials(content: Any) -> list[Any]:
    found: list[Any] = definition(content)["resolvedDependencies"]
    return found


def material(content: Any, name: str) -> Any:
    (found,) = [one for one in materials(content) if one["name"] == name]
    return found


def drop(content: Any, name: str) -> None:
    materials(content).remove(material(content, name))


def edit_hash(content: Any, name: str, key: str, value: str) -> None:
    """Change one of a material's hashes and the dirHash with it, as who wants to deceive would."""
    found = material(content, name)
    found["annotations"]["sha256"][key] = value
    found["digest"]["dirHash"] = dir_hash(found["annotations"]["sha256"])


def version(content: Any) -> Any:
    return content["predicate"]["runDetails"]["builder"]["version"]


ZEROS = "0" * 64

STATED = "statement predicate.buildDefinition"

# What is changed, how, and the names that verify must give to it.
FLIPS: dict[str, tuple[Callable[[Mini, Path], None], tuple[str, ...]]] = {
    # ------------------------------------------------------------------- things on this machine
    "a byte of a binary": (
        lambda mini, _: flip_byte(mini.out / "bin/kleidiai/bench"),
        ("binary bin/kleidiai/bench",),
    ),
    "two binaries changed places": (
        lambda mini, _: swap(mini.out / "bin/kleidiai/bench", mini.out / "bin/upstream/bench"),
        ("binary bin/kleidiai/bench", "binary bin/upstream/bench"),
    ),
    "a byte of an archive": (
        lambda mini, _: flip_byte(mini.blob("XNNPACK")),
        ("archive XNNPACK: bytes",),
    ),
    "an archive is cut off": (
        lambda mini, _: cut(mini.blob("KleidiAI")),
        ("archive KleidiAI: bytes",),
    ),
    "a byte of the compiler": (
        lambda mini, _: flip_byte(mini.blob("zig")),
        ("toolchain zig: bytes",),
    ),
    "an edit of a patch set": (
        lambda mini, _: edit(mini.home / "patches/xnnpack/answer/patch.toml", "6 * 7", "7 * 6"),
        ("patch set xnnpack/answer: xnnpack/answer/patch.toml",),
    ),
    "a new file of a patch set": (
        lambda mini, _: edit(mini.home / "patches/xnnpack/answer/files/own.h", "ours", "theirs"),
        ("patch set xnnpack/answer: xnnpack/answer/files/own.h",),
    ),
    "a file that a patch set takes from another": (
        lambda mini, _: edit(mini.home / "patches/xnnpack/shared/files/shared.h", "sh", "SH"),
        ("patch set xnnpack/answer: xnnpack/shared/files/shared.h",),
    ),
    "one more file in a patch set": (
        lambda mini, _: write(mini.home / "patches/xnnpack/answer/files/more.h"),
        ("patch set xnnpack/answer: xnnpack/answer/files/more.h",),
    ),
    "a rendered diff": (
        lambda mini, _: flip_byte(mini.out / "workspace/patches/XNNPACK-0001-answer.patch"),
        (
            "patch xnnpack/answer for XNNPACK",
            "workspace file patches/XNNPACK-0001-answer.patch",
        ),
    ),
    "a rendered file": (
        lambda mini, _: edit(mini.out / "workspace/.bazelrc", "opt", "dbg"),
        ("workspace file .bazelrc",),
    ),
    "a vendored rule": (
        lambda mini, _: flip_byte(mini.out / "workspace/xnnkit/rules/private/flavour.bzl"),
        ("workspace file xnnkit/rules/private/flavour.bzl",),
    ),
    "the benchmark's source": (
        lambda mini, _: flip_byte(mini.out / "workspace/bench/bench.c"),
        ("workspace file bench/bench.c",),
    ),
    "a rendered file is gone": (
        lambda mini, _: (mini.out / "workspace/MODULE.bazel").unlink(),
        ("workspace file MODULE.bazel",),
    ),
    "a file more in the workspace": (
        lambda mini, _: write(mini.out / "workspace/user.bazelrc"),
        ("workspace file user.bazelrc",),
    ),
    "a rendered file is a symlink now": (
        lambda mini, _: to_symlink(mini.out / "workspace/.bazelrc"),
        ("workspace file .bazelrc",),
    ),
    "the pinned hash of an archive": (
        lambda mini, _: edit(mini.profile, minis_sha("XNNPACK"), ZEROS),
        ("archive XNNPACK: bytes", "profile: archive XNNPACK"),
    ),
    "the pinned tree of an archive": (
        lambda mini, _: edit(mini.profile, minis.tree_of(minis.CONTENTS["XNNPACK"]), "d" * 40),
        ("archive XNNPACK: tree", "profile: archive XNNPACK"),
    ),
    "the pinned commit of all archives": (
        lambda mini, _: edit(mini.profile, "c" * 40, "d" * 40),
        (
            "archive XNNPACK: commit",
            "archive KleidiAI: commit",
            "archive KleidiAI: origin",
            "profile: archive XNNPACK",
            "profile: archive KleidiAI",
        ),
    ),
    "the address of an archive": (
        lambda mini, _: edit(mini.profile, "org/xnnpack", "net/xnnpack"),
        ("archive XNNPACK: origin", "profile: archive XNNPACK"),
    ),
    "the compiler's pin": (
        lambda mini, _: edit(mini.profile, minis_sha("zig"), ZEROS),
        ("toolchain zig: bytes", "profile: toolchain zig 0.13.0 linux-x86_64"),
    ),
    "a switch of a flavour": (
        lambda mini, _: edit(mini.profile, "fast = true", "fast = false"),
        ("flavour kleidiai: switches", "profile: flavour kleidiai"),
    ),
    "a proof of a flavour": (
        lambda mini, _: edit(mini.profile, 'forbidden = ["kai_*"]', "forbidden = []"),
        ("profile: flavour upstream",),
    ),
    "how everything is compiled": (
        lambda mini, _: edit(mini.profile, "--cxxopt=-std=c++17", "--cxxopt=-std=c++20"),
        ("parameter settings", "profile: settings"),
    ),
    "flags of the build": (
        lambda mini, _: edit_json(
            mini.out / "build.json", lambda b: b["record"].update(bazel_options=["--copt=-O0"])
        ),
        ("parameter bazelOptions",),
    ),
    "a template of xnnkit": (
        lambda mini, _: edit(mini.root / "package/render/templates/bazelrc.j2", "opt", "dbg"),
        ("xnnkit: render",),
    ),
    "Bazel's version": (
        lambda mini, _: edit_json(
            mini.out / "build.json", lambda b: b["record"].update(bazel="7.7.0")
        ),
        ("Bazel's version",),
    ),
    "xnnkit's version": (
        lambda mini, _: edit_json(
            mini.out / "build.json", lambda b: b["record"].update(xnnkit="0.0.9")
        ),
        ("xnnkit's version", f"{STATED}.resolvedDependencies[xnnkit].uri"),
    ),
    # ----------------------------------------------------------------------------- the statement
    "Bazel left out": (
        edit_statement(lambda s: drop(s, "bazel")),
        (f"{STATED}.resolvedDependencies[bazel]",),
    ),
    "another Bazel": (
        edit_statement(
            lambda s: material(s, "bazel").update(
                uri="pkg:github/evil/bazel@666", digest={"sha256": ZEROS}
            )
        ),
        (
            f"{STATED}.resolvedDependencies[bazel].uri",
            "Bazel's server",
        ),
    ),
    "another server of Bazel": (
        edit_statement(lambda s: material(s, "bazel").update(digest={"sha256": ZEROS})),
        ("Bazel's server",),
    ),
    "another rule set": (
        edit_statement(
            lambda s: material(s, "rules/rules_cc@0.0.11").update(digest={"dirHash": ZEROS})
        ),
        ("Bazel's rule set rules_cc@0.0.11",),
    ),
    "a rule set less": (
        edit_statement(lambda s: drop(s, "rules/rules_cc@0.0.11")),
        ("Bazel's rule set rules_cc@0.0.11",),
    ),
    "another xnnkit": (
        edit_statement(lambda s: material(s, "xnnkit").update(uri="pkg:generic/evil@9")),
        (f"{STATED}.resolvedDependencies[xnnkit].uri",),
    ),
    "an archive called accepted by its tree": (
        edit_statement(
            lambda s: material(s, "archive/XNNPACK")["annotations"].update(acceptedByTree=True)
        ),
        (
            "archive XNNPACK: accepted by its tree",
            f"{STATED}.resolvedDependencies[archive/XNNPACK].annotations.acceptedByTree",
        ),
    ),
    "a hash more of an archive": (
        edit_statement(lambda s: material(s, "archive/XNNPACK")["digest"].update(dirHash=ZEROS)),
        (f"{STATED}.resolvedDependencies[archive/XNNPACK].digest.dirHash",),
    ),
    "hashes more of the profile": (
        edit_statement(
            lambda s: material(s, "profile")["digest"].update(sha256=ZEROS, gitCommit="a" * 40)
        ),
        (
            f"{STATED}.resolvedDependencies[profile].digest.sha256",
            f"{STATED}.resolvedDependencies[profile].digest.gitCommit",
        ),
    ),
    "a hash more of a subject": (
        edit_statement(lambda s: s["subject"][0]["digest"].update(sha512="00")),
        ("statement subject[bin/kleidiai/bench].digest.sha512",),
    ),
    "an address of a patch": (
        edit_statement(
            lambda s: material(s, "patch/XNNPACK/xnnpack/answer").update(uri="https://evil/")
        ),
        (f"{STATED}.resolvedDependencies[patch/XNNPACK/xnnpack/answer].uri",),
    ),
    "an address that says what a flag says": (
        edit_statement(
            lambda s: material(s, "archive/XNNPACK").update(
                uri=material(s, "archive/XNNPACK")["uri"] + " (prebuilt)"
            )
        ),
        ("archive XNNPACK: origin",),
    ),
    "flavours in another order": (
        edit_statement(
            lambda s: definition(s)["externalParameters"].update(flavours=["kleidiai", "upstream"])
        ),
        (f"{STATED}.externalParameters.flavours",),
    ),
    "a word for no options": (
        edit_statement(lambda s: definition(s)["externalParameters"].update(bazelOptions=["none"])),
        ("parameter bazelOptions",),
    ),
    "one setting cut in two": (
        edit_statement(
            lambda s: definition(s)["internalParameters"].update(
                settings=["--cxxopt=-std=c++17", ""]
            )
        ),
        ("parameter settings",),
    ),
    "xnnkit's version, stated": (
        edit_statement(lambda s: version(s).update(xnnkit="9.9")),
        ("xnnkit's version", "statement predicate.runDetails.builder.version.xnnkit"),
    ),
    "who built, and with what": (
        edit_statement(
            lambda s: s["predicate"]["runDetails"]["builder"].update(builderDependencies=[{}])
        ),
        ("statement predicate.runDetails.builder.builderDependencies",),
    ),
    "a field more of a material": (
        edit_statement(lambda s: material(s, "bazel").update(downloadLocation="https://evil/")),
        (f"{STATED}.resolvedDependencies[bazel].downloadLocation",),
    ),
    "a field more of the definition": (
        edit_statement(lambda s: definition(s).update(more={"x": 1})),
        (f"{STATED}.more",),
    ),
    "a subject's name": (
        edit_statement(lambda s: s["subject"][0].update(name="bin/kleidiai/other")),
        ("binary bin/kleidiai/bench", "binary bin/kleidiai/other"),
    ),
    "a subject's hash": (
        edit_statement(lambda s: s["subject"][0]["digest"].update(sha256=ZEROS)),
        ("binary bin/kleidiai/bench",),
    ),
    "a subject left out": (
        edit_statement(lambda s: s["subject"].pop(0)),
        ("binary bin/kleidiai/bench",),
    ),
    "a subject added": (
        edit_statement(
            lambda s: s["subject"].append({"name": "bin/x/y", "digest": {"sha256": ZEROS}})
        ),
        ("binary bin/x/y",),
    ),
    "an archive's hash, stated": (
        edit_statement(lambda s: material(s, "archive/XNNPACK")["digest"].update(sha256=ZEROS)),
        ("archive XNNPACK: bytes",),
    ),
    "an archive's tree, stated": (
        edit_statement(lambda s: material(s, "archive/XNNPACK")["digest"].update(gitTree="d" * 40)),
        ("archive XNNPACK: tree",),
    ),
    "an archive's tree, not stated": (
        edit_statement(lambda s: material(s, "archive/XNNPACK")["digest"].pop("gitTree")),
        ("archive XNNPACK: tree",),
    ),
    "an archive called prebuilt": (
        edit_statement(
            lambda s: material(s, "archive/XNNPACK")["annotations"].update(prebuilt=True)
        ),
        ("archive XNNPACK: origin",),
    ),
    "a material left out": (
        edit_statement(lambda s: drop(s, "archive/KleidiAI")),
        ("archive KleidiAI: bytes",),
    ),
    "the compiler left out": (
        edit_statement(lambda s: drop(s, "toolchain/zig")),
        ("toolchain zig: bytes",),
    ),
    "a patch set left out": (
        edit_statement(lambda s: drop(s, "patch/XNNPACK/xnnpack/answer")),
        ("patch xnnpack/answer for XNNPACK",),
    ),
    "an archive added": (
        edit_statement(
            lambda s: materials(s).append({**material(s, "archive/KleidiAI"), "name": "archive/Y"})
        ),
        ("archive Y: bytes",),
    ),
    "a strange material": (
        edit_statement(lambda s: materials(s).append({"name": "host/usr/include"})),
        ("material host/usr/include",),
    ),
    "a flag, stated": (
        edit_statement(
            lambda s: definition(s)["externalParameters"].update(bazelOptions=["--copt=-O0"])
        ),
        ("parameter bazelOptions",),
    ),
    "the optimization, stated": (
        edit_statement(lambda s: definition(s)["internalParameters"].update(optimization="O3")),
        ("parameter optimization",),
    ),
    "a workspace file, stated": (
        edit_statement(lambda s: edit_hash(s, "workspace", ".bazelrc", ZEROS)),
        ("workspace file .bazelrc",),
    ),
    "xnnkit's templates, stated": (
        edit_statement(lambda s: edit_hash(s, "xnnkit", "render", ZEROS)),
        ("xnnkit: render",),
    ),
    "a table of the profile, stated": (
        edit_statement(lambda s: edit_hash(s, "profile", "bazel", ZEROS)),
        ("profile: bazel",),
    ),
}


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    assert first != second
    one.write_bytes(second)
    other.write_bytes(first)


def cut(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-5])


def write(file: Path) -> None:
    file.write_text("// more\n")


def to_symlink(path: Path) -> None:
    """Move a file or folder away and leave a symlink to it: the same bytes behind it."""
    elsewhere = path.parents[1] / f"{path.name}-moved"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)
    assert path.exists()


def minis_sha(name: str) -> str:
    return hashlib.sha256(minis.packed(name)).hexdigest()


@pytest.mark.parametrize("name", sorted(FLIPS))
def test_whatever_changes_fails_by_name(name: str, mini: Mini, statement: Path, run: Run) -> None:
    change, expected = FLIPS[name]
    change(mini, statement)
    code, out, err = run("provenance", "verify", statement, "--out", mini.out)
    assert code == 1, out + err
    for one in expected:
        assert f"{one}: " in err
    # A contradiction is none less because something else cannot be checked.
    assert run("provenance", "verify", statement, "--out", mini.out, "--allow-unchecked")[0] == 1
    code, out, err = run("provenance", "verify", statement, "--out", mini.out, "--json")
    assert code == 1
    changed = {c["name"] for c in json.loads(out)["checks"] if c["state"] == "changed"}
    assert set(expected) <= changed
    # And nothing else is accused but what the change entails: a fact, or a key of the statement.
    keys = {one for one in changed if one.startswith("statement ")}
    assert len(changed - keys) <= len(expected) + 4, changed
    assert len(keys) <= 3, changed


# ------------------------------------------------------------------------------ what is not here


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
