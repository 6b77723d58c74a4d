"""What is fuzzed: each target hands bytes to the readers of one kind of untrusted input.

A target returns, or raises an error of ``xnnkit.errors``; anything else is a crash. It checks what
must hold besides: nothing is written outside, and what was read can be shown and written again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from words import WORDS

Try = Callable[[bytes, Path], None]
"""(input, an empty folder to work in)."""


@dataclass(frozen=True)
class Target:
    """One harness.

    Attributes:
        name: as the command line takes it.
        reads: what it covers, for people.
        attempt: tries one input.
        words: pieces that inputs of this kind are made of.
    """

    name: str
    reads: str
    attempt: Try
    words: tuple[bytes, ...] = ()


def _archives(data: bytes, folder: Path) -> None:
    """The first byte says how the rest is wrapped."""
    from xnnkit.archives import tree
    from xnnkit.archives.members import Limits
    from xnnkit.archives.unpack import unpack

    kind, body = (data[0] if data else 0) % 7, data[1:]
    fmt, packed = (
        lambda: ("zip", body),
        lambda: ("tar.gz", gzip.compress(body, 1)),
        lambda: ("tar.gz", body),
        lambda: ("tar.xz", lzma.compress(body, preset=0)),
        lambda: ("tar.xz", body),
        lambda: ("deb", body),
        lambda: ("whl", body),
    )[kind]()
    blob = folder / "blob"
    blob.write_bytes(packed)
    target = folder / "in" / "t"
    prefix = "p" if data[:1] and data[0] & 128 else ""
    limits = Limits(members=500, total=8 << 20, ratio_floor=8 << 20)
    try:
        unpack(blob, fmt, target, strip_prefix=prefix, limits=limits)  # type: ignore[arg-type]
        tree.tree_id(target)
    finally:
        _nothing_outside(folder, {"blob", "in"})
        _nothing_outside(folder / "in", {"t"})
        root = target.resolve()
        for path in target.rglob("*") if target.is_dir() else ():
            assert path.resolve().is_relative_to(root), f"{path} leads out"


def _nothing_outside(folder: Path, known: set[str]) -> None:
    strange = {path.name for path in folder.iterdir()} - known if folder.is_dir() else set()
    assert not strange, f"written outside: {strange}"


def _patches(data: bytes, folder: Path) -> None:
    """patch.toml, a line ``---8<---``, and the file that it edits."""
    from xnnkit.patches import anchor, apply, explain, load
    from xnnkit.patches.render import assemble

    anchor.SECONDS = 0.5
    toml, _, text = data.partition(b"\n---8<---\n")
    root, tree = folder / "set", folder / "tree"
    (root / "files").mkdir(parents=True)
    (root / "patch.toml").write_bytes(toml)
    (root / "text").write_bytes(b"ours\n")
    (root / "files" / "new.txt").write_bytes(b"new\n")
    tree.mkdir()
    for name in ("BUILD", "a.cc"):
        (tree / name).write_bytes(text)
    patch_set = load.load_directory(root, name="fuzz/set")
    explain.as_text(patch_set)
    json.dumps(explain.as_json(patch_set))
    changed = apply.changes(patch_set, tree)
    diff = assemble(patch_set.meta, changed)
    marks = diff.count(b"\ndiff --git ") - sum(
        (change.after.data if change.after else b"").count(b"\ndiff --git ") for change in changed
    )
    assert marks <= len(changed), "the diff has a part that no edit made"
    apply.write(changed, tree)
    _nothing_outside(folder, {"set", "tree"})


def _profiles(data: bytes, folder: Path) -> None:
    from xnnkit import profile
    from xnnkit.profile import show
    from xnnkit.profile.compiler import ZIG
    from xnnkit.render import workspace
    from xnnkit.render.environment import render
    from xnnkit.render.repositories import repositories

    file = folder / "xnnpack-2024-11.toml"
    file.write_bytes(data)
    found = profile.load(str(file))
    show.as_text(found)
    for origin in (o for one in found.archive for o in one.origin):
        _ = origin.filename, origin.location, origin.archive_format
    diffs = {one.name: [b""] * len(one.patch_sets) for one in repositories(found)}
    given = workspace.variables(found, workspace.parts(found, diffs), "module", ZIG)
    for name in ("MODULE.bazel", "BUILD.bazel", "flavours.bzl"):
        render(f"{name}.j2", **given)  # it parses what it made


def _results(data: bytes, folder: Path) -> None:
    """Any results; a run of ours is given the checksum that it should have."""
    from xnnkit.bench import parts, readers, results, runs, show_advice, show_compare
    from xnnkit.bench.compare import compare, load_groups
    from xnnkit.bench.parts import Source
    from xnnkit.bench.verdict import Rules

    file = folder / "results.json"
    if runs.KIND.encode() in data[:4000]:
        try:
            parsed = json.loads(data)
            if isinstance(parsed, dict):
                parsed["checksum"] = runs.checksum(parsed)
                data = json.dumps(parsed).encode()
        except (ValueError, RecursionError):
            pass
    file.write_bytes(data)
    part = parts.load(file)
    show_advice.results_text(part.results)
    again = json.dumps(results.gbench(part.results)).encode()
    if part.results.benchmarks:
        readers.read_bytes(again, "again")
    _ = part.device, part.flavour, part.binary, part.started, part.emulated
    groups = load_groups([Source.of(f"a={file}"), Source.of(f"b={file}")])
    for group in groups:
        for other in group[1:]:
            found = compare(group[0], other, Rules())
            show_compare.comparison_text(found)
            json.dumps(found.to_json())


def _device(data: bytes, folder: Path) -> None:
    """The first byte says which question the rest answers."""
    from xnnkit.device.adb import client, cpu, listing, probe, questions

    kind = (data[0] if data else 0) % 5
    text = data[1:].decode("utf-8", "replace")
    if kind == 0:
        for one in listing.parse(text):
            _ = one.line, one.fix, one.ready
    elif kind == 1:
        found = questions.stays(text)
        json.dumps([found.properties, cpu.clusters(found.cores), found.memory])
        assert cpu.big(found.cores) < 1 << 10_000
    elif kind == 2:
        changes = questions.changes(text)
        json.dumps(changes, allow_nan=False)
        questions.hottest(changes)
    elif kind == 3:
        probe.features(text)
    else:
        assert 0 <= client._code(text) < 256


def _binaries(data: bytes, folder: Path) -> None:
    """ELF files, and what the counting plugin and qemu leave; the first byte says which."""
    from xnnkit import elf
    from xnnkit.device import count, count_file, trace
    from xnnkit.elf import leaks, show

    kind, body = (data[0] if data else 0) % 3, data[1:]
    file = folder / "file"
    facts: Any = SimpleNamespace(
        has_symbols=True, kind="executable", path=file, code_address=0, functions=()
    )
    if kind == 0:
        file.write_bytes(body)
        facts = elf.inspect(file)
        show.facts_text(facts)
        json.dumps(facts.to_json())
        leaks.places([body, *facts.extra])
        leaks.dates([body, *facts.extra])
        trace.options(facts, facts.functions[:10] or [elf.Function(0, 0, "x")])
    elif kind == 1:
        head, windows = body[:2048], body[2048:]
        padded = head[:72].ljust(count_file.HEAD_BYTES, b"\0") + head[72:]
        file.write_bytes(padded)
        (folder / "file.windows").write_bytes(windows)
        counted = count.attribute(facts, count_file.read(file))
        json.dumps(counted.whole.to_json())
    else:
        lines = body.decode("utf-8", "replace").splitlines()
        trace.entered(facts, [elf.Function(4096, 4, "f")], lines)


def _state(data: bytes, folder: Path) -> None:
    """Files that xnnkit itself left, and what servers say; the first byte says which."""
    from xnnkit import terminal, untrusted
    from xnnkit.archives import http
    from xnnkit.archives.cache import Cache
    from xnnkit.bench import series
    from xnnkit.build import manifest
    from xnnkit.ndk import manifest as google
    from xnnkit.overlay import rc, record
    from xnnkit.render import directory

    kind, body = (data[0] if data else 0) % 9, data[1:]
    text = body.decode("utf-8", "replace")
    if kind == 0:
        (folder / manifest.NAME).write_bytes(body)
        for one in manifest.read(folder)["binaries"]:
            assert untrusted.inside(one["path"])
    elif kind == 1:
        place: Any = SimpleNamespace(git_dir=folder, root=folder)
        record.folder(place).mkdir()
        (record.folder(place) / "record.json").write_bytes(body)
        found = record.load(place)
        assert found is not None
        assert all(untrusted.inside(path) for path in found.entries)
    elif kind == 2:
        (folder / directory.MANIFEST).write_bytes(body)
        assert all(untrusted.inside(name) for name in directory.rendered_files(folder))
    elif kind == 3:
        (folder / ".x.series").write_bytes(body)
        series._read(folder / ".x.series")
    elif kind == 4:
        google.find(body, "android-ndk-r26d-linux.zip", "list")
    elif kind == 5:
        where = rc.file_for(text)
        assert untrusted.inside(where)
        block = rc.block(["build --x"])
        if rc.BEGIN not in text:
            assert rc.remove(rc.insert(text, block), unfinished=not text.endswith("\n")) == text
    elif kind == 6:
        (folder / "p.meta").write_bytes(body)
        http._validator(folder / "p", "https://host.example/x")
    elif kind == 7:
        cache = Cache(folder)
        for place_ in (cache.accepted_path("0" * 64), cache.tree_path("0" * 64, "p")):
            place_.parent.mkdir(parents=True, exist_ok=True)
            place_.write_bytes(body)
        cache.accepted("0" * 64)
        cache.recorded_tree("0" * 64, "p")
    else:
        shown = terminal.plain(text)
        assert terminal.plain(shown) == shown
        assert "\r" not in shown
        try:
            http.host_of(text)
            http._refuse_redirect("https://host.example/", text)
        except http.Unreachable:
            pass


def _statements(data: bytes, folder: Path) -> None:
    """A statement, an envelope or a bundle; what was read agrees with nothing but itself."""
    from xnnkit.provenance import canonical, dsse, facts, read, statement
    from xnnkit.provenance.here import Places
    from xnnkit.provenance.verify import compare, judge, summary, verify

    file = folder / "statement"
    file.write_bytes(data)
    found = read.read(file)
    again = read.parse(statement.render(found.record, found.run), "again")
    assert again.record == found.record
    assert again.passed_over in ([], ["predicate.runDetails.metadata"])
    parts = canonical.parts(again.content, found.record, found.run.builder_id or statement.BUILDER)
    if found.run.builder_id:
        assert not any(part.differences for part in parts)
    own = facts.of(found.record)
    assert {one.state for one in compare(own, {**own})} <= {"ok"}
    assert dsse.payload_of(json.loads(dsse.envelope(data, b"x")), "envelope") == data
    # Nothing of it is on this machine, so nothing of it passes.
    checks = verify(found, Places(folder / "out", folder / "cache"))
    for one in checks:
        assert one.line().isprintable()
        json.dumps(one.to_json())
    summary(checks)
    _nothing_outside(folder, {"statement"})
    for allowed in (False, True):
        error = judge(checks, "statement", allow_unchecked=allowed)
        assert error, "a statement of nothing that is here"
        str(error)


def _starlark(data: bytes, folder: Path) -> None:
    """WORKSPACE, MODULE.bazel and x.bzl, with ``---8<---`` between; an empty part is no file."""
    from xnnkit.lock.audit import FINDINGS, NOTES, audit

    parts = data.split(b"\n---8<---\n", 2)
    for name, part in zip(("WORKSPACE", "MODULE.bazel", "x.bzl"), parts, strict=False):
        if part:
            (folder / name).write_bytes(part)
    found = audit([str(folder)])
    json.dumps(found.to_json()).encode()
    for row in (*found.findings, *found.notes):
        assert row.code in FINDINGS or row.code in NOTES
        words = (row.name, row.kind, row.where, row.what, row.fix, row.url)
        assert all(word.isprintable() for word in words), "a row is one line"
        _, command, rest = row.fix.partition("    ")
        if command:  # a person pastes it into a shell
            given, _, piped = rest.partition(" | ")
            assert shlex.split(given)[:1] in (["curl"], ["git"])
            assert piped in ("", "sha256sum")
            assert " -- " in given
            assert not set(given) & set(';&$`<>(){}*?!#\\"')
    assert all(word.isprintable() for pair in found.unread for word in pair)


TARGETS = {
    name: Target(name, reads, attempt_, WORDS[name])
    for name, reads, attempt_ in (
        ("archives", "tar, tar.gz, tar.xz, zip, wheel, deb", _archives),
        ("patches", "patch.toml, anchors, the edited files, the diff", _patches),
        ("profiles", "profiles, and the workspace that is rendered from them", _profiles),
        (
            "results",
            "Google Benchmark's JSON, CSV and table, XNNPACK's profile, ETDump, runs, comparison",
            _results,
        ),
        ("device", "adb's list, a phone's properties, cores, heat, battery", _device),
        ("binaries", "ELF files, the counting plugin's files, qemu's log", _binaries),
        (
            "state",
            "build.json, records, series, notes of the cache, Google's list, .bazelrc",
            _state,
        ),
        ("statements", "in-toto statements, DSSE envelopes, bundles", _statements),
        ("starlark", "WORKSPACE, MODULE.bazel and .bzl files of others, as lock audit", _starlark),
    )
}


def attempt(target: Target, data: bytes, folder: Path) -> str:
    """Try one input in an emptied folder; return how it ended: ``read`` or the error's name."""
    from xnnkit.errors import XnnkitError

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        target.attempt(data, folder)
    except XnnkitError as error:
        str(error)
        json.dumps(error.to_json())
        return type(error).__name__
    return "read"


def corpus(name: str) -> list[bytes]:
    """Return the inputs that are kept for a target, by name."""
    folder = Path(__file__).parent / "corpus" / name
    return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.is_dir() else []


def identity(data: bytes) -> str:
    """Return the name of an input's file."""
    return hashlib.sha256(data).hexdigest()[:16]


def scratch() -> Path:
    """Return a folder for this process, in memory where there is such a place."""
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) else Path(os.environ.get("TMPDIR", "/tmp"))
    return base / f"xnnkit-fuzz-{os.getpid()}"
