"""Audit: what of the files a build starts from is not pinned, comes in the clear, or has moved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xnnkit.errors import BadInput
from xnnkit.lock import addresses, declared, pins, reading, shown
from xnnkit.lock.rules import floating
from xnnkit.lock.source import Source
from xnnkit.lock.starlark import HOLE

FINDINGS = {
    "unpinned": "no hash and no commit says which bytes are meant",
    "moving": "the address names a branch or the newest release",
    "http-only": "fetched in the clear from every address",
    "moved": "the address is no longer served, or moved",
    "unreachable": "the address does not answer (only with --online)",
}
"""What makes the exit code 1, and what it means."""

NOTES = {
    "tag": "the address names a tag; the hash says which bytes are meant",
    "http-mirror": "some of the addresses are in the clear; the hash protects",
    "unread": "a hash or an address is given in a way that cannot be read as a constant",
    "prebuilt": "built by somebody else: bytes are checked, there is no source tree",
}
"""What is worth knowing, and what it means."""


@dataclass(frozen=True)
class Row:
    """One thing that the audit found.

    Attributes:
        code: a key of `FINDINGS` or `NOTES`.
        name: the repository's.
        kind: the rule that declares it.
        where: file:line.
        what: one sentence.
        fix: what to change, or "".
        url: the address it is about, or "".
    """

    code: str
    name: str
    kind: str
    where: str
    what: str
    fix: str = ""
    url: str = ""


@dataclass
class Audit:
    """What was found, of how much.

    Attributes:
        findings: what is wrong.
        notes: what is worth knowing.
        sources: how many sources were judged.
        files: which files were read.
        unread: what could not be read or understood: where (a file, a label or file:line), and why.
    """

    findings: list[Row] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)
    sources: int = 0
    files: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)

    def add(self, rows: Iterable[Row]) -> None:
        """File each row under findings or notes."""
        for row in rows:
            (self.findings if row.code in FINDINGS else self.notes).append(row)

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {
            "findings": [asdict(row) for row in self.findings],
            "notes": [asdict(row) for row in self.notes],
            "sources": self.sources,
            "files": self.files,
            "unread": [{"file": file, "why": why} for file, why in self.unread],
        }


Follow = Callable[[str], tuple[str, str]]
"""Asks an address: ("", "") when it answers, ("moved", TO) or ("unreachable", WHY)."""


def audit(names: Sequence[str], follow: Follow | None = None) -> Audit:
    """Audit files, folders and profiles.

    Args:
        names: WORKSPACE, MODULE.bazel and .bzl files, folders that have one of the first two,
            profiles by name or path.
        follow: asks the first address of each source; None asks nobody.

    Raises:
        BadInput: a name stands for nothing, or a file cannot be read.
    """
    result = Audit()
    starlark: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            starlark += _root_files(path)
        elif path.exists() and path.suffix != ".toml":
            starlark.append(path)
        else:
            _profile(name, result, follow)
    found = declared.of_files(starlark)
    result.sources += len(found.sources)
    result.files += found.files
    result.unread += [(shown.line(what), shown.line(why)) for what, why in found.unread]
    for source in found.sources:
        result.add(judge(source))
        result.add(_asked(source, follow))
    return result


def judge(source: Source) -> Iterator[Row]:
    """Yield what is to be said about one source, without asking anybody."""
    if source.pinned_by == "lock":
        yield from _locked(source)
    elif source.pinned_by:
        yield from _pinned(source)
    for one in source.versions:
        if floating(one.rpartition(":")[2]):
            yield _row("moving", source, f"{one} is another version tomorrow", "name a version")
    yield from _in_clear(source)
    for url in source.urls:
        if gone := addresses.moved(url):
            yield _row("moved", source, f"{url}: {gone.why}", f"see {gone.where}", url)


def _in_clear(source: Source) -> Iterator[Row]:
    for urls, mirrors in ((source.urls, True), (source.registries, bool(source.pin))):
        found = [url for url in urls if addresses.plain(url)]
        if not found:
            continue
        if len(found) < len(urls) and mirrors:
            yield _row("http-mirror", source, f"one address is in the clear: {found[0]}")
            continue
        every = "every address is" if len(found) == len(urls) else "an address is"
        better = re.sub(r"^\w+://", "https://", found[0])
        fix = f"try {better}" if shown.strict(better) else "try https://"
        yield _row("http-only", source, f"{every} in the clear: {found[0]}", fix, found[0])


def _locked(source: Source) -> Iterator[Row]:
    if source.pin:
        return
    if source.kind.startswith("maven"):
        what = f"no lock file holds the hashes of its {len(source.versions)} artifacts"
        yield _row("unread", source, what, "maven_install_json = ...")
    else:
        yield _row("unread", source, "no file with its locked requirements is named")


def _pinned(source: Source) -> Iterator[Row]:
    refs = [(url, ref) for url in source.urls if (ref := addresses.moving(url))]
    if refs:
        url, ref = refs[0]
        fix = "name a commit in the address, and its sha256"
        yield _row("moving", source, f"{ref} is another archive tomorrow: {url}", fix, url)
    wants = source.wants or "sha256"
    if source.pin:
        if wrong := pins.problem(source.pin_as, source.pin):
            fix = "give all 40 digits: git rev-parse COMMIT" if source.pin_as == "commit" else ""
            yield _row("unpinned", source, wrong, fix or f"{source.pin_as} = ...")
            return
        tags = [ref for url in source.urls if (ref := addresses.tag(url))]
        if tags:
            yield _row("tag", source, f"{tags[0]} is a tag, which can be moved; the hash holds")
        if any(url.startswith(HOLE) for url in source.urls):
            yield _row("unread", source, "its address is no constant here")
    elif not source.pin_known:
        yield _row("unread", source, "its hash is no constant here")
    elif source.branch:
        what = f"the branch {source.branch} is another commit tomorrow"
        yield _row("unpinned", source, what, _commit(source, source.branch))
    elif source.tag:
        kind = "version" if floating(source.tag) else "tag"
        what = f"the {kind} {source.tag} can be moved, and no {wants} is given"
        yield _row("unpinned", source, what, _commit(source, source.tag))
    elif any(addresses.packed_anew(url) for url in source.urls):
        what = "no hash; and the host packs it anew each time, so that no sha256 would hold"
        yield _row("unpinned", source, what, "git_repository with a commit", source.urls[0])
    elif wants in ("sha256", "integrity"):
        yield _row("unpinned", source, "no sha256, no integrity", _hash(source), _first(source))
    else:
        yield _row("unpinned", source, f"no {wants}", f"{wants} = ...", _first(source))


def _profile(name: str, result: Audit, follow: Follow | None) -> None:
    """Judge the origins of a profile; its format asks for a hash and https already."""
    from xnnkit import profile as profiles
    from xnnkit.profile import HttpOrigin, PypiOrigin

    if not Path(name).exists() and name not in profiles.names():
        legal = ", ".join(profiles.names())
        raise BadInput(
            f"there is no file, folder or profile {name!r}",
            why=f"profiles: {legal}; files: {', '.join(declared.ROOT_FILES)}, *.bzl, *.toml",
            fix="xnnkit lock audit path/to/WORKSPACE",
        )
    file = profiles.path_of(name)
    reading.data(file, str(file))  # a pipe, or what is too long, ends here
    profile = profiles.load(name)
    lines = _lines(file)
    result.files.append(str(file))
    items = [("archive", i, one) for i, one in enumerate(profile.archive)]
    items += [("toolchain", i, one) for i, one in enumerate(profile.toolchain)]  # type: ignore[misc]
    for table, index, item in items:
        for number, origin in enumerate(item.origin):
            line = lines.get((table, index, "origin", number), 0)
            urls = (origin.url,) if isinstance(origin, HttpOrigin) else ()
            kind = f"{table}, {origin.type} origin"
            source = Source(item.name, kind, str(file), line, urls, pin=origin.sha256)
            result.sources += 1
            result.add(judge(source))
            result.add(_asked(source, follow))
            if origin.prebuilt and not isinstance(origin, PypiOrigin):
                result.add([_row("prebuilt", source, origin.location)])


def _lines(file: Path) -> dict[tuple[str | int, ...], int]:
    from xnnkit.profile import position

    return position.line_map(file.read_text(encoding="utf-8"))


def _root_files(folder: Path) -> list[Path]:
    found = [folder / name for name in declared.ROOT_FILES if (folder / name).is_file()]
    if not found:
        raise BadInput(
            "no workspace is there",
            where=str(folder),
            why=f"it has none of {', '.join(declared.ROOT_FILES)}",
            fix="name the files: xnnkit lock audit FILE...",
        )
    return found


def _asked(source: Source, follow: Follow | None) -> Iterator[Row]:
    url = _first(source)
    if follow is None or not url or HOLE in url:
        return
    code, said = follow(url)
    if code == "moved":
        fix = f"write {said}" if shown.strict(said) else ""
        yield _row("moved", source, f"{url} is answered by {said}", fix, url)
    elif code:
        yield _row(code, source, f"{url}: {said}", "", url)


def _row(code: str, source: Source, what: str, fix: str = "", url: str = "") -> Row:
    """Return a row; the file's words in it are one line each, whatever they are."""
    words = (source.name, source.kind, f"{source.file}:{source.line}", what, fix, url)
    return Row(code, *map(shown.line, words))


def _first(source: Source) -> str:
    return next((url for url in source.urls if addresses.urlsplit_scheme(url)), "")


def _hash(source: Source) -> str:
    return f'sha256 = "..."    {shown.sha256_of(_first(source))}'.rstrip()


def _commit(source: Source, ref: str) -> str:
    pin = source.wants or "sha256"
    command = shown.ls_remote(_first(source), ref) if pin == "commit" else ""
    return f"{pin} = ...    {command}".rstrip()
