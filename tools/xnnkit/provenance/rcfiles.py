"""Which rc files a workspace's own .bazelrc has Bazel read: those beside it, and those outside.

Of a file outside only that it is there counts. ``--remote-rc`` names one that holds credentials,
and a hash of a short secret tells the secret to whoever tries them all: so nothing of it is kept,
and it is not opened.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xnnkit.provenance.digests import plain_bytes

_ROOT = "%workspace%"
_MOST = 16 << 20


@dataclass(frozen=True)
class Imported:
    """What the rc files of a workspace name.

    Attributes:
        inside: below the workspace, whether they are there or not.
        outside: elsewhere, if they are there.
    """

    inside: tuple[Path, ...]
    outside: tuple[Path, ...]


def imported(workspace: Path) -> Imported:
    """Return what ``.bazelrc`` imports, and what that imports, as far as it lies inside.

    Args:
        workspace: its folder; Bazel is started there.
    """
    root = os.path.abspath(workspace)
    inside: dict[str, None] = {}
    outside: dict[str, None] = {}
    pending = [os.path.join(root, ".bazelrc")]
    while pending:
        for name in _imports(Path(pending.pop())):
            path = os.path.normpath(os.path.join(root, name.replace(_ROOT, root, 1)))
            if path.startswith(root + os.sep):
                if path not in inside:
                    pending.append(path)
                inside[path] = None
            elif os.path.exists(path):
                outside[path] = None
    return Imported(tuple(map(Path, inside)), tuple(map(Path, outside)))


def _imports(file: Path) -> Iterator[str]:
    """Yield what an rc file imports; nothing if it is none that can be read."""
    try:
        text = plain_bytes(file, _MOST).decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return
    for line in text.replace("\\\n", "").splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = line.split()
        # A newer Bazel has try-import-if-..., with the path as its last word.
        imports = len(words) > 1 and (words[0] == "import" or words[0].startswith("try-import"))
        if imports and "\0" not in words[-1]:
            yield words[-1]
