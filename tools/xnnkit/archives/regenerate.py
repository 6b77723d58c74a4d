"""Make GitHub's and GitLab's archives again from a clone, byte for byte.

zip: ``TZ=ZONE git archive --format=zip --prefix=PREFIX/ COMMIT`` (members carry local time);
tar.gz: ``git archive --format=tar --prefix=PREFIX/ COMMIT | gzip -cn``.

Only the clone's objects are used. Git runs on an empty repository of ours that borrows them, so
that no configuration, hook, filter, replacement or attribute of the clone has a say, and nothing
is fetched: a pinned commit's id already says what its objects are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xnnkit.archives.http import Unreachable
from xnnkit.archives.stream import Digest, copy
from xnnkit.archives.tree import Entries
from xnnkit.profile import GitOrigin


def find_clone(git_root: Path, repository: str) -> Path | None:
    """Return the clone of OWNER/NAME below ``git_root``, None when there is none.

    Args:
        git_root: a folder of clones, bare or not.
        repository: OWNER/NAME; looked for as OWNER/NAME, OWNER/NAME.git and OWNER+NAME/repo.
    """
    owner, name = repository.split("/")
    for place in (
        git_root / owner / name,
        git_root / owner / f"{name}.git",
        git_root / f"{owner}+{name}" / "repo",
    ):
        if _objects(place) is not None:
            return place
    return None


def archive(
    clone: Path,
    origin: GitOrigin,
    commit: str,
    target: Path,
    scratch: Path,
    *,
    bound: int,
    tick: Callable[[int], None] | None = None,
) -> Digest:
    """Make the archive of ``origin`` at ``commit`` again and write it to ``target``.

    Args:
        clone: as `find_clone` gives it.
        origin: format, strip prefix, time zone and paths.
        commit: its full id.
        target: the file to write.
        scratch: a directory for what is needed for the time being.
        bound: bytes at most.
        tick: told the bytes written so far.

    Raises:
        Unreachable: git or gzip is missing, or the clone lacks the commit or some of its blobs.
        TooLong: the archive is larger than ``bound``.
        OSError: the file cannot be written.
    """
    fmt = "zip" if origin.format == "zip" else "tar"
    command = ["archive", f"--format={fmt}"]
    if origin.strip_prefix:
        command.append(f"--prefix={origin.strip_prefix}/")
    command += [commit, "--", *origin.paths] if origin.paths else [commit]
    need("git", "gzip")
    with (
        tempfile.TemporaryDirectory(dir=scratch, prefix="git.") as borrowed,
        tempfile.TemporaryFile(dir=scratch) as errors,
    ):
        env = _environment(Path(borrowed), clone, origin.timezone)
        git = subprocess.Popen(
            ["git", *command], env=env, stdout=subprocess.PIPE, stderr=errors, cwd=borrowed
        )
        processes = [git]
        if fmt == "tar":
            gzip = subprocess.Popen(
                ["gzip", "-cn"], stdin=git.stdout, stdout=subprocess.PIPE, env=env
            )
            assert git.stdout is not None
            git.stdout.close()
            processes.append(gzip)
        output = processes[-1].stdout
        assert output is not None
        try:
            digest = copy(output, target, bound=bound, tick=tick)  # type: ignore[arg-type]
            codes = [process.wait() for process in processes]
        finally:
            output.close()
            for process in processes:
                process.kill()
                process.wait()
        if any(codes):
            errors.seek(0)
            raise _complaint(errors.read(), clone, commit)
    return digest


def listing(clone: Path, commit: str, scratch: Path, paths: Sequence[str] = ()) -> Entries | None:
    """Return what the commit's tree holds, None when the clone cannot tell.

    Submodules are left out, as an archive leaves them out.

    Args:
        clone: as `find_clone` gives it.
        commit: its full id.
        scratch: a directory for what is needed for the time being.
        paths: list only what is at or below these.

    Raises:
        Unreachable: git is missing.
    """
    need("git")
    with tempfile.TemporaryDirectory(dir=scratch, prefix="git.") as borrowed:
        done = subprocess.run(
            ["git", "ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths],
            env=_environment(Path(borrowed), clone, "UTC"),
            cwd=borrowed,
            capture_output=True,
        )
    if done.returncode:
        return None
    found: Entries = {}
    for row in done.stdout.split(b"\0"):
        if row:
            facts, _, path = row.partition(b"\t")
            mode, kind, identity = facts.decode("ascii").split()
            if kind == "blob":
                found[os.fsdecode(path)] = (mode, identity)
    return found


@dataclass(frozen=True)
class Commit:
    """A commit of a history.

    Attributes:
        identity: all 40 digits.
        date: the committer's, YYYY-MM-DD.
        subject: the message's first line.
    """

    identity: str
    date: str
    subject: str


def history(clone: Path, old: str, new: str, scratch: Path) -> list[Commit]:
    """Return the commits after ``old`` up to ``new``, along first parents, oldest first.

    Args:
        clone: as `find_clone` gives it.
        old: its full id; "" returns ``new`` alone.
        new: its full id.
        scratch: a directory for what is needed for the time being.

    Returns:
        None of them when ``new`` does not come after ``old``, or the clone lacks one of the two.

    Raises:
        Unreachable: git is missing.
    """
    need("git")
    span = [f"{old}..{new}"] if old else ["-1", new]
    with tempfile.TemporaryDirectory(dir=scratch, prefix="git.") as borrowed:
        env = _environment(Path(borrowed), clone, "UTC")
        if old:
            after = ["git", "merge-base", "--is-ancestor", old, new]
            if subprocess.run(after, env=env, cwd=borrowed, capture_output=True).returncode:
                return []
        form = "--format=%H%x09%cs%x09%s"
        done = subprocess.run(
            ["git", "log", "--first-parent", "--reverse", form, *span, "--"],
            env=env,
            cwd=borrowed,
            capture_output=True,
        )
    if done.returncode:
        return []
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return [Commit(*line.split("\t", 2)) for line in lines]


def missing(clone: Path, ids: Sequence[str], scratch: Path) -> list[str]:
    """Return which of the objects ``ids`` the clone does not have, in their order.

    Args:
        clone: as `find_clone` gives it.
        ids: full object ids.
        scratch: a directory for what is needed for the time being.

    Raises:
        Unreachable: git is missing, or cannot read the clone.
    """
    need("git")
    with tempfile.TemporaryDirectory(dir=scratch, prefix="git.") as borrowed:
        done = subprocess.run(
            ["git", "cat-file", "--batch-check"],
            env=_environment(Path(borrowed), clone, "UTC"),
            cwd=borrowed,
            input="".join(f"{one}\n" for one in ids).encode(),
            capture_output=True,
        )
    rows = done.stdout.decode("ascii", "replace").splitlines()
    if done.returncode or len(rows) != len(ids):
        raise _complaint(done.stderr, clone, ids[0] if ids else "")
    return [one for one, row in zip(ids, rows, strict=True) if row.endswith(" missing")]


def _objects(place: Path) -> Path | None:
    """Return the folder of a clone's objects, whichever form the clone has."""
    git_dir = place / ".git"
    if git_dir.is_file():
        text = git_dir.read_text(encoding="utf-8", errors="surrogateescape")
        git_dir = place / text.removeprefix("gitdir:").strip()
        if (common := git_dir / "commondir").is_file():
            git_dir = git_dir / common.read_text(encoding="utf-8").strip()
    elif not git_dir.is_dir():
        git_dir = place
    objects = git_dir / "objects"
    return objects.resolve() if objects.is_dir() else None


def _environment(borrowed: Path, clone: Path, timezone: str) -> dict[str, str]:
    """Make ``borrowed`` a repository on the clone's objects; return the environment for git."""
    objects = _objects(clone)
    if objects is None:
        raise Unreachable(f"{clone} is no git clone")
    (borrowed / "refs").mkdir()
    (borrowed / "objects" / "info").mkdir(parents=True)
    (borrowed / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
    lenders = [objects, *_lenders(objects)]
    (borrowed / "objects" / "info" / "alternates").write_bytes(
        b"".join(os.fsencode(lender) + b"\n" for lender in lenders)
    )
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.fspath(borrowed),
        "LC_ALL": "C",
        "TZ": timezone,
        "GIT_DIR": os.fspath(borrowed),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _lenders(objects: Path) -> Sequence[Path]:
    """Return the folders that a clone itself borrows from; git follows no relative ones of it."""
    try:
        text = (objects / "info" / "alternates").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [(objects / line).resolve() for line in text.splitlines() if line and line[0] != "#"]


def need(*programs: str) -> None:
    """Raise Unreachable if one of ``programs`` is not installed."""
    for program in programs:
        if not shutil.which(program):
            raise Unreachable(f"{program} is not installed", f"apt-get install {program}")


def _complaint(stderr: bytes, clone: Path, commit: str) -> Unreachable:
    text = stderr.decode("utf-8", "replace").strip()
    last = text.splitlines()[-1] if text else "git archive failed"
    if "did not match any files" in text:
        return Unreachable(
            f"commit {commit[:12]} has other paths: {last}", "correct `paths` in the profile"
        )
    if "not a valid object name" in text or "not a tree object" in text or "bad object" in text:
        return Unreachable(
            f"{clone} does not have commit {commit[:12]}", f"git -C {clone} fetch origin {commit}"
        )
    return Unreachable(
        f"{clone} cannot give commit {commit[:12]}: {last}", f"git -C {clone} fetch --refetch"
    )
