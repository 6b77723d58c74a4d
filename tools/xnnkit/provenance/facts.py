"""A record as plain facts, name and value, so that two can be compared one by one."""

from __future__ import annotations

from collections.abc import Iterable

from xnnkit.provenance.record import ArchiveRecord, FlavourRecord, PatchRecord, Record

Facts = dict[str, str]


def of(record: Record) -> Facts:
    """Return every fact of a record; names are what findings call them."""
    facts: Facts = {}
    facts |= subjects(record.subjects)
    facts |= parameters(record) | settings(record.optimization, record.settings)
    facts |= profile(record.profile_parts)
    for flavour in record.flavours:
        facts |= of_flavour(flavour)
    for one in record.archives:
        facts |= archive(one)
    for patch in record.patches:
        facts |= diff(patch) | patch_set(patch.patch_set, patch.files)
    facts |= workspace(record.workspace)
    facts |= xnnkit(record.xnnkit_parts)
    return facts


def subjects(found: dict[str, str]) -> Facts:
    """Return the facts of programs."""
    return {f"binary {name}": digest for name, digest in found.items()}


def parameters(record: Record) -> Facts:
    """Return what was asked of the build, and by what it was made."""
    compiler = record.compiler
    words = [compiler.name, compiler.version, compiler.revision]
    if compiler.api_level is not None:
        words.append(f"API level {compiler.api_level}")
    return {
        "parameter layout": record.layout,
        "parameter compiler": _text(words),
        "parameter bazelOptions": _text(record.bazel_options),
        "Bazel's version": record.bazel,
    }


def settings(optimization: str, options: Iterable[str]) -> Facts:
    """Return the facts of how a profile has everything compiled."""
    return {"parameter optimization": optimization, "parameter settings": _text(options)}


def profile(parts: dict[str, str]) -> Facts:
    """Return the facts of a profile's tables."""
    return {f"profile: {name}": digest for name, digest in parts.items()}


def of_flavour(one: FlavourRecord) -> Facts:
    """Return the facts of a flavour."""
    switches = [f"{key}={str(value).lower()}" for key, value in sorted(one.switches.items())]
    archives = [f"{key}={value}" for key, value in sorted(one.archives.items())]
    return {
        f"flavour {one.name}: archives": _text(archives),
        f"flavour {one.name}: patch sets": _text(one.patch_sets),
        f"flavour {one.name}: switches": _text(switches),
    }


def archive(one: ArchiveRecord) -> Facts:
    """Return the facts of an archive or a toolchain."""
    name = f"{one.kind} {one.name}"
    return {
        f"{name}: bytes": f"sha256 {one.sha256}, {one.size} bytes",
        f"{name}: origin": f"{one.origin} {one.uri}" + (" (prebuilt)" if one.prebuilt else ""),
        f"{name}: commit": one.commit or "none",
        f"{name}: tree": one.tree or "none",
    }


def diff(one: PatchRecord) -> Facts:
    """Return the fact of a rendered diff."""
    return {f"patch {one.patch_set} for {one.repository}": f"{one.path} {one.sha256}"}


def patch_set(name: str, files: dict[str, str]) -> Facts:
    """Return the facts of what a patch set is made of."""
    return {f"patch set {name}: {path}": digest for path, digest in files.items()}


def workspace(files: dict[str, str]) -> Facts:
    """Return the facts of a workspace's files."""
    return {f"workspace file {path}": digest for path, digest in files.items()}


def xnnkit(parts: dict[str, str]) -> Facts:
    """Return the facts of xnnkit itself."""
    return {f"xnnkit: {name}": digest for name, digest in parts.items()}


def _text(words: Iterable[str]) -> str:
    return " ".join(word for word in words if word) or "none"
