"""Read a file that strangers wrote: plain files only, and never more than a little."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from xnnkit.errors import BadInput

MAX_BYTES = 4 << 20
"""Bytes of one audited file at most."""

_FIX = "name a WORKSPACE, MODULE.bazel, .bzl or profile file"


def data(file: Path, shown: str) -> bytes:
    """Return a file's bytes. A pipe or a device is not waited for.

    Args:
        file: the file; symlinks are followed.
        shown: its name, for the error.

    Raises:
        BadInput: it is no plain file, is longer than `MAX_BYTES`, or cannot be read.
    """
    why = ""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                why = "not a plain file"
            elif len(found := opened.read(MAX_BYTES + 1)) > MAX_BYTES:
                why = f"longer than {MAX_BYTES:,} bytes, the most that is read"
            else:
                return found
    except OSError as error:  # a folder is one, too
        why = error.strerror or str(error)
    except ValueError as error:  # a zero byte or half a character in the name
        why = str(error)
    raise BadInput("cannot be read", where=shown, why=why, fix=_FIX)
