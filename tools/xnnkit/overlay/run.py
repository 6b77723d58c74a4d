"""``xnnkit overlay`` from its arguments to a written checkout; the steps are the other modules'."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

import xnnkit
from xnnkit import profile as profiles
from xnnkit.build.request import Sources
from xnnkit.errors import BadInput, typed
from xnnkit.overlay import apply, checkout, record
from xnnkit.overlay.checkout import Checkout
from xnnkit.overlay.plan import Choice, carried_file, command, mediapipe, plan, without_mediapipe
from xnnkit.overlay.record import Record
from xnnkit.profile import Profile, history
from xnnkit.profile.compiler import choose, needed, refuse_unaccepted


@dataclass(frozen=True)
class Done:
    """What an overlay's run did.

    Attributes:
        checkout: where.
        record: what the overlay is of; None when an undo found none.
        changed: what was written.
        command: what to type now; "" after an undo.
    """

    checkout: Checkout
    record: Record | None
    changed: apply.Changed
    command: str = ""


def lay(
    directory: Path,
    sources: Sources,
    *,
    profile: str | None = None,
    flavour: str | None = None,
    toolchain: str = "",
    ndk: str = "",
    api_level: int | None = None,
    licence_accepted: bool = False,
) -> Done:
    """Put an overlay into a checkout, or bring the one that is there to what is asked for.

    Args:
        directory: the root of a checkout of MediaPipe.
        sources: where archives may come from.
        profile: name or path; None for the one whose MediaPipe is checked out.
        flavour: what a plain build builds; None for what is there, else the profile's default.
        toolchain: "ndk" or "zig"; "" for what is there, else the profile's first.
        ndk, api_level, licence_accepted: as ``profile.compiler.choose`` takes them.

    Raises:
        BadInput: the checkout is not the profile's, not clean, or has another overlay.
        Finding: the overlay's files were edited since; bytes or anchors are not as pinned.
        BadEnvironment: git or an archive is not to be had.
    """
    from xnnkit.build import prepare

    where = checkout.find(directory)
    with apply.locked(where):
        known = record.load(where)
        named = _named(profile, where, known)
        loaded = profiles.load(named)
        _refuse_other(where, known, loaded)
        _refuse_commit(where, loaded)
        compiler = known.compiler if known else None
        if compiler is None or toolchain or ndk or api_level is not None:
            there = compiler.name if compiler else loaded.toolchains[0]
            name = toolchain or ("ndk" if ndk else there)
            if compiler and compiler.name == name == "ndk":
                ndk = ndk or compiler.version or compiler.path
                api_level = compiler.api_level if api_level is None else api_level
            compiler = choose(
                loaded, name, ndk=ndk, api_level=api_level, licence_accepted=licence_accepted
            )
        # An overlay that is there accepts no licence for whoever asks now.
        compiler = dataclasses.replace(compiler, licence_accepted=licence_accepted)
        refuse_unaccepted(compiler)
        choice = Choice(
            loaded,
            _flavour(loaded, known, flavour),
            compiler,
            sources.cache if os.environ.get("XNNKIT_CACHE") else None,
            profiles.carried(named),
        )
        apply.refuse_dirty(where, known)
        rest = without_mediapipe(loaded)
        fetched = prepare.fetch(needed(rest), sources)
        patches = prepare.render_patches(rest, fetched, sources.cache)
        planned = plan(choice, patches, lambda path: apply.pristine(where, known, path))
        new = Record(
            xnnkit=xnnkit.__version__,
            profile=loaded.name,
            flavour=choice.flavour,
            compiler=compiler,
            commit=where.head,
        )
        changed = apply.write(where, known, new, planned)
    return Done(where, new, changed, command(loaded))


def take_out(directory: Path, *, force: bool = False) -> Done:
    """Take an overlay out of a checkout; without one, do nothing.

    Args:
        directory: the root of a checkout.
        force: restore files that were edited since, too.

    Raises:
        BadInput: no checkout, or HEAD has moved to a commit where the overlay's files are others.
        Finding: files were edited since, and ``force`` is off.
    """
    where = checkout.find(directory)
    with apply.locked(where):
        known = record.load(where)
        if known is None:
            return Done(where, None, apply.Changed())
        _refuse_others(where, known)
        return Done(where, known, apply.undo(where, known, force=force))


def _named(name: str | None, where: Checkout, known: Record | None) -> str:
    """Return the profile's name or path; without one, that of the overlay or of HEAD."""
    if name is not None:
        return name
    if known is not None:
        kept = carried_file(known.profile)
        return str(where.root / kept) if kept in known.entries else known.profile
    able = [p for p in map(profiles.load, profiles.names()) if p.benchmark.repository]
    for one in able:
        if mediapipe(one).commit == where.head:
            return one.name
    raise _wrong_commit(where, able)


def _refuse_other(where: Checkout, known: Record | None, wanted: Profile) -> None:
    if known is None:
        return
    again = f"xnnkit overlay --undo {typed(where.root)}"
    if known.profile != wanted.name:
        raise BadInput(
            f"there is an overlay of another profile: {known.words}",
            where=str(where.root),
            why=f"wanted: {wanted.name}",
            fix=again,
        )
    if known.commit != where.head:
        raise _moved(where, known, "its files were made for the old commit")


def _refuse_others(where: Checkout, known: Record) -> None:
    """Refuse to put files of the old commit over those of another (BadInput)."""
    if others := sorted(where.moved(known.commit) & known.entries.keys()):
        raise _moved(where, known, f"these are others there: {apply.listed(others)}")


def _moved(where: Checkout, known: Record, why: str) -> BadInput:
    return BadInput(
        f"HEAD has moved from {known.commit[:12]} to {where.head[:12]} under the overlay",
        where=str(where.root),
        why=why,
        fix=f"git -C {typed(where.root)} checkout {typed(known.commit)}\n"
        f"xnnkit overlay --undo {typed(where.root)}",
    )


def _refuse_commit(where: Checkout, wanted: Profile) -> None:
    if where.head != mediapipe(wanted).commit:
        raise _wrong_commit(where, [wanted])


def _wrong_commit(where: Checkout, able: list[Profile]) -> BadInput:
    named = f"HEAD is {history.name_of(where.head)} of {where.date()}"
    test = f"{able[0].benchmark.package}/BUILD"
    if why := history.lacks_llm_test(where.head):
        what = f"HEAD: MediaPipe {why}"
    elif not where.has(test):
        what = f"{named}, which has no llm_test: {history.when(where.date())}"
    elif len(able) > 1:
        what = f"{named}, which no profile pins"
    else:
        what = f"{named}, not the MediaPipe of {able[0].name}"
    commits = {mediapipe(one).commit: one.name for one in able}
    return BadInput(
        what,
        where=str(where.root),
        why="legal: " + ", ".join(f"{commit} ({name})" for commit, name in commits.items()),
        fix="\n".join(f"git -C {typed(where.root)} checkout {commit}" for commit in commits),
    )


def _flavour(profile: Profile, known: Record | None, name: str | None) -> str:
    chosen = profile.get_flavour(name or (known.flavour if known else profile.default_flavour))
    if chosen.unavailable:
        raise BadInput(
            f"flavour {chosen.name!r} cannot be built",
            where=f"profiles/{profile.name}.toml",
            why=chosen.unavailable,
            fix=f"xnnkit profile show {profile.name}",
        )
    return chosen.name
