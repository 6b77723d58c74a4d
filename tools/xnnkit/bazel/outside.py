"""``bazel run`` with a Bazel that is started in a namespace: what it built runs outside of that.

Debian's Bazel sees another ``/usr`` than everybody else. A program that it starts itself would miss
the host's programs, such as adb; Bazel can write the command into a script instead.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from xnnkit.bazel.launcher import Bazel
from xnnkit.errors import BadEnvironment


def run(bazel: Bazel, arguments: Sequence[str], *, cwd: Path) -> int:
    """Run one Bazel command for a user and return its exit code, or that of what ``run`` starts.

    Args:
        bazel: which Bazel.
        arguments: startup options, the command and its options.
        cwd: the workspace.

    Raises:
        BadEnvironment: Bazel or the program cannot be started.
    """
    at = command_index(arguments)
    if bazel.kind != "debian" or at is None or arguments[at] != "run":
        return bazel.run(arguments, cwd=cwd, passthrough=True)
    with tempfile.TemporaryDirectory(prefix="xnnkit-run-") as folder:
        script = Path(folder, "run")
        given = [*arguments[: at + 1], f"--script_path={script}", *arguments[at + 1 :]]
        code = bazel.run(given, cwd=cwd, passthrough=True)
        if code or not script.exists():
            return code
        try:
            done = subprocess.run([str(script)], cwd=cwd, env=environment(cwd))
        except OSError as error:
            raise BadEnvironment(
                f"what was built cannot be started: {error.strerror}", where=str(script)
            ) from error
        return done.returncode if done.returncode >= 0 else 128 - done.returncode


def command_index(arguments: Sequence[str]) -> int | None:
    """Return where Bazel's command stands among its arguments, None when there is none."""
    for index, argument in enumerate(arguments):
        if not argument.startswith("-"):
            return index
    return None


def environment(cwd: Path) -> dict[str, str]:
    """Return the variables for the program: ours, and the two that ``bazel run`` sets."""
    root = next((p for p in (cwd, *cwd.parents) if _is_root(p)), cwd)
    return {
        **os.environ,
        "BUILD_WORKING_DIRECTORY": str(cwd),
        "BUILD_WORKSPACE_DIRECTORY": str(root),
    }


def _is_root(folder: Path) -> bool:
    names = ("MODULE.bazel", "REPO.bazel", "WORKSPACE.bazel", "WORKSPACE")
    return any((folder / name).is_file() for name in names)
