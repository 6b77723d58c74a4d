"""Collect what a build is made of, from this machine's own files; a build keeps it.

The parts are used twice: when a build is recorded, and when a statement is compared with what is
here now.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import xnnkit
from xnnkit import paths
from xnnkit.patches import load as patch_sets
from xnnkit.profile import Archive, Flavour, GitOrigin, Origin, Profile, PypiOrigin, Toolchain
from xnnkit.provenance.digests import dir_hash, file_below, files_below, of_json
from xnnkit.provenance.record import (
    ArchiveRecord,
    Compiler,
    FlavourRecord,
    PatchRecord,
    Record,
    shown,
)
from xnnkit.render.repositories import repositories

if TYPE_CHECKING:
    from xnnkit.archives.fetch import Fetched
    from xnnkit.build.prepare import Prepared
    from xnnkit.build.request import Options

PARTS = ("build", "patches", "profile", "render")
"""Folders of the package that decide what is rendered and asked of Bazel."""

# What Bazel itself leaves in a workspace, and our own file of a build's disk cache.
_OUTPUTS = ("bazel-", ".disk_cache", "MODULE.bazel.lock")


def record(
    profile: Profile,
    flavours: Sequence[Flavour],
    prepared: Prepared,
    options: Options,
    bazel_version: str,
    subjects: dict[str, str],
) -> Record:
    """Return the record of a build that has just been made.

    Args:
        profile: the pins.
        flavours: those that were built.
        prepared: the workspace and the verified archives.
        options: what was asked for.
        bazel_version: of the Bazel that built.
        subjects: each program, from the build's directory, and its sha256.
    """
    compiler = prepared.compiler
    return Record(
        profile=profile.name,
        profile_parts=profile_parts(profile),
        flavours=tuple(flavour_record(flavour) for flavour in flavours),
        layout=options.layout,
        compiler=Compiler(
            name=compiler.name,
            version=compiler.version,
            revision=compiler.revision,
            api_level=compiler.api_level if compiler.name == "ndk" else None,
        ),
        bazel_options=tuple(options.bazel_options),
        optimization=profile.optimization,
        settings=profile.settings,
        bazel=bazel_version,
        xnnkit=xnnkit.__version__,
        xnnkit_parts=xnnkit_parts(),
        archives=tuple(_archive(profile, one) for one in prepared.fetched),
        patches=tuple(patches(profile, prepared.workspace, options.layout)),
        workspace=workspace_files(prepared.workspace),
        subjects=subjects,
    )


def subject_name(profile: Profile, flavour: str) -> str:
    """Return where a flavour's program is, from the build's directory."""
    return f"bin/{flavour}/{profile.benchmark.name}"


def profile_parts(profile: Profile) -> dict[str, str]:
    """Return each table of a profile with the hash of its content; comments do not count."""
    content = profile.model_dump(mode="json")
    parts: dict[str, str] = {}
    for key, value in content.items():
        if key not in ("flavour", "archive", "toolchain"):
            parts[key] = of_json(value)
            continue
        for table in value:
            words = [table[word] for word in ("name", "version", "host") if word in table]
            parts[" ".join([key, *words])] = of_json(table)
    return dict(sorted(parts.items()))


def flavour_record(flavour: Flavour) -> FlavourRecord:
    """Return what a flavour is."""
    return FlavourRecord(
        name=flavour.name,
        archives=dict(sorted(flavour.archives.items())),
        patch_sets=flavour.patch_sets,
        switches=dict(sorted(flavour.switches.items())),
    )


def xnnkit_parts() -> dict[str, str]:
    """Return the hash of each folder of this xnnkit that decides what is built."""
    return {name: dir_hash(files_below(package() / name, _bytecode)) for name in PARTS}


def package() -> Path:
    """Return the folder of this xnnkit's own code."""
    return Path(xnnkit.__file__).parent


def workspace_files(workspace: Path) -> dict[str, str]:
    """Return every file of a workspace with its sha256, but for what Bazel writes into it."""
    found = files_below(workspace, lambda name: name.startswith(_OUTPUTS))
    return {shown(name, 1000): digest for name, digest in found.items()}


def patches(profile: Profile, workspace: Path, layout: str) -> list[PatchRecord]:
    """Return every patch set that is rendered in a workspace.

    One whose diff is not in the workspace is left out.
    """
    found = []
    for repository in repositories(profile, layout):
        for number, name in enumerate(repository.patch_sets, 1):
            path = patch_path(repository.name, number, name)
            digest = file_below(workspace, path)
            if digest is not None:
                found.append(
                    PatchRecord(
                        repository=repository.name,
                        patch_set=name,
                        path=path,
                        sha256=digest,
                        files=patch_set_files(name),
                    )
                )
    return found


def patch_path(repository: str, number: int, patch_set: str) -> str:
    """Return where a workspace has a rendered diff."""
    return f"patches/{repository}-{number:04d}-{patch_set.split('/')[1]}.patch"


def patch_set_files(name: str) -> dict[str, str]:
    """Return the files that a patch set is made of, from patches/; none if there is no such set.

    The README beside them is not among them: nothing of it gets into a diff.
    """
    root = paths.home() / "patches"
    if name not in patch_sets.names():
        return {}
    own = files_below(root / name, lambda path: path.endswith(".md") and "/" not in path)
    found = {f"{name}/{path}": digest for path, digest in own.items()}
    for other, shared in patch_sets.load(name).meta.files_from.items():
        for path in shared:
            digest = file_below(root, f"{other}/files/{path}")
            if digest is not None:
                found[f"{other}/files/{path}"] = digest
    return dict(sorted(found.items()))


def uri_of(item: Archive | Toolchain, origin: Origin) -> str:
    """Return the address of an origin's file, as a URI."""
    if isinstance(origin, GitOrigin):
        repository = origin.url or f"https://github.com/{origin.repository}"
        commit = f"@{item.commit}" if isinstance(item, Archive) else ""
        return f"git+{repository}{commit}"
    if isinstance(origin, PypiOrigin):
        return f"pkg:pypi/{origin.package}@{origin.version}?file_name={origin.file}"
    return origin.location


def _archive(profile: Profile, one: Fetched) -> ArchiveRecord:
    pinned: Sequence[Archive | Toolchain] = (
        profile.archive if one.kind == "archive" else profile.toolchain
    )
    item = next(item for item in pinned if item.name == one.name and one.origin in item.origin)
    commit = item.commit if isinstance(item, Archive) and not one.prebuilt else None
    return ArchiveRecord(
        name=one.name,
        kind=one.kind,
        origin=one.origin.type,
        uri=uri_of(item, one.origin),
        sha256=one.sha256,
        size=one.size,
        commit=commit,
        tree=one.tree,
        prebuilt=one.prebuilt,
        accepted_by_tree=one.accepted,
    )


def _bytecode(name: str) -> bool:
    return name.endswith(".pyc") or name.split("/")[-1] == "__pycache__"
