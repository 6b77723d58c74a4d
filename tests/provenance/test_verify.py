"""Verify passes what is as it was built, and names whatever is not."""

from __future__ import annotations

import gzip
import hashlib
import json
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


ZEROS = "0" * 64

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
    # ----------------------------------------------------------------------------- the statement
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
    code, out, err = run("provenance", "verify", statement, "--out", mini.out, "--json")
    assert code == 1
    changed = {c["name"] for c in json.loads(out)["checks"] if c["state"] == "changed"}
    assert set(expected) <= changed
    # And nothing else is accused but what the change entails.
    assert len(changed) <= len(expected) + 3, changed


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
        ("parameter bazelOptions", "Bazel's version"),
    ),
    "the profile": (lambda mini: mini.profile.unlink(), ("binary bin/upstream/bench",)),
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
    assert run(*command, "--allow-unchecked")[0] == 0


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
