"""A profile written out for a person, and as JSON for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from xnnkit.profile.model import Archive, Origin, Profile, Toolchain

PREBUILT = "prebuilt: bytes only, no tree"


def as_json(profile: Profile) -> dict[str, Any]:
    """Return the profile as a JSON-ready object.

    It is the file's own content, and in each origin ``location``, ``filename`` and ``tree_checked``
    (whether the git tree id of what is inside gets checked too).
    """
    data = profile.model_dump(mode="json")
    pinned: Sequence[tuple[str, Sequence[Archive | Toolchain]]] = (
        ("archive", profile.archive),
        ("toolchain", profile.toolchain),
    )
    for table, entries in pinned:
        for raw, entry in zip(data[table], entries, strict=True):
            for raw_origin, origin in zip(raw["origin"], entry.origin, strict=True):
                raw_origin["location"] = origin.location
                raw_origin["filename"] = origin.filename
                raw_origin["tree_checked"] = isinstance(entry, Archive) and not origin.prebuilt
    return data


def as_text(profile: Profile) -> str:
    """Return the profile as lines for a terminal, without colour."""
    return "\n".join(_lines(profile))


def _lines(profile: Profile) -> Iterator[str]:
    bazel, bench = profile.bazel, profile.benchmark
    yield f"{profile.name}: {profile.description}"
    yield ""
    legal = f"legal: {bazel.minimum} <= version < {bazel.below}"
    if bazel.debian:
        legal += f"; in Debian: {bazel.debian.package}, {bazel.debian.suite}"
    yield f"Bazel      {bazel.version} ({legal})"
    yield f"benchmark  {bench.label}" + (f", from {bench.source}" if bench.source else "")
    yield f"toolchains {', '.join(profile.toolchains)}"
    yield ""
    yield "Flavours"
    for flavour in profile.flavour:
        default = " (default)" if flavour.name == profile.default_flavour else ""
        yield f"  {flavour.name}{default}: {flavour.description}"
        if flavour.unavailable:
            yield f"    unavailable: {flavour.unavailable}"
        yield from _named(
            (
                ("archives", [f"@{name} = {to}" for name, to in flavour.archives.items()]),
                ("patch sets", flavour.patch_sets),
                ("switches", [f"{k}={str(v).lower()}" for k, v in flavour.switches.items()]),
                ("required", flavour.proof.required),
                ("forbidden", flavour.proof.forbidden),
                ("executed", flavour.proof.executed),
                ("bypassed", flavour.proof.bypassed),
            )
        )
    yield ""
    yield "Archives"
    for archive in profile.archive:
        yield f"  {archive.name} ({archive.licence})"
        yield f"    commit {archive.commit}"
        yield f"    tree   {archive.tree}"
        yield from _named([("patch sets", archive.patch_sets)])
        yield from _origins(archive.origin)
    yield ""
    yield "Toolchains"
    for toolchain in profile.toolchain:
        yield f"  {toolchain.name} {toolchain.version} for {toolchain.host} ({toolchain.licence})"
        yield from _origins(toolchain.origin)


def _named(rows: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    for name, values in rows:
        if values:
            yield f"    {name:<10} {', '.join(values)}"


def _origins(origins: Sequence[Origin]) -> Iterator[str]:
    for origin in origins:
        line = f"    {origin.type:<6} {origin.sha256[:12]}  {size(origin.size):>8}  "
        line += origin.location
        yield f"{line}  [{PREBUILT}]" if origin.prebuilt else line


def size(octets: int) -> str:
    """Write a size in bytes for a person: ``8.9 MB`` (powers of ten)."""
    value = float(octets)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
