"""Write an overlay into a checkout, switch it, and take it out again, byte for byte."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from xnnkit import paths
from xnnkit.errors import BadEnvironment, BadInput, Finding, typed
from xnnkit.overlay import rc, record
from xnnkit.overlay.checkout import Checkout
from xnnkit.overlay.plan import Plan
from xnnkit.overlay.record import ABSENT, Before, Entry, Record
from xnnkit.patches.apply import State

_LISTED = 20


@dataclass(frozen=True)
class Changed:
    """What a run wrote; each a sorted list of paths relative to the checkout."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)


@contextmanager
def locked(checkout: Checkout) -> Iterator[None]:
    """Hold the checkout against another xnnkit.

    Raises:
        BadEnvironment: another one is at work.
    """
    try:
        with FileLock(checkout.git_dir / "xnnkit-overlay.lock", timeout=10):
            yield
    except Timeout:
        raise BadEnvironment(
            "another xnnkit is at work on this checkout",
            where=str(checkout.root),
            fix="wait for it",
        ) from None


@contextmanager
def _writing(checkout: Checkout) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadEnvironment(
            f"the checkout cannot be written: {error.strerror}",
            where=str(error.filename or checkout.root),
            fix="free disk space or fix the permissions, then run the same command again,\n"
            f"or take out what is there: xnnkit overlay --undo {typed(checkout.root)}",
        ) from error


def pristine(checkout: Checkout, known: Record | None, path: str) -> State | None:
    """Return a file of the checkout as it is without the overlay; None when there is none.

    Raises:
        BadInput: it is no plain file, or its kept original is damaged.
    """
    entry = known.entries.get(path) if known else None
    if entry is None:
        was = record.before(checkout.root / path)
        data = (checkout.root / path).read_bytes() if was.sha256 else b""
    elif entry.block:
        was = record.before(checkout.root / path)
        data = _without_block(checkout, path, entry).encode() if was.sha256 else b""
        was = was if data or entry.before.sha256 else Before()
    else:
        was = entry.before
        data = record.kept(checkout, was.sha256) if was.sha256 else b""
    return State(data, bool(was.mode & 0o100)) if was.sha256 else None


def refuse_dirty(checkout: Checkout, known: Record | None) -> None:
    """Refuse a checkout in which something differs from HEAD that is not the overlay's.

    Raises:
        BadInput: files of the user's; each is named.
        Finding: files of the overlay that were edited since.
    """
    mine = known.entries if known else {}
    foreign = {p: s for p, s in checkout.differing().items() if p not in mine}
    if foreign:
        # All of the work tree holds the overlay, too, if there is one.
        only = " -- " + shlex.join(foreign) if mine else ""
        raise BadInput(
            f"the checkout is not clean: {len(foreign)} file(s) differ from HEAD",
            where=str(checkout.root),
            why=listed([f"{s} {p}" for p, s in foreign.items()]),
            fix=f"git -C {typed(checkout.root)} stash push --include-untracked{only}\n"
            "or remove them",
        )
    if known and (edited := _edited(checkout, known)):
        raise _refuse_edited(checkout, edited)


def _refuse_links(checkout: Checkout, names: Iterable[str]) -> None:
    """Refuse to write through a folder that is a link out of the checkout (BadInput)."""
    for path in names:
        if not paths.is_inside((checkout.root / path).parent, checkout.root):
            raise BadInput(
                f"{path} would lie outside of the checkout",
                where=str(checkout.root),
                why="a folder of its path is a link that leads out, or to itself",
            )


def write(checkout: Checkout, known: Record | None, new: Record, plan: Plan) -> Changed:
    """Bring the checkout to a plan; what is right already is not touched.

    Interrupted, it leaves a record by which it can be finished or undone.

    Args:
        checkout: where.
        known: the record of the overlay that is there.
        new: what the overlay is of; its entries are filled in here.
        plan: what to write.

    Raises:
        BadInput: a new file is there already and not xnnkit's.
        BadEnvironment: a file cannot be written.
    """
    _refuse_links(checkout, [*plan.files, *plan.blocks, *(known.entries if known else ())])
    with _writing(checkout):
        return _write(checkout, known, new, plan)


def _write(checkout: Checkout, known: Record | None, new: Record, plan: Plan) -> Changed:
    entries = _entries(checkout, known, plan)
    dropped = {p: e for p, e in (known.entries if known else {}).items() if p not in entries}
    planned = replace(new, entries={**dropped, **entries}, finished=False)
    done = replace(new, entries=entries, finished=True)
    if known != done:
        # From here on an interrupted run is known by the record, and can be finished or undone.
        for path in entries:
            _keep_original(checkout, known, path, entries[path])
        record.save(checkout, planned)
    added: list[str] = []
    changed: list[str] = []
    for path, state in plan.files.items():
        now = record.before(checkout.root / path)
        mode = _mode(entries[path].before, state)
        if now.sha256 == entries[path].ours[0] and (state is None or now.mode == mode):
            continue
        (changed if now.sha256 else added).append(path)
        if state is None:
            (checkout.root / path).unlink()
        else:
            record.write_file(checkout.root / path, state.data, mode)
    for path, block in plan.blocks.items():
        text, mode = _text(checkout.root / path)
        if rc.find(text) == block:
            continue
        (changed if text else added).append(path)
        record.write_file(checkout.root / path, _bytes(rc.insert(text, block)), mode)
    removed = [path for path, entry in dropped.items() if _restore(checkout, path, entry)]
    if known != done:
        latest = {p: replace(e, ours=e.ours[:1]) for p, e in entries.items()}
        record.save(checkout, replace(done, entries=latest))
    return Changed(sorted(added), sorted(changed), sorted(removed))


def undo(checkout: Checkout, known: Record, *, force: bool = False) -> Changed:
    """Take the overlay out.

    Args:
        checkout: where.
        known: its record.
        force: files that were edited since are restored, too; the edited ones are moved to git's
            folder, below xnnkit-overlay-edited/.

    Returns:
        Files that were removed, and as ``changed`` those that were restored.

    Raises:
        Finding: files were edited since, and ``force`` is off; nothing is changed then. Or the
            overlay is out, but git's index still has files of it.
        BadEnvironment: a file cannot be written.
    """
    _refuse_links(checkout, known.entries)
    edited = _edited(checkout, known)
    if edited and not force:
        raise _refuse_edited(checkout, edited)
    with _writing(checkout):
        done = _undo(checkout, known, edited)
    if staged := _staged(checkout, known):
        raise Finding(
            f"the overlay is taken out, but {len(staged)} file(s) of it are in git's index",
            where=str(checkout.root),
            why=f"`git add` put them there, and the next commit would have them: {listed(staged)}",
            fix=f"git -C {typed(checkout.root)} reset -q -- {shlex.join(staged)}",
        )
    return done


def _staged(checkout: Checkout, known: Record) -> list[str]:
    """Return the files of the overlay that git's index has otherwise than HEAD."""
    differing = checkout.differing()
    return [path for path in known.entries if differing.get(path, " ")[0] not in " ?"]


def _undo(checkout: Checkout, known: Record, edited: list[str]) -> Changed:
    for path in edited:
        _save_edited(checkout, path)
    removed: list[str] = []
    restored: list[str] = []
    for path, entry in known.entries.items():
        if _restore(checkout, path, entry):
            there = (checkout.root / path).exists()
            (restored if there else removed).append(path)
    record.forget(checkout)
    return Changed(changed=sorted(restored), removed=sorted(removed))


def _entries(checkout: Checkout, known: Record | None, plan: Plan) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    taken = []
    for path, state in plan.files.items():
        old = known.entries.get(path) if known else None
        was = old.before if old else record.before(checkout.root / path)
        digest = record.sha256(state.data) if state else ABSENT
        if old is None and was.sha256 and path.startswith("xnnkit/"):
            taken.append(path)
        earlier = [one for one in (old.ours if old else ()) if one != digest]
        entries[path] = Entry(was, (digest, *earlier))
    for path, block in plan.blocks.items():
        old = known.entries.get(path) if known else None
        was = old.before if old else record.before(checkout.root / path)
        digest = record.sha256(block.encode())
        earlier = [one for one in (old.ours if old else ()) if one != digest]
        entries[path] = Entry(was, (digest, *earlier), block=True)
    if taken:
        raise BadInput(
            f"{len(taken)} file(s) of the overlay are there already, and xnnkit did not write them",
            where=str(checkout.root),
            why=listed(taken),
            fix=f"git -C {typed(checkout.root)} clean -ndx  # shows what git knows nothing of",
        )
    return entries


def _keep_original(checkout: Checkout, known: Record | None, path: str, entry: Entry) -> None:
    if (known and path in known.entries) or not entry.before.sha256:
        return
    record.keep(checkout, (checkout.root / path).read_bytes())


def _mode(was: Before, state: State | None) -> int:
    mode = was.mode or 0o644
    if state and state.executable:
        return mode | (mode & 0o444) >> 2
    return mode & ~0o111


def _edited(checkout: Checkout, known: Record) -> list[str]:
    """Return the files of the overlay that are neither as it wrote them nor as they were."""
    edited = []
    for path, entry in known.entries.items():
        now = record.before(checkout.root / path)
        if entry.block:
            text, _ = _text(checkout.root / path)
            found = rc.find(text)
            known_block = found is None or record.sha256(_bytes(found)) in entry.ours
            if not known_block or (found is None and rc.BEGIN in text):
                edited.append(path)
        elif now.sha256 not in (entry.before.sha256, *entry.ours):
            edited.append(path)
    return sorted(edited)


def _refuse_edited(checkout: Checkout, edited: list[str]) -> Finding:
    root = checkout.root
    return Finding(
        f"{len(edited)} file(s) of the overlay were edited since it was made",
        where=str(root),
        why=listed(edited),
        fix=f"copy your edits elsewhere, then: xnnkit overlay --undo --force {typed(root)}\n"
        f"(edited files are kept in {typed(checkout.git_dir / 'xnnkit-overlay-edited')})",
    )


def _save_edited(checkout: Checkout, path: str) -> None:
    file = checkout.root / path
    if file.is_file():
        data = file.read_bytes()
        kept = checkout.git_dir / "xnnkit-overlay-edited"
        target, number = kept / path, 1
        # What an earlier --force saved stays: nothing that somebody wrote is lost.
        while target.exists() and target.read_bytes() != data:
            number += 1
            target = kept / f"{path}.{number}"
        record.write_file(target, data, 0o644)


def _restore(checkout: Checkout, path: str, entry: Entry) -> bool:
    """Put one file back; return whether anything was to be done."""
    file = checkout.root / path
    now = record.before(file)
    was = entry.before
    if entry.block:
        text, mode = _text(file)
        if rc.BEGIN not in text:
            return False
        rest = _bytes(_without_block(checkout, path, entry))
        if rest or was.sha256:
            same = record.sha256(rest) == was.sha256
            record.write_file(file, rest, mode, was.mtime_ns if same else 0)
        else:
            file.unlink()
        return True
    if now.sha256 == was.sha256 and now.mode == was.mode:
        return False
    if was.sha256:
        data = record.kept(checkout, was.sha256)
        record.write_file(file, data, was.mode, was.mtime_ns)
        return True
    file.unlink()
    for parent in file.parents:
        if parent == checkout.root or any(parent.iterdir()):
            break
        parent.rmdir()
    return True


def _without_block(checkout: Checkout, path: str, entry: Entry) -> str:
    text, _ = _text(checkout.root / path)
    unfinished = False
    if entry.before.sha256:
        unfinished = not record.kept(checkout, entry.before.sha256).endswith(b"\n")
    if rc.find(text) is None and rc.BEGIN in text:
        # Somebody took the end mark away: --force takes the rest of the file.
        return text[: text.index(rc.BEGIN)]
    return rc.remove(text, unfinished=unfinished)


def _text(path: Path) -> tuple[str, int]:
    was = record.before(path)
    if not was.sha256:
        return "", 0o644
    return path.read_bytes().decode("utf-8", "surrogateescape"), was.mode


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def listed(names: list[str]) -> str:
    """Return names as an error lists them, a line each, the first twenty."""
    more = f"\n         and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return "\n         ".join(names[:_LISTED]) + more
