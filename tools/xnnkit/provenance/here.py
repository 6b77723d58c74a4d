"""The same facts as this machine has them now, and why when it cannot tell.

Every path that is opened here comes from this machine's profile, from a listing of its own folders
or from the command line. Of a statement only hashes are used, to find files that are named by their
hash; and without its profile the programs' names, if they are of the form ``bin/FLAVOUR/NAME``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xnnkit
from xnnkit import paths
from xnnkit.archives import judge
from xnnkit.archives.cache import Cache
from xnnkit.archives.fetch import items
from xnnkit.build import manifest
from xnnkit.errors import BadInput, Finding
from xnnkit.profile import Archive, Origin, Profile, Toolchain, load
from xnnkit.profile.compiler import Compiler, needed
from xnnkit.provenance import collect, facts, record
from xnnkit.provenance.digests import file_below
from xnnkit.provenance.record import ArchiveRecord, Record
from xnnkit.render.repositories import repositories

Item = Archive | Toolchain


@dataclass(frozen=True)
class Unknown:
    """A fact that this machine cannot tell."""

    why: str


Here = dict[str, Any]
"""Name -> a value of JSON's, or `Unknown`."""


@dataclass(frozen=True)
class Places:
    """Where to look.

    Attributes:
        out: the build's directory.
        cache: xnnkit's cache.
        git_root: clones that help to say how a tree differs, or None.
        binaries: flavour -> program, in place of those in ``out``.
        again: compute every tree, also those that the cache remembers.
        profile: name or path of the profile, in place of the one that the statement names.
        builder_id: who must have built; "" for anybody.
    """

    out: Path
    cache: Path
    git_root: Path | None = None
    binaries: Mapping[str, Path] = field(default_factory=dict)
    again: bool = False
    profile: str = ""
    builder_id: str = ""


def look(claim: Record, built: Record | None, places: Places) -> Here:
    """Return every fact that this machine has or should have, for a build like the claimed one.

    Args:
        claim: what a statement says; tells the profile, the flavours and the compiler.
        built: what the build there says, from `built`.
        places: where to look.

    Raises:
        BadInput: the profile is refused, or is of another name; a program is named of a flavour
            that the statement does not have.
        BadEnvironment: the cache cannot be used.
    """
    _refuse_unknown(claim, places)
    found: Here = {}
    found |= _parameters(claim, built)
    found |= _workspace(claim, places.out / "workspace")
    found |= _xnnkit(claim)
    try:
        profile = load(places.profile or claim.profile)
    except BadInput as error:
        if places.profile or claim.profile in _profiles():
            raise
        found |= _without_profile(claim, error.what)
        found |= _subjects(claim, None, places)
        return found
    if profile.name != claim.profile:
        raise BadInput(
            f"the statement is of profile {claim.profile}, not {profile.name}",
            where=f"--profile {places.profile}",
        )
    found |= facts.profile(collect.profile_parts(profile))
    found |= facts.settings(profile.optimization, profile.settings)
    found |= _flavours(claim, profile)
    found |= _subjects(claim, profile, places)
    found |= _archives(claim, profile, places)
    found |= _patches(claim, profile, places.out / "workspace")
    return found


def _profiles() -> list[str]:
    return [file.stem for file in (paths.home() / "profiles").glob("*.toml")]


def _refuse_unknown(claim: Record, places: Places) -> None:
    flavours = [flavour.name for flavour in claim.flavours]
    for name in places.binaries:
        if name not in flavours:
            raise BadInput(
                f"the statement has no flavour {name!r}",
                where=f"--binary {name}={places.binaries[name]}",
                why=f"legal: {', '.join(flavours)}",
            )


def built(out: Path) -> Record | None:
    """Return the record of the build in a folder; None when there is none.

    Raises:
        BadInput: ``build.json`` is damaged, or of another xnnkit.
    """
    if not (out / manifest.NAME).is_file():
        return None
    content = manifest.read(out)
    return record.of_manifest(content, str(out / manifest.NAME))


def _unknown(expected: Mapping[str, Any], why: str) -> Here:
    return {name: Unknown(why) for name in expected}


def _parameters(claim: Record, built: Record | None) -> Here:
    found: Here = facts.parameters(built) if built else {}
    if built is None:
        found = _unknown(facts.parameters(claim), f"no {manifest.NAME} here")
    if claim.outside_rc_files:
        why = f"{claim.outside_rc_files} outside the workspace; what was in them is not recorded"
        found["rc files"] = Unknown(why)
    return found


def _workspace(claim: Record, workspace: Path) -> Here:
    if not workspace.is_dir():
        return _unknown(facts.workspace(claim.workspace, claim.links), "no workspace here")
    tree = collect.workspace(workspace)
    links = collect.links(workspace, tree)
    found: Here = facts.workspace(tree.files, links)
    found |= {f"workspace entry {name} ({what})": what for name, what in tree.strange.items()}
    for name, one in links.items():
        if one.leads_to in ("folder", "other"):
            found[f"workspace behind {name}"] = Unknown(f"a link to a {one.leads_to}: not recorded")
    return found


def _xnnkit(claim: Record) -> Here:
    if claim.xnnkit != xnnkit.__version__:
        why = f"built by xnnkit {claim.xnnkit}, this is {xnnkit.__version__}"
        return _unknown(facts.xnnkit(claim.xnnkit_parts), why)
    return {**facts.xnnkit(collect.xnnkit_parts())}


def _without_profile(claim: Record, why: str) -> Here:
    expected = {
        **facts.profile(claim.profile_parts),
        **facts.settings(claim.optimization, claim.settings),
    }
    for flavour in claim.flavours:
        expected |= facts.of_flavour(flavour)
    for one in claim.archives:
        expected |= facts.archive(one)
    for patch in claim.patches:
        expected |= facts.diff(patch) | facts.patch_set(patch.patch_set, patch.files)
    return _unknown(expected, why)


def _flavours(claim: Record, profile: Profile) -> Here:
    known = {flavour.name: flavour for flavour in profile.flavour}
    found: Here = {}
    for flavour in claim.flavours:
        if flavour.name in known:
            found |= facts.of_flavour(collect.flavour_record(known[flavour.name]))
    return found


def _subjects(claim: Record, profile: Profile | None, places: Places) -> Here:
    """Return each flavour's program; none is left out because its profile is not here."""
    if profile:
        names = {one.name: collect.subject_name(profile, one.name) for one in profile.flavour}
    else:
        names = {}
        for name in claim.subjects:
            match name.split("/"):
                case ["bin", flavour_name, _]:
                    names.setdefault(flavour_name, name)
    found: Here = {}
    for flavour in claim.flavours:
        if flavour.name not in names:
            found[f"binary of flavour {flavour.name}"] = "built" if not profile else "not pinned"
            continue
        name = names[flavour.name]
        given = places.binaries.get(flavour.name)
        if given is not None:
            digest = manifest.sha256_of(given) if given.is_file() else None
        else:
            digest = file_below(places.out, name)
        found[f"binary {name}"] = digest or Unknown(f"no plain file {given or places.out / name}")
    return found


def _patches(claim: Record, profile: Profile, workspace: Path) -> Here:
    found: Here = {}
    for repository in repositories(profile, claim.layout):
        for name, path in repository.diffs:
            found |= facts.patch_set(name, collect.patch_set_files(name))
            if not workspace.is_dir():
                found[f"patch {name} for {repository.name}"] = Unknown("no workspace here")
            elif (digest := file_below(workspace, path)) is not None:
                found[f"patch {name} for {repository.name}"] = f"{path} {digest}"
    return found


# ------------------------------------------------------------------------------------- archives


def _archives(claim: Record, profile: Profile, places: Places) -> Here:
    compiler = Compiler(claim.compiler.name, claim.compiler.version)
    wanted = items(needed(profile, compiler))
    claimed = {f"{one.kind} {one.name}": one for one in claim.archives}
    cache = Cache(places.cache)
    found: Here = {}
    for item in wanted:
        name = f"{'archive' if isinstance(item, Archive) else 'toolchain'} {item.name}"
        one = claimed.get(name)
        if one is None:
            found[f"{name}: bytes"] = "pinned by the profile"
        else:
            found |= dict(_archive(_of_any_host(item, one, profile), one, cache, places))
    return found


def _of_any_host(item: Item, claim: ArchiveRecord, profile: Profile) -> Item:
    """Return the compiler that the claim names, which may be one for another kind of machine."""
    if isinstance(item, Toolchain):
        for other in profile.toolchain:
            hashes = [origin.sha256 for origin in other.origin]
            if other.name == item.name and claim.sha256 in hashes:
                return other
    return item


def _archive(
    item: Item, claim: ArchiveRecord, cache: Cache, places: Places
) -> Iterator[tuple[str, Any]]:
    """Yield the facts of one archive: what the profile pins, and what the cache has of it."""
    name = f"{claim.kind} {claim.name}"
    origin = _origin(item, claim, cache)
    if origin is None:
        pinned = ", ".join(one.sha256 for one in item.origin)
        yield f"{name}: bytes", f"not pinned by the profile, which has {pinned}"
        origin = next((one for one in item.origin if one.type == claim.origin), item.origin[0])
        yield from _pinned(item, origin, claim, "of a file that the profile does not pin")
        return
    try:
        blob = cache.get(claim.sha256, claim.size)
    except Finding as error:
        yield f"{name}: bytes", f"{error.what} ({error.why})"
        yield from _pinned(item, origin, claim, "the file in the cache is damaged")
        return
    if blob is None:
        yield f"{name}: bytes", Unknown("not in the cache")
        yield from _pinned(item, origin, claim, "not in the cache")
        return
    yield f"{name}: bytes", facts.bytes_of(claim.sha256, blob.stat().st_size)
    yield from _pinned(item, origin, claim, "")
    if not judge.checked_by_tree(item, origin):
        return
    assert isinstance(item, Archive)
    again = places.again or origin.sha256 != claim.sha256
    try:
        tree = judge.check_tree(
            item, origin, blob, claim.sha256, cache, places.git_root, again=again
        )
    except Finding as error:
        tree = f"{error.what} ({error.why})"
    yield f"{name}: tree", tree


def _origin(item: Item, claim: ArchiveRecord, cache: Cache) -> Origin | None:
    """Return the origin whose bytes the claim names, pinned or accepted by their tree."""
    same = [one for one in item.origin if one.sha256 == claim.sha256]
    if not same:
        same = [one for one in item.origin if cache.accepted(one.sha256) == claim.sha256]
    return next((one for one in same if one.type == claim.origin), same[0] if same else None)


def _pinned(
    item: Item, origin: Origin, claim: ArchiveRecord, unseen: str
) -> Iterator[tuple[str, Any]]:
    """Yield what the profile says; the tree only as far as it contradicts, if it was not seen."""
    name = f"{claim.kind} {claim.name}"
    uri = collect.uri_of(item, origin)
    yield f"{name}: origin", facts.origin(origin.type, uri, prebuilt=origin.prebuilt)
    yield f"{name}: accepted by its tree", origin.sha256 != claim.sha256
    source = item if isinstance(item, Archive) and not origin.prebuilt else None
    yield f"{name}: commit", source.commit if source else None
    tree = judge.expected_tree(source, origin) if source else None
    unchecked = unseen and source and tree == claim.tree
    yield f"{name}: tree", Unknown(unseen) if unchecked else tree
