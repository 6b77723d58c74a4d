"""Print what went wrong and choose the exit code: the one place where that happens."""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence

import click

from xnnkit.cli.main import ReaderGone
from xnnkit.errors import BadEnvironment, BadInput, XnnkitError, typed

BUG = 3
INTERRUPTED = 130
BROKEN_PIPE = 141

_ENVIRONMENT = {
    errno.ENOSPC: ("the disk is full", "free some space, or set XNNKIT_CACHE to another disk"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or set XNNKIT_CACHE elsewhere"),
    errno.EROFS: ("the file system is read-only", "set XNNKIT_CACHE to a directory you may write"),
    errno.EACCES: ("permission denied", "check who owns it: ls -ld"),
    errno.EPERM: ("operation not permitted", "check who owns it: ls -ld"),
    errno.EMFILE: ("too many open files", "ulimit -n 4096"),
    errno.ENOMEM: ("out of memory", "close other programs, or lower --jobs"),
}


def report(error: BaseException, argv: Sequence[str], *, debug: bool) -> int:
    """Print ``error`` for a person, or as JSON for ``--json``, and return the exit code.

    Args:
        error: whatever a command raised.
        argv: the command line, without the program's name.
        debug: print the traceback of an unexpected error instead of writing it to a file.
    """
    if isinstance(error, (BrokenPipeError, ReaderGone)):
        # Whoever read our output has gone; nothing is left to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    known = _translate(error)
    if known is None:
        known = _bug(error, debug=debug)
    elif debug:
        traceback.print_exception(error, file=sys.stderr)
    ours = argv[: argv.index("--")] if "--" in argv else argv
    if "--json" in ours and not _stdout_is_lost(error):
        print(json.dumps(known.to_json(), indent=2))
    else:
        print(f"xnnkit: {_with_id(known)}", file=sys.stderr)
    _flush()
    return known.exit_code


def _with_id(error: XnnkitError) -> str:
    """Return the error's text with its id, which stands before what to type."""
    if not error.id:
        return str(error)
    said, mark, fix = str(error).rpartition("\n  fix: ")
    return f"{said or fix}\n  id:    {error.id}" + (mark + fix if mark else "")


def unknown_command(name: str, legal: Iterable[str]) -> BadInput:
    """Return the error for a command that does not exist."""
    import difflib

    names = sorted(legal)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return BadInput(
        f"there is no command {name!r}",
        why="legal: " + ", ".join(names),
        fix=f"xnnkit {near[0]}" if near else "xnnkit --help",
    )


def _translate(error: BaseException) -> XnnkitError | None:
    """Return the error as one of ours, None when nobody foresaw it."""
    if isinstance(error, XnnkitError):
        return error
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "xnnkit"
        return BadInput(_sentence(error.format_message()), fix=f"{command} --help")
    if isinstance(error, click.ClickException):
        return BadInput(_sentence(error.format_message()))
    if isinstance(error, MemoryError):
        what, fix = _ENVIRONMENT[errno.ENOMEM]
        return BadEnvironment(what, fix=fix)
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return BadInput(
            "a link leads to itself",
            where=str(error.filename or ""),
            why="there is nothing to be read or written",
            fix="remove the link, or name another path",
        )
    if isinstance(error, OSError) and error.errno in _ENVIRONMENT:
        what, fix = _ENVIRONMENT[error.errno]
        where = str(error.filename or "")
        if fix.endswith("ls -ld") and where:
            fix += f" {typed(where)}"
        return BadEnvironment(what, where=where, fix=fix)
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("xnnkit"):
        return BadEnvironment(
            f"the Python package that provides {error.name!r} is not installed",
            where=sys.executable,
            fix=f"{typed(sys.executable)} -m pip install xnnkit",
        )
    return None


def _sentence(message: str) -> str:
    """Write click's message as ours: no full stop, no capital."""
    return (message[:1].lower() + message[1:]).rstrip(".")


def _bug(error: BaseException, *, debug: bool) -> XnnkitError:
    """Return the error for what should not happen, with its traceback kept in a file."""
    text = "".join(traceback.format_exception(error))
    what = f"this is a bug in xnnkit: {type(error).__name__}: {error}"
    if debug:
        sys.stderr.write(text)
        return XnnkitError(what)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="xnnkit-", suffix=".traceback", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError:
        return XnnkitError(what, fix="xnnkit --debug ... shows the traceback")
    return XnnkitError(what, where=file.name, fix="please report it with that file")


def _stdout_is_lost(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None


def _flush() -> None:
    """Flush what is left; if even that fails, nothing may be raised from here."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
