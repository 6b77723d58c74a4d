"""What a tag is: resolved to a commit in a clone, or by asking the repository itself."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from xnnkit.archives.regenerate import find_clone, need
from xnnkit.errors import BadEnvironment, BadInput, typed
from xnnkit.profile import GitOrigin

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-f]{7,39}")
# What git-check-ref-format allows and no shell, option or revision syntax can misread.
_TAG = re.compile(r"(?![-.])(?!.*(?:\.\.|//|@\{|\.lock$|[/.]$))[A-Za-z0-9._/+@-]{1,200}")
_TIMEOUT_SECONDS = 120
_NEAR = 5


def commit_of(
    wanted: str,
    origin: GitOrigin | None,
    address: str,
    git_root: Path | None,
    option: str = "--to",
) -> str:
    """Return the commit that an option means.

    Args:
        wanted: a commit's 40 digits, or the first seven or more where a clone has it, or a tag.
        origin: the archive's repository, None when no origin names one.
        address: the repository's URL, which is asked when no clone knows the tag.
        git_root: the folder of clones, None for none.
        option: what it was given to, for messages.

    Raises:
        BadInput: it is neither, or there is no such tag.
        BadEnvironment: the repository cannot be asked.
    """
    if _COMMIT.fullmatch(wanted.lower()):
        return wanted.lower()
    if not _TAG.fullmatch(wanted):
        raise BadInput(
            f"{option} {wanted!r} is neither a commit nor a tag",
            why="a commit has 40 hexadecimal digits; a tag is a name such as v1.9.1",
        )
    if origin is None:
        raise BadInput(
            f"{option} {wanted}: no origin of the archive names a repository that knows its tags",
            fix="give the commit's 40 digits",
        )
    clone = find_clone(git_root, origin.repository) if git_root else None
    if clone is not None and (found := _in_clone(clone, f"refs/tags/{wanted}")):
        return found
    if clone is not None and _SHORT.fullmatch(wanted) and (found := _in_clone(clone, wanted)):
        return found
    return _asked(wanted, origin, address, clone, option)


def _in_clone(clone: Path, ref: str) -> str:
    need("git")
    # Whoever owns the clone: only a reference of it is read.
    there = ("-c", f"safe.directory={clone.resolve()}", "-C", os.fspath(clone))
    wanted = ("--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    done = _git([*there, "rev-parse", *wanted], {"GIT_NO_LAZY_FETCH": "1"})
    text = done.stdout.decode("ascii", "replace").strip()
    return text if done.returncode == 0 and _COMMIT.fullmatch(text) else ""


def _asked(wanted: str, origin: GitOrigin, address: str, clone: Path | None, option: str) -> str:
    try:
        done = _git(
            ["ls-remote", "--", address, "refs/tags/*", f"refs/heads/{wanted}"],
            {"GIT_ALLOW_PROTOCOL": urlsplit(address).scheme},
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        if clone is not None and (now := _in_clone(clone, f"refs/heads/{wanted}")):
            raise _branch(wanted, origin, str(clone), now, option)
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() if done else []
        raise BadEnvironment(
            f"{option} {wanted}: the repository cannot be asked for its tags",
            where=address,
            why=(said[-1] if said else "no answer")
            + (f"; the clone {clone} does not have the tag" if clone else ""),
            fix=f"git -C {typed(clone)} fetch --tags\nor give the commit's 40 digits"
            if clone
            else "give the commit's 40 digits, or a folder of clones with --git-root",
        )
    refs: dict[str, str] = {}
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        identity, _, ref = line.partition("\t")
        refs[ref] = identity
    name = f"refs/tags/{wanted}"
    found = refs.get(f"{name}^{{}}") or refs.get(name, "")
    if _COMMIT.fullmatch(found):
        return found
    if now := refs.get(f"refs/heads/{wanted}", ""):
        raise _branch(wanted, origin, address, now, option)
    raise _no_tag(wanted, origin, address, refs, option)


def _branch(wanted: str, origin: GitOrigin, where: str, now: str, option: str) -> BadInput:
    return BadInput(
        f"{option} {wanted} is a branch of {origin.repository}",
        where=where,
        why="a branch is another commit tomorrow",
        fix=f"{option} {typed(now)}    (what it is now)",
    )


def _no_tag(
    wanted: str, origin: GitOrigin, address: str, refs: Mapping[str, str], option: str
) -> BadInput:
    import difflib

    tags = [r.removeprefix("refs/tags/") for r in refs if r.startswith("refs/tags/")]
    tags = [tag for tag in tags if not tag.endswith("^{}")]
    near = difflib.get_close_matches(wanted, tags, n=_NEAR, cutoff=0.5) or tags[-_NEAR:]
    return BadInput(
        f"{option} {wanted}: {origin.repository} has no such tag",
        where=address,
        why=f"near it: {', '.join(near)}" if near else "it has no tags",
        fix=f"{option} {typed(near[0])}" if near else "give the commit's 40 digits",
    )


def _git(
    command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run git without the user's configuration, prompts or helpers."""
    passed = ("https_proxy", "HTTPS_PROXY", "http_proxy", "no_proxy", "NO_PROXY", "SSL_CERT_FILE")
    kept = {name: os.environ[name] for name in passed if name in os.environ}
    return subprocess.run(
        ["git", "-c", "credential.helper=", "-c", "core.askPass=", *command],
        cwd="/",
        env={
            **kept,
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": "/nonexistent",
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT_SECONDS,
    )
