"""Find a Bazel that a profile allows, or get one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from xnnkit.bazel.launcher import Bazel
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.profile import Bazel as Requirement

_VERSION_TIMEOUT_S = 120


def _tuple(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3])


def allowed(version: str, requirement: Requirement) -> bool:
    """Return whether ``requirement.minimum <= version < requirement.below``."""
    return _tuple(requirement.minimum) <= _tuple(version) < _tuple(requirement.below)


def version_of(program: str, wanted: str) -> str | None:
    """Return the version that ``program --version`` runs, or None when it runs none.

    Args:
        program: a bazel or bazelisk.
        wanted: what bazelisk is asked for (USE_BAZEL_VERSION); it may have to download it.
    """
    environment = {**os.environ, "USE_BAZEL_VERSION": wanted}
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile() as out:
        try:
            subprocess.run(
                [program, "--version"],
                cwd=empty,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
                timeout=_VERSION_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        out.seek(0)
        match = re.search(rb"bazel (\d+\.\d+\.\d+)", out.read())
    return match.group(1).decode() if match else None


def on_path(requirement: Requirement) -> tuple[Bazel | None, list[str]]:
    """Return the Bazel on PATH that is allowed, and a note on each program that was passed over."""
    notes: list[str] = []
    for name in ("bazel", "bazelisk"):
        program = shutil.which(name)
        if not program:
            continue
        version = version_of(program, requirement.version)
        if version is None:
            notes.append(f"{program}: does not say its version (bazelisk without its servers?)")
        elif not allowed(version, requirement):
            notes.append(
                f"{program}: is {version}; legal is {requirement.minimum} up to, not"
                f" including, {requirement.below}"
            )
        else:
            return Bazel("path", version, (program,)), notes
    return None, notes


def find(requirement: Requirement) -> Bazel:
    """Return a Bazel the profile allows; set up Debian's when none is on PATH.

    Raises:
        BadInput: ``XNNKIT_BAZEL`` names one that is not allowed.
        BadEnvironment: none can be had; the message says what was tried.
    """
    if given := os.environ.get("XNNKIT_BAZEL"):
        version = version_of(given, requirement.version)
        if version is None or not allowed(version, requirement):
            raise BadInput(
                f"XNNKIT_BAZEL is {version or 'no Bazel that says its version'}",
                where=given,
                why=f"legal: {requirement.minimum} up to, not including, {requirement.below}",
                fix="unset XNNKIT_BAZEL, or name another",
            )
        return Bazel("given", version, (given,))
    found, notes = on_path(requirement)
    if found:
        return found
    notes = notes or ["no bazel and no bazelisk on PATH"]
    if requirement.debian is None:
        raise BadEnvironment(
            "no Bazel that this profile allows",
            why="; ".join(notes),
            fix="npm install -g @bazel/bazelisk",
        )
    from xnnkit.bazel import debian

    try:
        return debian.set_up(requirement)
    except BadEnvironment as error:
        reason = error.what + (f" ({error.why})" if error.why else "")
        raise BadEnvironment(
            "no Bazel that this profile allows can be had",
            where="PATH, then Debian's package " + requirement.debian.package,
            why="; ".join([*notes, f"Debian's: {reason}"]),
            fix="\n".join(["npm install -g @bazel/bazelisk", *error.fix.splitlines()]),
        ) from error


def already_there(requirement: Requirement) -> Path | None:
    """Return where Debian's Bazel is set up for this requirement, or None."""
    from xnnkit.bazel import debian

    root = debian.location(requirement)
    return root if (root / debian.READY).is_file() else None
