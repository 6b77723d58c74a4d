"""Audit: what of the files a build starts from is not pinned, comes in the clear, or has moved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xnnkit.errors import BadInput
from xnnkit.lock import addresses, declared
from xnnkit.lock.declared import Source
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
    "unread": "a hash is given, or not, in a way that cannot be read as a constant",
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
        unread: (file or label, why) of loaded files that could not be read.
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
        elif path.is_file() and path.suffix != ".toml":
            starlark.append(path)
        else:
            _profile(name, result, follow)
    found = declared.of_files(starlark)
    result.sources += len(found.sources)
    result.files += found.files
    result.unread += found.unread
    for source in found.sources:
        result.add(judge(source))
        result.add(_asked(source, follow))
    return result


def judge(source: Source) -> Iterator[Row]:
    """Yield what is to be said about one source, without asking anybody."""
    if source.kind == "maven_install":
        yield from _maven(source)
        return
    yield from _pinned(source)
    in_clear = [url for url in source.urls if addresses.plain(url)]
    if in_clear and len(in_clear) == len(source.urls):
        what = f"every address is in the clear: {in_clear[0]}"
        better = re.sub(r"^\w+://", "https://", in_clear[0])
        yield _row("http-only", source, what, f"try {better}", in_clear[0])
    elif in_clear:
        yield _row("http-mirror", source, f"one address is in the clear: {in_clear[0]}")
    for url in source.urls:
        if gone := addresses.moved(url):
            yield _row("moved", source, f"{url}: {gone.why}", f"see {gone.where}", url)


def _pinned(source: Source) -> Iterator[Row]:
    refs = [(url, ref) for url in source.urls if (ref := addresses.moving(url))]
    if refs:
        url, ref = refs[0]
        fix = "name a commit in the address, and its sha256"
        yield _row("moving", source, f"{ref} is another archive tomorrow: {url}", fix, url)
    git = "git" in source.kind
    if git and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", source.pin):
        return
    if git and source.pin and HOLE not in source.pin and not re.search(r"[^0-9a-fA-F]", source.pin):
        what = f"the commit {source.pin} is abbreviated: it may come to mean another"
        yield _row("unpinned", source, what, "give all 40 digits: git rev-parse COMMIT")
    elif source.pin:
        tags = [ref for url in source.urls if (ref := addresses.tag(url))]
        if tags:
            yield _row("tag", source, f"{tags[0]} is a tag, which can be moved; the hash holds")
    elif not source.pin_known:
        yield _row("unread", source, "its hash is no constant here")
    elif source.branch:
        what = f"the branch {source.branch} is another commit tomorrow"
        yield _row("unpinned", source, what, f"commit = ...    {_ls_remote(source)}")
    elif source.tag:
        what = f"the tag {source.tag} can be moved, and no commit is given"
        yield _row("unpinned", source, what, f"commit = ...    {_ls_remote(source)}")
    elif any(addresses.packed_anew(url) for url in source.urls):
        what = "no hash; and the host packs it anew each time, so that no sha256 would hold"
        yield _row("unpinned", source, what, "git_repository with a commit", source.urls[0])
    else:
        yield _row("unpinned", source, "no sha256, no integrity", _hash(source), _first(source))


def _maven(source: Source) -> Iterator[Row]:
    floating = [
        one for one in source.versions if re.search(r":(?:latest\.\w+|.*\+|[\[(].*[\])])$", one)
    ]
    for one in floating:
        what = f"{one} is another version tomorrow"
        yield _row("moving", source, what, "name a version")
    if not source.pin:
        what = f"no lock file holds the hashes of its {len(source.versions)} artifacts"
        yield _row("unread", source, what, "maven_install_json = ...")


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
        yield _row("moved", source, f"{url} is answered by {said}", f"write {said}", url)
    elif code:
        yield _row(code, source, f"{url}: {said}", "", url)


def _row(code: str, source: Source, what: str, fix: str = "", url: str = "") -> Row:
    where = f"{source.file}:{source.line}"
    return Row(code, source.name, source.kind, where, what, fix, url)


def _first(source: Source) -> str:
    return next((url for url in source.urls if addresses.urlsplit_scheme(url)), "")


def _hash(source: Source) -> str:
    url = _first(source)
    return f'sha256 = "..."    curl -fsSL {url} | sha256sum' if url else 'sha256 = "..."'


def _ls_remote(source: Source) -> str:
    return f"git ls-remote {_first(source) or 'REMOTE'} {source.tag or source.branch}"
