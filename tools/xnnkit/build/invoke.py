"""One Bazel invocation for all flavours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xnnkit.bazel import Bazel
from xnnkit.errors import XnnkitError, typed


@dataclass(frozen=True)
class Request:
    """What is asked of Bazel.

    Attributes:
        targets: labels.
        cache: xnnkit's cache, where the rules look for archives by hash.
        selected: archive name -> sha256 of the origin that was verified; the rules take that one.
        distdirs: passed on.
        disk_cache: Bazel's disk cache; shared by all workspaces of this user.
        extra: options of the user's, after ours.
        licence_accepted: the user accepted the NDK's licence; the repository rule asks for it.
    """

    targets: Sequence[str]
    cache: Path
    selected: dict[str, str]
    distdirs: Sequence[Path] = ()
    disk_cache: Path | None = None
    extra: Sequence[str] = ()
    licence_accepted: bool = False

    def repository_options(self) -> list[str]:
        """Return the options that decide what the archives' repositories are."""
        chosen = " ".join(f"{name}={sha256}" for name, sha256 in sorted(self.selected.items()))
        options = [f"--repo_env=XNNKIT_CACHE={self.cache}", f"--repo_env=XNNKIT_SELECT={chosen}"]
        if self.licence_accepted:
            options.append("--repo_env=XNNKIT_ACCEPT_ANDROID_SDK_LICENSE=1")
        return options

    def options(self) -> list[str]:
        """Return the options that follow the command, targets not among them."""
        options = self.repository_options()
        options += [f"--distdir={directory}" for directory in self.distdirs]
        if self.disk_cache:
            options.append(f"--disk_cache={self.disk_cache}")
        return [*options, *self.extra]


def build(bazel: Bazel, workspace: Path, request: Request, log: Path | None = None) -> None:
    """Run ``bazel build``.

    Args:
        bazel: how to start it.
        workspace: the rendered workspace.
        request: what to build.
        log: a file for Bazel's output; without one it goes to our stderr.

    Raises:
        XnnkitError: the build failed; with a log, its last lines are in the message.
    """
    code = bazel.run(["build", *request.options(), *request.targets], cwd=workspace, log=log)
    if code == 0:
        return
    tail = ""
    if log:
        lines = log.read_text(errors="replace").splitlines()
        wanted = [line for line in lines if "ERROR" in line or "error:" in line] or lines
        tail = "\n".join(wanted[-8:])
    raise XnnkitError(
        f"bazel build failed with exit code {code}",
        where=str(log or workspace),
        why=tail,
        fix=f"cd {typed(workspace)} && xnnkit bazel -- build {' '.join(request.targets)}",
    )
