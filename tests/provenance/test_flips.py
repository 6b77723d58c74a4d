"""Whatever single thing changes: verify fails, names it, and accuses nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import mini as minis
import pytest
from changes import (
    ZEROS,
    cut,
    definition,
    drop,
    edit,
    edit_hash,
    edit_json,
    edit_statement,
    flip_byte,
    material,
    materials,
    minis_sha,
    swap,
    to_symlink,
    version,
    write,
)
from mini import Mini, Run

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
