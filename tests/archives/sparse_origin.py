"""A git origin of two paths of the small upstream, and what git itself says of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import Any

PATHS = ["link", "src/deep"]


def part_of(world: Any, paths: list[str]) -> tuple[bytes, str]:
    """Return what git packs of ``paths``, and the tree id that git gives them."""
    upstream = world.upstream

    def git(*args: str, **env: str) -> bytes:
        return subprocess.run(
            ["git", *args],
            cwd=upstream.clone,
            env={**os.environ, **env},
            check=True,
            capture_output=True,
        ).stdout

    prefix = f"--prefix=engine-{upstream.commit}/"
    tar = git("archive", "--format=tar", prefix, upstream.commit, "--", *paths)
    packed = subprocess.run(["gzip", "-cn"], input=tar, check=True, capture_output=True).stdout
    index = str(world.folder / "index")
    rows = git("ls-tree", "-r", upstream.commit, "--", *paths)
    subprocess.run(
        ["git", "update-index", "--index-info"],
        cwd=upstream.clone,
        env={**os.environ, "GIT_INDEX_FILE": index},
        input=rows,
        check=True,
    )
    return packed, git("write-tree", GIT_INDEX_FILE=index).decode().strip()


def sparse(world: Any, **changes: Any) -> dict[str, Any]:
    """Return a git origin of two paths, as the profile pins it."""
    packed, tree = part_of(world, PATHS)
    pins = {"sha256": hashlib.sha256(packed).hexdigest(), "size": len(packed)}
    origin: dict[str, Any] = world.git(paths=PATHS, tree=tree, **pins)
    return {**origin, **changes}
