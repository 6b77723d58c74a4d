"""Tell the formats apart by what is in a file, whatever it is called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from xnnkit.bench import results
from xnnkit.bench.model import Results
from xnnkit.bench.readers import (
    console,
    etdump_json,
    executorch_table,
    gbench_csv,
    gbench_json,
    text,
    xnn_profile,
)
from xnnkit.errors import BadInput

FORMATS = (
    "Google Benchmark's JSON",
    gbench_csv.KIND,
    console.KIND,
    xnn_profile.KIND,
    executorch_table.KIND,
    etdump_json.KIND,
)
"""What is read."""

MAX_BYTES = 64 << 20
"""A longer file is not read; results of ten thousand benchmarks have a tenth of it."""

_FIRST = re.compile(r"\S")
_EXECUTABLES = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xca\xfe\xba\xbe")


def read(path: Path) -> Results:
    """Read a file of any of the formats; bad lines are left out and named in ``problems``.

    Raises:
        BadInput: it cannot be read, is of no known format, or nothing in it is whole.
    """
    return read_bytes(load(path), str(path))


def load(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"the file cannot be read: {error.strerror}",
            where=str(path),
            fix="name a file or folder of results; `xnnkit run PROFILE` keeps its own in"
            " .xnnkit/PROFILE/runs/PROFILE/FLAVOUR",
        ) from error
    if len(data) > MAX_BYTES:
        raise BadInput(
            "the file is too long to be results",
            where=str(path),
            why=f"at most {MAX_BYTES:,} bytes are read",
        )
    return data


def read_bytes(data: bytes, where: str) -> Results:
    """Read the content of a file; see ``read``.

    Args:
        data: the content.
        where: a name for messages.

    Raises:
        BadInput: it is of no known format, or nothing in it is whole.
    """
    if data.startswith(_EXECUTABLES):
        raise BadInput(
            "a program, not its results",
            where=where,
            fix="xnnkit run runs what xnnkit build made, and keeps the results",
        )
    whole = text.decode(data)
    if not whole or whole.isspace():
        raise BadInput("the file is empty", where=where, why=_legal())
    start = _json_start(whole)
    if start is not None:
        return of_json(whole, start, where)
    lines = text.lines(whole)
    if xnn_profile.fits(lines):
        found = xnn_profile.parse(lines)
    elif gbench_csv.fits(lines):
        found = gbench_csv.parse(lines)
    elif executorch_table.fits(lines):
        found = executorch_table.parse(lines, where)
    elif console.fits(lines):
        found = console.parse(lines)
    else:
        raise BadInput("no results of a benchmark", where=where, why=_legal())
    if not found.benchmarks and not found.operators:
        raise BadInput(
            f"{found.kind} without a single whole row",
            where=where,
            why="\n".join(str(problem) for problem in found.problems[:3]),
        )
    return found


def of_json(whole: str, start: int, where: str) -> Results:
    """Read JSON that begins at a place in a text.

    Args:
        whole: the text.
        start: where the JSON begins; before it stands what the program printed besides.
        where: a name for messages.

    Raises:
        BadInput: it is of no known format, or nothing in it is whole.
    """
    # Blank lines instead of what stands before: the numbers of lines stay what they are.
    body = "\n" * whole.count("\n", 0, start) + whole[start:] if start else whole
    try:
        data: Any = results.loads_text(body, where)
    except BadInput as error:
        return gbench_json.salvage(body, where, error)
    if etdump_json.fits(data):
        return etdump_json.parse(data, where)
    return gbench_json.parse(data, body, where)


def _json_start(whole: str) -> int | None:
    """Return where JSON begins: at once, or at a line that is only a brace, before benchmarks."""
    first = _FIRST.search(whole)
    if first and first[0] in "{[":
        return first.start()
    if '"benchmarks"' in whole and (at := whole.find("\n{")) >= 0:
        return at + 1
    return None


def _legal() -> str:
    return "what is read: " + ", ".join(FORMATS)
