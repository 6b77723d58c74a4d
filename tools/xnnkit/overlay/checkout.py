"""What git says about a directory: its root, its commit, and which files differ from it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from xnnkit.errors import BadEnvironment, BadInput, typed

_CLONE = (
    "git clone https://github.com/google-ai-edge/mediapipe\n"
    "git -C mediapipe checkout COMMIT    (xnnkit profile show gemma-2024-05 names it)\n"
    "xnnkit overlay mediapipe"
)


@dataclass(frozen=True)
class Checkout:
    """A git checkout.

    Attributes:
        root: the directory that holds the work tree.
        git_dir: git's own folder of this work tree; linked work trees have one each.
        head: the commit that is checked out, 40 hexadecimal digits.
    """

    root: Path
    git_dir: Path
    head: str

    def differing(self) -> dict[str, str]:
        """Return path -> git's two-letter status of what differs from HEAD, untracked included.

        Files that .gitignore names are not looked at.
        """
        out = _git(self.root, "status", "--porcelain=v1", "-z", "--untracked-files=all")
        found: dict[str, str] = {}
        fields = iter(out.split("\0"))
        for field in fields:
            if not field:
                continue
            # A file that is gone from the index only is told twice, as "D " and then as "??".
            found.setdefault(field[3:], field[:2])
            if field[0] in "RC":
                found[next(fields)] = field[:2]
        return dict(sorted(found.items()))

    def moved(self, commit: str) -> frozenset[str]:
        """Return the files that are others in HEAD than in a commit.

        Raises:
            BadInput: git does not know that commit (any more).
        """
        if commit == self.head:
            return frozenset()
        words = ("diff", "--name-only", "--no-renames", "-z", "--end-of-options", commit, "HEAD")
        out = _git(self.root, *words, "--")
        return frozenset(field for field in out.split("\0") if field)

    def date(self) -> str:
        """Return the day on which HEAD was committed, like 2024-06-18."""
        return _git(self.root, "log", "-1", "--format=%cs").strip()

    def has(self, path: str) -> bool:
        """Tell whether HEAD has a file of that path, checked out or not."""
        return bool(_git(self.root, "ls-tree", "HEAD", "--", path).strip())


def find(directory: Path) -> Checkout:
    """Return the checkout whose root ``directory`` is.

    Raises:
        BadInput: there is no such directory, it is no checkout or not the root of one, or nothing
            is committed.
        BadEnvironment: git is missing, or refuses to work there.
    """
    if not directory.is_dir():
        raise BadInput("there is no such directory", where=str(directory), fix=_CLONE)
    # Not the resolved path: what the user typed is what messages name.
    root = directory.absolute()
    try:
        top, git_dir = _git(
            root, "rev-parse", "--show-toplevel", "--absolute-git-dir"
        ).splitlines()[:2]
    except BadInput as error:
        if "not a git repository" not in error.why and "work tree" not in error.why:
            raise
        raise BadInput(
            "not a git checkout",
            where=str(root),
            why="an overlay is made on a checkout of MediaPipe, so that git can tell what is whose",
            fix=_CLONE,
        ) from None
    if Path(top).resolve() != root.resolve():
        raise BadInput(
            "not the root of the checkout", where=str(root), fix=f"xnnkit overlay {typed(top)}"
        )
    try:
        head = _git(root, "rev-parse", "--verify", "HEAD^{commit}").strip()
    except BadInput:
        raise BadInput(
            "nothing is checked out here",
            where=str(root),
            fix="xnnkit profile show gemma-2024-05    (names the commit)\n"
            f"git -C {typed(root)} checkout COMMIT",
        ) from None
    return Checkout(root, Path(git_dir), head)


def _git(root: Path, *arguments: str) -> str:
    # A GIT_DIR of the caller's (a hook, say) would answer for another repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    # No program that the checkout's own configuration names for this is started.
    settings = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
    command = ["git", "-C", str(root), "--no-optional-locks", *settings, *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise BadEnvironment("git is not on PATH", fix="apt-get install -y git") from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode and "dubious ownership" in said:
        raise BadEnvironment(
            "git does not trust this directory: somebody else owns it",
            where=str(root),
            fix=f"git config --global --add safe.directory {typed(root)}",
        )
    if done.returncode:
        raise BadInput(f"git {arguments[0]} failed", where=str(root), why=said)
    return done.stdout.decode("utf-8", "surrogateescape")
