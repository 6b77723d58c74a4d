"""A record as plain facts, name and value, so that two can be compared one by one.

A value is JSON's: a list of two words is no list of one with a blank in it, and nothing is no word
for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from xnnkit.provenance.record import (
    ArchiveRecord,
    FlavourRecord,
    LinkRecord,
    PatchRecord,
    Record,
)

Facts = dict[str, Any]


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
        facts |= diff(patch)
        for name, digest in patch_set(patch.patch_set, patch.files).items():
            # What two repositories' diffs say otherwise of one file is two facts.
            told = name if facts.get(name, digest) == digest else f"{name} ({patch.repository})"
            facts[told] = digest
    facts |= workspace(record.workspace, record.links)
    facts |= xnnkit(record.xnnkit_parts)
    return facts


def subjects(found: Mapping[str, str]) -> Facts:
    """Return the facts of programs."""
    return {f"binary {name}": digest for name, digest in found.items()}


def parameters(record: Record) -> Facts:
    """Return what was asked of the build, and by what it was made."""
    return {
        "parameter layout": record.layout,
        "parameter compiler": record.compiler.model_dump(mode="json"),
        "parameter bazelOptions": list(record.bazel_options),
        "parameter outsideRcFiles": record.outside_rc_files,
        "Bazel's version": record.bazel,
        "Bazel's server": record.bazel_server,
        **{f"Bazel's rule set {one.key}": one.dir_hash for one in record.rule_sets},
        "xnnkit's version": record.xnnkit,
    }


def settings(optimization: str, options: Iterable[str]) -> Facts:
    """Return the facts of how a profile has everything compiled."""
    return {"parameter optimization": optimization, "parameter settings": list(options)}


def profile(parts: Mapping[str, str]) -> Facts:
    """Return the facts of a profile's tables."""
    return {f"profile: {name}": digest for name, digest in parts.items()}


def of_flavour(one: FlavourRecord) -> Facts:
    """Return the facts of a flavour."""
    return {
        f"flavour {one.name}: archives": one.archives,
        f"flavour {one.name}: patch sets": list(one.patch_sets),
        f"flavour {one.name}: switches": one.switches,
    }


def archive(one: ArchiveRecord) -> Facts:
    """Return the facts of an archive or a toolchain."""
    name = f"{one.kind} {one.name}"
    return {
        f"{name}: bytes": bytes_of(one.sha256, one.size),
        f"{name}: origin": origin(one.origin, one.uri, prebuilt=one.prebuilt),
        f"{name}: accepted by its tree": one.accepted_by_tree,
        f"{name}: commit": one.commit,
        f"{name}: tree": one.tree,
    }


def bytes_of(sha256: str, size: int) -> str:
    """Return the value of an archive's bytes."""
    return f"sha256 {sha256}, {size} bytes"


def origin(kind: str, uri: str, *, prebuilt: bool) -> dict[str, Any]:
    """Return the value of an archive's origin."""
    return {"type": kind, "uri": uri, "prebuilt": prebuilt}


def diff(one: PatchRecord) -> Facts:
    """Return the fact of a rendered diff."""
    return {f"patch {one.patch_set} for {one.repository}": f"{one.path} {one.sha256}"}


def patch_set(name: str, files: Mapping[str, str]) -> Facts:
    """Return the facts of what a patch set is made of."""
    return {f"patch set {name}: {path}": digest for path, digest in files.items()}


def workspace(files: Mapping[str, str], links: Mapping[str, LinkRecord]) -> Facts:
    """Return the facts of a workspace's files and symlinks."""
    found: Facts = {f"workspace file {path}": digest for path, digest in files.items()}
    return found | {
        f"workspace link {path}": one.model_dump(mode="json") for path, one in links.items()
    }


def xnnkit(parts: Mapping[str, str]) -> Facts:
    """Return the facts of xnnkit itself."""
    return {f"xnnkit: {name}": digest for name, digest in parts.items()}
