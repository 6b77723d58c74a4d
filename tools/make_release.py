"""Make a release of the Bazel module: the archive, and what a registry is told about it.

    python tools/make_release.py --out dist [--ref HEAD] [--repository OWNER/NAME] [--registry DIR]

The archive is made of git's objects alone: every tracked file in the order of its path, with one
time, no owner and no name of this machine. Two makings are the same bytes; where another zlib packs
otherwise, `--check FILE` compares what is inside.

Without ``--repository`` the addresses are those of the files just made, for a registry that is
tried out on this machine. With it they are GitHub's, and the registry's folder is what a pull
request to the Bazel Central Registry adds.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release_statements import check_statement
from xnnkit import untrusted

ROOT = Path(__file__).resolve().parent.parent
NAME = "xnnkit"
# Any fixed time will do; 2000-01-01 is one that every unpacker accepts.
MTIME = 946684800
MEDIA_TYPE = "application/vnd.build.bazel.registry.attestation+json;version=1.0.0"


class Refused(Exception):
    """The release cannot be made or compared; says why and what to do."""


@dataclass(frozen=True)
class Entry:
    """One tracked file: its path, git mode and content (a symlink's is its target)."""

    path: str
    mode: str
    data: bytes


@dataclass(frozen=True)
class Release:
    """A release that was made."""

    version: str
    archive: Path
    integrity: str
    module: bytes
    """MODULE.bazel as it is in the archive."""


def entries(root: Path, ref: str) -> list[Entry]:
    """Return the tracked files of a commit; with ``ref`` "" those of the working tree.

    Raises:
        Refused: git does not know the commit.
    """
    found = []
    if not ref:
        for row in _git(root, "ls-files", "-s", "-z").split(b"\0"):
            if row:
                facts, _, path = row.partition(b"\t")
                file = root / os.fsdecode(path)
                if os.path.lexists(file):
                    found.append(_on_disk(file, os.fsdecode(path), facts.decode().split()[0]))
    else:
        rows = _git(root, "ls-tree", "-r", "-z", "--full-tree", ref).split(b"\0")
        listed = [row.partition(b"\t") for row in rows if row]
        ids = [facts.decode().split()[2] for facts, _, _ in listed]
        for (facts, _, path), data in zip(listed, _blobs(root, ids), strict=True):
            found.append(Entry(os.fsdecode(path), facts.decode().split()[0], data))
    return sorted(found, key=lambda one: os.fsencode(one.path))


def tar(files: Sequence[Entry], prefix: str) -> bytes:
    """Return a tar archive that depends on nothing but the files.

    Args:
        files: what goes in, in this order.
        prefix: the folder they are in.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for one in files:
            member = tarfile.TarInfo(f"{prefix}/{one.path}")
            member.mtime = MTIME
            member.mode = 0o755 if one.mode == "100755" else 0o644
            if one.mode == "120000":
                member.type, member.mode = tarfile.SYMTYPE, 0o777
                member.linkname = os.fsdecode(one.data)
                archive.addfile(member)
            else:
                member.size = len(one.data)
                archive.addfile(member, io.BytesIO(one.data))
    return out.getvalue()


def pack(data: bytes) -> bytes:
    """Return the gzip of a tar, without a name or a time."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0, filename="") as file:
        file.write(data)
    return out.getvalue()


def integrity(data: bytes) -> str:
    """Return the SRI form of the sha256, as source.json has it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def version_of(files: Sequence[Entry]) -> str:
    """Return the version, which MODULE.bazel, the package and the example name alike.

    Raises:
        Refused: they do not.
    """
    texts = {one.path: one.data.decode() for one in files if one.path in _VERSIONED}
    found = {}
    for path, pattern in _VERSIONED.items():
        match = re.search(pattern, texts.get(path, ""), re.MULTILINE)
        found[path] = match[1] if match else "none"
    if len(set(found.values())) != 1 or "none" in found.values():
        told = ", ".join(f"{path}: {version}" for path, version in found.items())
        raise Refused(f"the versions differ: {told}\n  fix: write the same into each of them")
    return next(iter(found.values()))


_VERSIONED = {
    "MODULE.bazel": r'^module\(\n    name = "xnnkit",\n    version = "([^"]+)"',
    "tools/xnnkit/__init__.py": r'^__version__ = "([^"]+)"',
    "examples/module/MODULE.bazel": r'^bazel_dep\(name = "xnnkit", version = "([^"]+)"\)',
}


def make(files: Sequence[Entry], out: Path) -> Release:
    """Write the archive into the folder ``out``.

    Raises:
        Refused: the versions differ.
    """
    version = version_of(files)
    data = pack(tar(files, f"{NAME}-{version}"))
    out.mkdir(parents=True, exist_ok=True)
    archive = out / f"{NAME}-{version}.tar.gz"
    _write(archive, data)
    module = next(one.data for one in files if one.path == "MODULE.bazel")
    return Release(version, archive, integrity(data), module)


def source(release: Release, template: str, repository: str) -> dict[str, Any]:
    """Return source.json.

    Args:
        release: what was made.
        template: .bcr/source.template.json.
        repository: OWNER/NAME; "" for the file itself.
    """
    found: dict[str, Any] = json.loads(_filled(template, release, repository))
    found["integrity"] = release.integrity
    if not repository:
        found["url"] = release.archive.absolute().as_uri()
    return found


def registry(
    files: Sequence[Entry], release: Release, folder: Path, repository: str, signed: Path | None
) -> None:
    """Add the release to a registry's folder; other modules and versions in it stay.

    Args:
        files: the release's files.
        release: what was made.
        folder: the registry, such as a clone of the Bazel Central Registry.
        repository: OWNER/NAME; "" for a registry on this machine.
        signed: a folder of signed attestations, NAME.intoto.jsonl; None for none.

    Raises:
        Refused: as `attestations`, or the registry's own metadata of the module cannot be read;
            nothing is written then.
    """
    texts = {one.path: one.data.decode() for one in files if one.path.startswith(".bcr/")}
    origin = source(release, texts[".bcr/source.template.json"], repository)
    module = folder / "modules" / NAME
    listed = attestations(release, origin, signed) if signed is not None else None
    there = _metadata(module / "metadata.json")
    version = module / release.version
    version.mkdir(parents=True, exist_ok=True)
    if not (folder / "bazel_registry.json").exists():
        _write(folder / "bazel_registry.json", b"{}\n")
    metadata = json.loads(_filled(texts[".bcr/metadata.template.json"], release, repository))
    # What the registry alone knows: its other versions, and which of them were yanked and why.
    metadata |= {key: there[key] for key in ("versions", "yanked_versions") if key in there}
    if release.version not in metadata["versions"]:
        metadata["versions"].append(release.version)
    _json(module / "metadata.json", metadata)
    _write(version / "MODULE.bazel", release.module)
    _write(version / "presubmit.yml", texts[".bcr/presubmit.yml"].encode())
    _json(version / "source.json", origin)
    if listed is not None:
        _json(version / "attestations.json", listed)


def _metadata(file: Path) -> dict[str, Any]:
    """Return what a registry says of the module; nothing when it has no such file."""
    if not os.path.lexists(file):
        return {}
    try:
        found: Any = untrusted.load(file)
        versions = found.get("versions") if isinstance(found, dict) else None
        if isinstance(versions, list) and all(isinstance(one, str) for one in versions):
            return dict(found)
        why = "it has no list of versions"
    except ValueError as error:
        why = str(error)
    raise Refused(
        f"{file} is not a module's metadata\n  why: {why}\n"
        "  fix: take the registry's own again: git checkout modules, in the clone"
    )


def attestations(release: Release, origin: dict[str, Any], signed: Path) -> dict[str, Any]:
    """Return attestations.json: where the signed statements of a release are, and their hashes.

    Args:
        release: what was made.
        origin: source.json; the statements stand beside the archive that it names.
        signed: the folder of the statements.

    Raises:
        Refused: one of them is missing, or is about something else than the file of its name.
    """
    files = {
        "source.json": _json_bytes(origin),
        "MODULE.bazel": release.module,
        release.archive.name: release.archive.read_bytes(),
    }
    listed = {}
    for name, data in files.items():
        file = signed / f"{name}.intoto.jsonl"
        if not file.is_file():
            raise Refused(f"{file} is missing\n  why: the registry wants a statement for {name}")
        text = file.read_bytes()
        try:
            check_statement(text, name, hashlib.sha256(data).hexdigest())
        except ValueError as error:
            raise Refused(f"{file} is no signed statement for {name}\n  why: {error}") from error
        address = f"{origin['url'].rsplit('/', 1)[0]}/{file.name}"
        listed[name] = {"url": address, "integrity": integrity(text)}
    return {"mediaType": MEDIA_TYPE, "attestations": listed}


def check(files: Sequence[Entry], archive: Path) -> list[str]:
    """Return how an archive differs from what would be made; nothing when it is the same inside.

    Raises:
        Refused: the versions differ, or the file is no archive.
        OSError: it cannot be read.
    """
    prefix = f"{NAME}-{version_of(files)}"
    packed = archive.read_bytes()
    try:
        return _differences(files, prefix, gzip.decompress(packed))
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise Refused(
            f"{archive} cannot be compared\n  why: it is no whole .tar.gz: {error}\n"
            "  fix: get it again, or name the archive of a release"
        ) from error


def _differences(files: Sequence[Entry], prefix: str, data: bytes) -> list[str]:
    if data == tar(files, prefix):
        return []
    wanted = {f"{prefix}/{one.path}": one for one in files}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as there:
        found = {one.name: one for one in there.getmembers()}
        lines = [f"missing: {name}" for name in sorted(wanted.keys() - found.keys())]
        lines += [f"not of the release: {name}" for name in sorted(found.keys() - wanted.keys())]
        for name in sorted(wanted.keys() & found.keys()):
            member = there.extractfile(found[name]) if found[name].isfile() else None
            content = member.read() if member else os.fsencode(found[name].linkname)
            if content != wanted[name].data:
                lines.append(f"differs: {name}")
    return lines or ["the same files, with other times, owners or modes"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 for a difference, 2 for what cannot be made or compared."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="where the release goes; dist/ here"
    )
    parser.add_argument("--ref", default="HEAD", help="the commit; HEAD when not given")
    parser.add_argument("--worktree", action="store_true", help="tracked files as they are now")
    parser.add_argument("--repository", default="", metavar="OWNER/NAME", help="GitHub's")
    parser.add_argument("--registry", type=Path, help="also write a registry's folder")
    parser.add_argument("--attestations", type=Path, help="folder of NAME.intoto.jsonl")
    parser.add_argument("--check", type=Path, metavar="FILE", help="compare an archive; write none")
    given = parser.parse_args(arguments)
    if given.repository and not re.fullmatch(r"[\w-]+/[\w.-]+", given.repository):
        parser.error("--repository is OWNER/NAME")
    if given.attestations and not given.registry:
        parser.error("--attestations are listed in a registry: name it with --registry")
    try:
        if given.registry:
            _refuse_no_registry(given.registry, given.out)
        files = entries(ROOT, "" if given.worktree else given.ref)
        if given.check:
            if not given.check.is_file():
                raise Refused(f"{given.check} is no file\n  fix: name the archive to compare")
            lines = check(files, given.check)
            print("\n".join(lines) or f"{given.check}: the same inside")
            return 1 if lines else 0
        release = make(files, given.out)
        if given.registry:
            registry(files, release, given.registry, given.repository, given.attestations)
        text = next(one.data.decode() for one in files if one.path == ".bcr/source.template.json")
        _json(given.out / "source.json", source(release, text, given.repository))
        _write(given.out / "MODULE.bazel", release.module)
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{release.archive} {release.integrity}")
    return 0


def _refuse_no_registry(registry: Path, out: Path) -> None:
    """Refuse a folder that is neither a registry nor one to be made beside the release."""
    if (registry / "modules").is_dir() or registry.absolute().is_relative_to(out.absolute()):
        return
    raise Refused(
        f"{registry} is no registry: it has no folder modules/\n"
        "  fix: a clone of bazelbuild/bazel-central-registry, or a new folder below --out"
    )


def _filled(template: str, release: Release, repository: str) -> str:
    owner, _, name = (repository or f"local/{NAME}").partition("/")
    values = {
        "OWNER": owner,
        "REPO": name,
        "VERSION": release.version,
        "TAG": f"v{release.version}",
    }
    return re.sub(r"\{(OWNER|REPO|VERSION|TAG)\}", lambda match: values[match[1]], template)


def _on_disk(file: Path, path: str, mode: str) -> Entry:
    if file.is_symlink():
        return Entry(path, "120000", os.fsencode(os.readlink(file)))
    return Entry(path, mode, file.read_bytes())


def _blobs(root: Path, ids: Sequence[str]) -> Iterator[bytes]:
    given = "".join(f"{one}\n" for one in ids).encode()
    out = io.BytesIO(_git(root, "cat-file", "--batch", given=given))
    while header := out.readline():
        size = int(header.split()[2])
        yield out.read(size)
        out.read(1)


def _git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(["git", *arguments], cwd=root, input=given, capture_output=True)
    if done.returncode:
        raise Refused(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _json(file: Path, content: dict[str, Any]) -> None:
    _write(file, _json_bytes(content))


def _json_bytes(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()


def _write(file: Path, data: bytes) -> None:
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_bytes(data)
    os.replace(partial, file)


if __name__ == "__main__":
    sys.exit(main())
