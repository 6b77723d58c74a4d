"""An archive that git makes again is the same whatever the user told git and gzip to do."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from xnnkit.archives import regenerate
from xnnkit.profile import GitOrigin

HOSTILE = """[core]
	autocrlf = true
	eol = crlf
	attributesFile = {attributes}
	hooksPath = {hooks}
	fsmonitor = {hooks}/fsmonitor
	pager = false
[tar]
	umask = 0077
[tar "tar.gz"]
	command = false
[archive]
	remote = /nonexistent
[user]
	name = poisoned
[protocol]
	allow = always
[alias]
	archive = !false
"""


def run(*command: str, cwd: Path, **more: str) -> bytes:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": "2024-05-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2024-05-01T00:00:00Z",
        **more,
    }
    return subprocess.run(
        command, cwd=cwd, env=environment, check=True, stdout=subprocess.PIPE
    ).stdout


@pytest.mark.parametrize("form", ["tar.gz", "zip"])
def test_a_hostile_gitconfig_gives_the_same_bytes(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clones/acme/engine"
    clone.mkdir(parents=True)
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    run("git", "init", "-q", cwd=clone)
    (clone / "kept.txt").write_text("one\ntwo\n" * 2000)
    (clone / "secret.txt").write_text("$Format:%H$\n")
    run("git", "add", "-A", cwd=clone)
    run("git", *identity, "commit", "-qm", "one", cwd=clone)
    commit = run("git", "rev-parse", "HEAD", cwd=clone).decode().strip()
    plain = ("git", "archive", f"--prefix=engine-{commit}/")
    tar = (*plain, "--format=tar", commit)
    untouched = run(*tar, cwd=clone)
    if form == "zip":
        expected = run(*plain, "--format=zip", commit, cwd=clone, TZ="UTC")
    else:
        expected = subprocess.run(
            ["gzip", "-cn"], input=untouched, capture_output=True, check=True
        ).stdout

    home = tmp_path / "hostile"
    (home / "hooks").mkdir(parents=True)
    attributes = home / "attributes"
    attributes.write_text("kept.txt export-ignore\nsecret.txt export-subst\n* eol=crlf text\n")
    (home / ".gitconfig").write_text(HOSTILE.format(attributes=attributes, hooks=home / "hooks"))
    hostile = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.attributesFile",
        "GIT_CONFIG_VALUE_0": str(attributes),
        "GIT_DIR": "/nonexistent",
        "GIT_WORK_TREE": "/nonexistent",
        "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GZIP": "-1",
        "TZ": "CHADT-13:45",
        "LC_ALL": "C",
    }
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)

    # A plain git is led astray by each: the variables hide the repository, the configuration, and
    # the clone's own attributes, leave out a file.
    elsewhere = {name: hostile[name] for name in hostile if name.endswith(("_DIR", "_TREE"))}
    with pytest.raises(subprocess.CalledProcessError):
        run(*tar, cwd=clone, **elsewhere)
    configured = {name: hostile[name] for name in ("HOME", "GIT_CONFIG_GLOBAL")}
    assert run(*tar, cwd=clone, **configured) != untouched
    (clone / ".git/info/attributes").write_text("kept.txt export-ignore\n")
    assert run(*tar, cwd=clone) != untouched

    origin = GitOrigin(
        type="git",
        repository="acme/engine",
        format=form,
        sha256=hashlib.sha256(expected).hexdigest(),
        size=len(expected),
        strip_prefix=f"engine-{commit}",
        timezone="UTC",
    )
    found = regenerate.find_clone(tmp_path / "clones", origin.repository)
    assert found is not None
    target = tmp_path / "made"
    made = regenerate.archive(found, origin, commit, target, tmp_path, bound=1 << 24)
    assert made.sha256 == origin.sha256
    assert target.read_bytes() == expected
