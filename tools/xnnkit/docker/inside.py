"""Runs inside the image: makes the Bazel that apt installed there usable without a module server.

    python3 -m xnnkit.docker.inside FOLDER

writes FOLDER/bazel, which XNNKIT_BAZEL then names, and what it needs.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from xnnkit.bazel import registry
from xnnkit.errors import BadEnvironment, XnnkitError

SHARE = Path("/usr/share/bazel")
JAVA = Path("/usr/lib/jvm")


def launcher(folder: Path, share: Path, java: Path) -> str:
    """Return the script that starts Debian's Bazel with its own rule sets and Java.

    Args:
        folder: where the registry and the rc file are.
        share: where the package bazel-bootstrap put its files.
        java: where Debian's packages put Java.

    Raises:
        BadEnvironment: no Java is installed.
    """
    found = sorted(java.glob("java-*-openjdk-*"))
    if not found:
        raise BadEnvironment(
            "Debian's Bazel came without Java",
            where=str(java),
            fix="apt-get install bazel-bootstrap",
        )
    words = [
        "/usr/bin/bazel",
        "--nosystem_rc",
        f"--install_base={share}",
        "--trust_install_base",
        f"--server_javabase={found[0]}",
        f"--bazelrc={folder / 'bazelrc'}",
    ]
    # Bazel answers --version only when nothing else is asked.
    return (
        "#!/bin/sh\n"
        '[ "$*" = --version ] && exec /usr/bin/bazel --version\n'
        f'exec {shlex.join(words)} "$@"\n'
    )


def write(folder: Path, share: Path, java: Path) -> Path:
    """Write the launcher, its rc file and its registry into a folder; return the launcher.

    Args:
        folder: made if it is not there.
        share, java: as in `launcher`.

    Raises:
        BadEnvironment: Bazel or Java is not installed.
    """
    if not (share / "embedded_tools").is_dir():
        raise BadEnvironment(
            "Debian's Bazel is not installed",
            where=str(share),
            fix="apt-get install bazel-bootstrap",
        )
    text = launcher(folder, share, java)
    registry.write(folder / "registry", share)
    (folder / "bazelrc").write_text(registry.bazelrc(folder / "registry"))
    script = folder / "bazel"
    script.write_text(text)
    script.chmod(0o755)
    return script


def main() -> int:
    """Write into the folder that the command line names and return the exit code."""
    try:
        print(write(Path(sys.argv[1]), SHARE, JAVA))
    except XnnkitError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
