"""Write changes as a unified diff in git's form."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from xnnkit.patches.apply import Change, State

CONTEXT = 3
"""Lines of context around a change; Bazel and ``patch --fuzz=0`` compare all of them."""

_NO_FILE = "0" * 40
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def quoted(prefix: str, path: str) -> bytes:
    """Return ``prefix`` + ``path`` as git writes it: in quotes when a byte needs an escape."""
    raw = (prefix + path).encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in (34, 92) for byte in raw):
        return raw
    out = bytearray(b'"')
    for byte in raw:
        if byte in _ESCAPES:
            out += b"\\" + _ESCAPES[byte].encode()
        elif 0x20 <= byte < 0x7F:
            out.append(byte)
        else:
            out += b"\\%03o" % byte
    return bytes(out + b'"')


def blob_id(data: bytes) -> str:
    """Return git's SHA-1 id of a file's bytes."""
    header = b"blob %d\0" % len(data)
    return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()


def file_diff(change: Change) -> bytes:
    """Return the part of a diff that is about one file."""
    before, after = change.before, change.after
    a, b = quoted("a/", change.path), quoted("b/", change.path)
    out = [b"diff --git " + a + b" " + b + b"\n"]
    same_mode = before is not None and after is not None and before.executable == after.executable
    if before is None:
        out.append(b"new file mode %s\n" % _mode(after))
    elif after is None:
        out.append(b"deleted file mode %s\n" % _mode(before))
    elif not same_mode:
        out.append(b"old mode %s\nnew mode %s\n" % (_mode(before), _mode(after)))
    old, new = before.data if before else b"", after.data if after else b""
    if before is not None and after is not None and old == new:
        return b"".join(out)
    ids = (blob_id(s.data) if s else _NO_FILE for s in (before, after))
    out.append(("index " + "..".join(ids)).encode())
    out.append((b" " + _mode(before) if same_mode else b"") + b"\n")
    if old == new:
        return b"".join(out)
    # A tab ends a name with blanks in it, as git does, for tools that split there.
    tab = b"\t" if " " in change.path else b""
    out.append(b"--- " + (a + tab if before else b"/dev/null") + b"\n")
    out.append(b"+++ " + (b + tab if after else b"/dev/null") + b"\n")
    out.extend(hunks(lines_of(old), lines_of(new)))
    return b"".join(out)


def lines_of(data: bytes) -> list[bytes]:
    """Split at line feeds only, ends kept; a carriage return is part of its line."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + [
        line for line in data.split(b"\n")[-1:] if line
    ]


def hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the hunks that turn ``old`` into ``new``, with exact line numbers."""
    for group in _groups(old, new):
        first, last = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (_range(first[1], last[2]), _range(first[3], last[4]))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_body(b" ", line) for line in old[i1:i2])
                continue
            yield from (_body(b"-", line) for line in old[i1:i2])
            yield from (_body(b"+", line) for line in new[j1:j2])


def counts(change: Change) -> tuple[int, int]:
    """Return how many lines a change adds and removes."""
    old = lines_of(change.before.data if change.before else b"")
    new = lines_of(change.after.data if change.after else b"")
    added = removed = 0
    for group in _groups(old, new):
        for tag, i1, i2, j1, j2 in group:
            if tag != "equal":
                removed, added = removed + i2 - i1, added + j2 - j1
    return added, removed


def _groups(
    old: Sequence[bytes], new: Sequence[bytes]
) -> Iterable[list[tuple[str, int, int, int, int]]]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(old) > 4000)
    return matcher.get_grouped_opcodes(CONTEXT)


def _range(start: int, stop: int) -> bytes:
    length = stop - start
    if length == 1:
        return b"%d" % (start + 1)
    return b"%d,%d" % (start if length == 0 else start + 1, length)


def _body(sign: bytes, line: bytes) -> bytes:
    end = b"" if line.endswith(b"\n") else b"\n\\ No newline at end of file\n"
    return sign + line + end


def _mode(state: State | None) -> bytes:
    assert state is not None
    return b"100755" if state.executable else b"100644"
