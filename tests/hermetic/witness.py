"""Rules and a compiler that are not hermetic, on purpose: an attack that they do not see is none.

The package ``witness`` is built together with the targets under attack. A genrule of it writes what
an action sees of the machine, a repository rule what Bazel was started with. ``bare`` is the
toolchain's compiler without the toolchain's wrapper and flags.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from miniature import Workspace
from xnnkit.bazel import Bazel

TARGET = "//witness"

FILES = {
    "witness/BUILD.bazel": r"""
genrule(
    name = "witness",
    srcs = ["@witness//:seen.txt"],
    outs = ["action.txt", "repository.txt"],
    cmd = '''
cat $(location @witness//:seen.txt) > $(location repository.txt)
(
  echo "header=$$(cat /usr/include/poison.h 2>&1)"
  echo "library=$$(ls /usr/lib/libonlyhere.a 2>&1)"
  echo "distribution=$$(. /etc/os-release && echo $$ID)"
  echo "network=$$(sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev | tr '\\n' ' ')"
  echo "clang=$$(command -v clang)"
  /usr/bin/env
) > $(location action.txt)
''',
    tags = ["no-cache"],
)
""",
    # local: read again by every server, in whose surroundings it is.
    "witness/witness.bzl": '''
_SCRIPT = """
for name in clang cc python3 cp; do echo "$name=$(command -v "$name")"; done
/usr/bin/env
"""

def _witness_repository_impl(rctx):
    rctx.file("seen.txt", rctx.execute(["/bin/sh", "-c", _SCRIPT]).stdout)
    rctx.file("BUILD.bazel", "exports_files([\\"seen.txt\\"])")

witness_repository = repository_rule(
    implementation = _witness_repository_impl,
    environ = ["XNNKIT_CACHE"],
    local = True,
)
''',
}

_MODULE = """
witness_repository = use_repo_rule("//witness:witness.bzl", "witness_repository")
witness_repository(name = "witness")
"""


def write(root: Path) -> None:
    """Add the package and its repository to a miniature workspace."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))
    with open(root / "MODULE.bazel", "a") as module:
        module.write(_MODULE)


def saw(workspace: Workspace, who: str) -> dict[str, str]:
    """Return what an ``action`` or the ``repository`` rule saw in the last build."""
    text = (workspace.root / f"bazel-bin/witness/{who}.txt").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def run(bazel: Bazel, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program in Bazel's place: with its mounts, its namespaces and its variables."""
    return subprocess.run(
        [*bazel.program[:-1], *command],
        input=stdin,
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )


def shell(bazel: Bazel, script: str) -> str:
    """Return what a shell in Bazel's place writes."""
    return run(bazel, "/bin/sh", "-c", script).stdout.strip()


def bare(workspace: Workspace, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Start zig's clang for the machine that builds, as an unhermetic toolchain would."""
    (zig,) = (workspace.output_base / "external").glob("*zig~zig")
    flags = ("--target=x86_64-linux-gnu", f"--ld-path={zig}/bin/ld.lld")
    return run(workspace.bazel, str(zig / "zig"), "clang", *flags, *words, stdin=stdin)


def finds_poison(workspace: Workspace) -> tuple[bool, bool]:
    """Tell whether a bare compiler finds the header, and the library, that only the host has."""
    source = "#include <poison.h>\n"
    header = bare(workspace, "-E", "-x", "c", "-", stdin=source)
    words = ("-shared", "-nostdlib", "-x", "c", "-", "-lonlyhere", "-o", "/dev/null")
    library = bare(workspace, *words, stdin="int only(void) { return 1; }\n")
    return "error: poisoned" in header.stderr, library.returncode == 0


def asks_for_two_tables(workspace: Workspace) -> bool:
    """Tell whether a bare compiler asks for both hash tables, as it does on openSUSE."""
    return "--hash-style=both" in bare(workspace, "-###", "-shared", "-x", "c", "-").stderr
