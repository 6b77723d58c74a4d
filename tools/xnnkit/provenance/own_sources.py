"""Code of xnnkit's own that is compiled into a profile's programs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from xnnkit import paths
from xnnkit.profile import Profile
from xnnkit.provenance.digests import contents_below
from xnnkit.render.repositories import Repository
from xnnkit.render.workspace import overlay_files

_CODE = (".c", ".cc", ".cpp", ".h", ".inc", ".S")


def own_sources(profile: Profile, used: Sequence[Repository]) -> dict[str, str]:
    """Return the files, by path from xnnkit's root or overlay, with their sha256.

    Args:
        profile: its benchmark may be of xnnkit's own source.
        used: the repositories that programs are built from; code may be laid over them.
    """
    found: dict[str, str] = {}
    source = profile.benchmark.source
    if source:
        below = contents_below(paths.home() / source, lambda name, path: False)
        found = {f"{source}/{name}": digest for name, digest in below.items()}
    for overlay in sorted({one.archive.overlay for one in used} - {""}):
        for path, data in overlay_files(overlay).items():
            found[f"overlays/{overlay}/{path}"] = hashlib.sha256(data).hexdigest()
    return {name: digest for name, digest in sorted(found.items()) if Path(name).suffix in _CODE}
