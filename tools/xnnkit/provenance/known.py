"""What a bill of materials can know besides the profile: from a build, or from rendering anew."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xnnkit.build import manifest
from xnnkit.errors import Finding, typed
from xnnkit.profile import Profile
from xnnkit.profile.compiler import Compiler
from xnnkit.provenance import collect, files
from xnnkit.provenance.record import PatchRecord
from xnnkit.provenance.sbom import Known
from xnnkit.render.repositories import repositories

if TYPE_CHECKING:
    from xnnkit.build.request import Sources


def of_build(profile: Profile, out: Path, flavours: Sequence[str], *, must: bool) -> Known | None:
    """Return what a build wrote down; None when there is none.

    Args:
        profile: the pins, which must still be those that were built.
        out: the build's directory.
        flavours: names; empty for all that were built.
        must: a missing build is an error.

    Raises:
        BadInput: nothing is built there, or another profile, or not that flavour.
        Finding: a binary or the profile is not what was built.
    """
    if not must and not (out / manifest.NAME).is_file():
        return None
    found = files.of_build(profile.name, out, flavours)
    now = collect.profile_parts(profile)
    if changed := sorted(
        name
        for name in now.keys() | found.profile_parts.keys()
        if now.get(name) != found.profile_parts.get(name)
    ):
        raise Finding(
            f"profile {profile.name} is not what it was when it was built",
            where=str(out / manifest.NAME),
            why=f"changed: {', '.join(changed)}",
            fix=f"xnnkit build {profile.name} --out {typed(out)}",
        )
    one = found.compiler
    return Known(
        compiler=Compiler(one.name, one.version, revision=one.revision),
        layout=found.layout,
        bazel=found.bazel,
        archives=found.archives,
        patches=found.patches,
        rule_sets=found.rule_sets,
        subjects={path.split("/")[1]: digest for path, digest in found.subjects.items()},
    )


def of_profile(profile: Profile, compiler: Compiler, layout: str, sources: Sources) -> Known:
    """Return what can be known without a build: the diffs, rendered on verified archives.

    Args:
        profile: the pins.
        compiler: what it would be compiled with.
        layout: "module" or "workspace".
        sources: where archives may come from.

    Raises:
        Finding, BadEnvironment: as fetching and rendering do.
    """
    from xnnkit.build.prepare import fetch, render_patches

    # Only archives with patch sets have to be here, and no compiler.
    wanted = {one.archive.name for one in repositories(profile) if one.patch_sets}
    patched = tuple(one for one in profile.archive if one.name in wanted)
    fetched = fetch(profile.model_copy(update={"archive": patched, "toolchain": ()}), sources)
    diffs = render_patches(profile, fetched, sources.cache)
    found = []
    for repository in repositories(profile, layout):
        rendered = diffs.get(repository.name, [])
        for (name, path), diff in zip(repository.diffs, rendered, strict=True):
            found.append(
                PatchRecord(
                    repository=repository.name,
                    patch_set=name,
                    path=path,
                    sha256=hashlib.sha256(diff).hexdigest(),
                    files=collect.patch_set_files(name),
                )
            )
    return Known(compiler=compiler, layout=layout, patches=found)
