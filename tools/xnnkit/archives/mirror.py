"""Mirror: make the hosts' archives again from clones, into a folder for Bazel's ``--distdir``.

Only a file with the pinned bytes is put there: under the http origin's name Bazel takes no other.
What no host packs, a part of a tree above all, goes there under the git origin's own name.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xnnkit.archives import judge, regenerate, tree
from xnnkit.archives.cache import Cache
from xnnkit.archives.http import Unreachable
from xnnkit.archives.stream import Digest, TooLong
from xnnkit.errors import BadEnvironment, BadInput, Finding, typed
from xnnkit.profile import Archive, GitOrigin, HttpOrigin, Profile

State = Literal["same bytes", "same tree only", "different", "no clone"]


@dataclass(frozen=True)
class Mirrored:
    """What became of one archive."""

    name: str
    state: State
    file: Path | None
    """Where the file was put; None unless its bytes are the pinned ones."""
    filename: str
    expected_sha256: str
    sha256: str
    """Of what was made; "" when nothing was."""
    size: int
    """Bytes of what was made."""
    why: str = ""
    """What is not as it should be."""
    fix: str = ""

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {
            "name": self.name,
            "state": self.state,
            "file": str(self.file) if self.file else None,
            "filename": self.filename,
            "expected_sha256": self.expected_sha256,
            "sha256": self.sha256,
            "size": self.size,
            "why": self.why,
        }


def mirror_profile(profile: Profile, *, git_root: Path, out: Path, jobs: int = 2) -> list[Mirrored]:
    """Make every archive with a ``git`` origin again.

    Args:
        profile: whose archives.
        git_root: the folder of clones.
        out: the folder to fill; made when it does not exist, other files in it stay.
        jobs: archives to make at once.

    Returns:
        One `Mirrored` an archive, in the profile's order.

    Raises:
        BadInput: ``git_root`` is no folder, or two archives have one file name.
        BadEnvironment: ``out`` cannot be written, or the disk is full.
    """
    if not git_root.is_dir():
        raise BadInput(
            "there is no such folder of clones",
            where=str(git_root),
            fix="--git-root FOLDER, or export XNNKIT_GIT_ROOT=FOLDER",
        )
    wanted = _wanted(profile)
    with Cache(out).writing():
        out.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=out, prefix=".making.") as scratch,
            ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="mirror") as pool,
        ):
            cache = Cache(Path(scratch))
            return list(pool.map(lambda w: _mirror(w[0], w[1], w[2], git_root, out, cache), wanted))


def exit_code(results: Sequence[Mirrored]) -> int:
    """Return 1 if an archive is different, else 3 if one has no clone, else 0."""
    states = {result.state for result in results}
    if "different" in states:
        return Finding.exit_code
    return BadEnvironment.exit_code if "no clone" in states else 0


def _wanted(profile: Profile) -> list[tuple[Archive, HttpOrigin | GitOrigin, GitOrigin]]:
    """Return of each archive the origin whose file is wanted, and the one it can be made from."""
    wanted: list[tuple[Archive, HttpOrigin | GitOrigin, GitOrigin]] = []
    named: dict[str, tuple[str, str]] = {}
    for archive in profile.archive:
        git = next((o for o in archive.origin if isinstance(o, GitOrigin)), None)
        if git is None:
            continue
        http = next((o for o in archive.origin if isinstance(o, HttpOrigin)), None)
        target = git if http is None or git.paths else http
        other, sha256 = named.setdefault(target.filename, (archive.name, target.sha256))
        if sha256 != target.sha256:
            raise BadInput(
                f"{other} and {archive.name} both have a file named {target.filename}",
                why="they differ, and a --distdir can hold only one of them",
                fix="mirror them from two profiles, into two folders",
            )
        wanted.append((archive, target, git))
    return wanted


def _mirror(
    archive: Archive,
    target: HttpOrigin | GitOrigin,
    git: GitOrigin,
    git_root: Path,
    out: Path,
    cache: Cache,
) -> Mirrored:
    def result(
        state: State,
        actual: Digest | None = None,
        file: Path | None = None,
        why: str = "",
        fix: str = "",
    ) -> Mirrored:
        sha256, size = (actual.sha256, actual.size) if actual else ("", 0)
        return Mirrored(
            archive.name, state, file, target.filename, target.sha256, sha256, size, why, fix
        )

    clone = regenerate.find_clone(git_root, git.repository)
    if clone is None:
        return result(
            "no clone",
            why=f"no clone of {git.repository} under {git_root}",
            fix=f"git clone --bare URL {typed(git_root / f'{git.repository}.git')}",
        )
    part = cache.scratch(target.sha256, f"{archive.name}.git")
    try:
        actual = regenerate.archive(
            clone, git, archive.commit, part, cache.partial, bound=judge.bound(archive, git)
        )
    except Unreachable as error:
        return result("no clone", why=error.reason, fix=error.fix)
    except TooLong as error:
        return result("different", why=f"{error}; {target.size:,} are pinned")
    if actual == Digest(target.sha256, target.size):
        part.chmod(0o644)
        os.replace(part, out / target.filename)
        return result("same bytes", actual, out / target.filename)
    found = judge.content(part, target.sha256, git, cache)
    expected = judge.expected_tree(archive, git)
    if (identity := tree.id_of(found)) == expected:
        return result(
            "same tree only", actual, why="git or gzip here compress otherwise; not put there"
        )
    reference = regenerate.listing(clone, archive.commit, cache.partial, git.paths) or {}
    lines = tree.difference(found, reference).lines(5)
    return result(
        "different", actual, why=f"tree {identity} instead of {expected}: {', '.join(lines)}"
    )
