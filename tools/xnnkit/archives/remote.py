"""Fetch from a host's repository what one archive needs, and nothing else.

First the commit and its trees without any contents (``--filter=blob:none``), then the blobs of the
wanted paths, some hundred at a time. What has arrived stays when the connection breaks, and the
next attempt, or the next run, asks for the rest. Git computes the id of every object it takes, so
what is there is what the commit's id says, wherever it came from.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from xnnkit.archives import regenerate
from xnnkit.archives.cache import Stopped, remove_tree
from xnnkit.archives.http import Net, Tick, Unreachable, host_of
from xnnkit.profile import MAX_ARCHIVE_BYTES

BLOBS_AT_ONCE = 500
STALL_SECONDS = 120.0
"""Git is ended when nothing has arrived for so long."""

_POLL_SECONDS = 0.05
_NO_COMMIT = re.compile(r"not our ref|unadvertised object|couldn't find remote ref")
_NO_REPOSITORY = re.compile(
    r"not found|does not exist|not appear to be a git repository|could not read Username"
    r"|[Aa]uthentication failed|terminal prompts disabled"
)
_DAMAGED = re.compile(
    r"corrupt|inflate|bad object|unable to read|far too short|index file|bad config|did not come"
)
_PASSED_ON = (
    *("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy"),
    *("NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
)


class _Failed(Exception):
    """Git ended with an error; its last words."""


def fill(
    store: Path,
    url: str,
    commit: str,
    paths: Sequence[str],
    scratch: Path,
    net: Net,
    *,
    tick: Tick | None = None,
) -> None:
    """Make ``store`` a bare repository with the commit, its trees, and the blobs of ``paths``.

    Args:
        store: a directory that nobody else writes to; what is in it is continued.
        url: https, or file or http when the user names such a mirror.
        commit: its full id.
        paths: what is wanted; everything when there are none.
        scratch: a directory for what is needed for the time being.
        net: how often to try, and what ends the work.
        tick: told the bytes that are there so far.

    Raises:
        Unreachable: git is missing, or the repository or the commit cannot be had.
        Stopped: the work ended meanwhile.
    """
    regenerate.need("git")
    where = urlsplit(url)
    if where.scheme not in ("https", "http", "file"):
        # Git's other ways start programs (ext::) or log in (ssh).
        raise Unreachable(f"{url!r} is no https, http or file address")
    shown = f"{where.scheme}://{host_of(url)}{where.path}"
    if where.scheme != "file":
        net.probe(f"{url}/info/refs?service=git-upload-pack")
    git = _Git(store, url, scratch, net, tick)
    failures = 0
    while True:
        before = _bytes(store, whole=True)
        try:
            git.start()
            _fill(git, commit, paths)
            return
        except _Failed as error:
            text = str(error)
            if _NO_COMMIT.search(text):
                raise Unreachable(f"{shown} does not have commit {commit[:12]}") from error
            if _NO_REPOSITORY.search(text):
                raise Unreachable(f"{shown} is no repository that anybody may read") from error
            failures = 1 if _bytes(store, whole=True) > before else failures + 1
            if failures >= net.attempts:
                last = (text.splitlines() or ["git failed"])[-1]
                raise Unreachable(
                    f"git could not fetch from {host_of(url) or url}: {last}"
                ) from error
            if _DAMAGED.search(text):
                remove_tree(store)
        net.pause(failures)


def _fill(git: _Git, commit: str, paths: Sequence[str]) -> None:
    found = regenerate.listing(git.store, commit, git.scratch, paths)
    if found is None:
        git.fetch("--depth=1", words=("--", "origin", commit))
        found = regenerate.listing(git.store, commit, git.scratch, paths)
    if found is None:
        raise _Failed("the commit's trees did not come")
    wanted = git.missing(sorted({identity for _, identity in found.values()}))
    for at in range(0, len(wanted), BLOBS_AT_ONCE):
        git.fetch("--stdin", words=("--", "origin"), lines=wanted[at : at + BLOBS_AT_ONCE])
    if left := git.missing(wanted):
        raise _Failed(f"{len(left)} files did not come")


class _Git:
    """Runs git on the store: no configuration but this, no prompt, no program of others."""

    def __init__(self, store: Path, url: str, scratch: Path, net: Net, tick: Tick | None) -> None:
        self.store = store
        self.scratch = scratch
        self._net = net
        self._tick = tick
        self._options = [
            word
            for setting in (
                f"remote.origin.url={url}",
                "remote.origin.promisor=true",
                "remote.origin.partialclonefilter=blob:none",
                "credential.helper=",
                "core.askPass=",
                f"core.hooksPath={os.devnull}",
                "fetch.negotiationAlgorithm=noop",
                "fetch.unpackLimit=1",
                "gc.auto=0",
                "maintenance.auto=false",
            )
            for word in ("-c", setting)
        ]
        self._env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        for bundle in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # what downloads here go by
            if bundle in os.environ:
                self._env.setdefault("GIT_SSL_CAINFO", os.environ[bundle])
        self._env |= {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.fspath(scratch),
            "LC_ALL": "C",
            "GIT_DIR": os.fspath(store),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": urlsplit(url).scheme,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
        }

    def start(self) -> None:
        """Make the store a repository, whatever a killed process left of it."""
        for left in (*self.store.glob("*.lock"), *self.store.glob("objects/pack/*tmp_*")):
            remove_tree(left)
        self._run(["init", "--quiet", "--bare", "--template=", "--", os.fspath(self.store)])

    def missing(self, ids: Sequence[str]) -> list[str]:
        """Return which of the objects the store does not have."""
        try:
            return regenerate.missing(self.store, ids, self.scratch)
        except Unreachable as error:
            raise _Failed(f"corrupt: {error.reason}") from error

    def fetch(self, *options: str, words: Sequence[str], lines: Sequence[str] = ()) -> None:
        """Fetch from the origin; ``lines`` are object ids that git reads."""
        self._run(
            [
                *("fetch", "--quiet", "--filter=blob:none", "--no-tags", "--no-write-fetch-head"),
                *("--recurse-submodules=no", *options, *words),
            ],
            lines,
        )

    def _run(self, command: Sequence[str], lines: Sequence[str] = ()) -> None:
        with (
            tempfile.TemporaryFile(dir=self.scratch) as errors,
            tempfile.TemporaryFile(dir=self.scratch) as given,
        ):
            given.write("".join(f"{line}\n" for line in lines).encode("ascii"))
            given.seek(0)
            process = subprocess.Popen(
                ["git", *self._options, *command],
                env=self._env,
                cwd=self.scratch,
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                self._watch(process)
            finally:
                _end(process)
            if process.returncode:
                errors.seek(0)
                raise _Failed(errors.read().decode("utf-8", "replace").strip())

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        size, since = 0, time.monotonic()
        while True:
            try:
                process.wait(_POLL_SECONDS)
                return
            except subprocess.TimeoutExpired:
                pass
            if self._net.stop.is_set():
                raise Stopped
            now, before = _bytes(self.store), size
            if now != before:
                size, since = now, time.monotonic()
            if now > MAX_ARCHIVE_BYTES:
                raise Unreachable(f"more than {MAX_ARCHIVE_BYTES:,} bytes came")
            if time.monotonic() - since > STALL_SECONDS:
                raise _Failed(f"nothing arrived for {STALL_SECONDS:.0f} s")
            if self._tick:
                self._tick(now)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and the helpers it started, if it has not ended by itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _bytes(store: Path, *, whole: bool = False) -> int:
    """Return the bytes of the store's objects; ``whole``: without what git has not finished."""
    total = 0
    for folder in (store / "objects").glob("*"):
        for file in folder.glob("*"):
            if whole and "tmp_" in file.name:
                continue
            try:
                total += file.stat().st_size
            except FileNotFoundError:  # git has renamed it meanwhile
                continue
    return total
