"""Collect what a build is made of, from this machine's own files; a build keeps it.

The parts are used twice: when a build is recorded, and when a statement is compared with what is
here now.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import xnnkit
from xnnkit import paths
from xnnkit.errors import BadInput
from xnnkit.patches import load as patch_sets
from xnnkit.profile import Archive, Flavour, GitOrigin, Origin, Profile, PypiOrigin, Toolchain
from xnnkit.provenance import rcfiles
from xnnkit.provenance.digests import (
    Tree,
    contents_below,
    dir_hash,
    file_behind,
    file_below,
    of_json,
    of_text,
    tree_below,
)
from xnnkit.provenance.record import (
    ArchiveRecord,
    Compiler,
    FlavourRecord,
    LinkRecord,
    PatchRecord,
    Record,
    shown,
)
from xnnkit.provenance.rule_sets import Brought
from xnnkit.render.repositories import repositories

if TYPE_CHECKING:
    from xnnkit.archives.fetch import Fetched
    from xnnkit.build.prepare import Prepared
    from xnnkit.build.request import Options

# What of the home is not told apart by profile, patch set and workspace. An installed package has
# it in data/, which is the home then.
_DATA = "data"
_HOME = ("BUILD.bazel", "MODULE.bazel", "WORKSPACE.tmpl", "rules")

# Where Bazel's links of a workspace lead: into an output base, whatever its place.
_BASE = re.compile(r"/.+/execroot/[^/]+(/bazel-out(/.+)?)?")


def record(
    profile: Profile,
    flavours: Sequence[Flavour],
    prepared: Prepared,
    options: Options,
    bazel_version: str,
    came: Brought,
    subjects: dict[str, str],
) -> Record:
    """Return the record of a build that has just been made.

    Args:
        profile: the pins.
        flavours: those that were built.
        prepared: the workspace and the verified archives.
        options: what was asked for.
        bazel_version: of the Bazel that built.
        came: what Bazel brought to it.
        subjects: each program, from the build's directory, and its sha256.

    Raises:
        BadInput: the workspace has what no record can hold, such as a pipe.
    """
    compiler = prepared.compiler
    found = workspace(prepared.workspace)
    if found.strange:
        told = [f"{name}: {what}" for name, what in found.strange.items()]
        raise BadInput(
            "the workspace has entries that cannot be recorded",
            where=str(prepared.workspace),
            why="; ".join(told[:10]),
            fix="delete them, and build again",
        )
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
        outside_rc_files=len(rcfiles.imported(prepared.workspace).outside),
        optimization=profile.optimization,
        settings=profile.settings,
        bazel=bazel_version,
        bazel_server=came.server,
        rule_sets=came.rule_sets,
        xnnkit=xnnkit.__version__,
        xnnkit_parts=xnnkit_parts(),
        archives=tuple(_archive(profile, one) for one in prepared.fetched),
        patches=tuple(patches(profile, prepared.workspace, options.layout)),
        workspace=found.files,
        links=links(prepared.workspace, found),
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
    """Return the hash of each file and folder of this xnnkit; of Python's bytecode, none."""
    parts = _parts(package(), "", [one.name for one in package().iterdir() if one.name != _DATA])
    return dict(sorted({**parts, **_parts(paths.home(), f"{_DATA}/", _HOME)}.items()))


def _parts(root: Path, prefix: str, names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        path = root / name
        if _bytecode(name, path):
            continue
        if path.is_dir():
            # A module that is gone leaves a folder with its bytecode, on some machines.
            if contents := contents_below(path, _bytecode):
                found[prefix + name] = dir_hash(contents)
        elif (digest := file_behind(path)) is not None:
            found[prefix + name] = digest
    return found


def package() -> Path:
    """Return the folder of this xnnkit's own code."""
    return Path(xnnkit.__file__).parent


def workspace(root: Path) -> Tree:
    """Return everything in a workspace but what Bazel writes into it.

    That is ``.disk_cache``, and the links ``bazel-bin``, ``bazel-out``, ``bazel-testlogs`` and
    ``bazel-WORKSPACE`` if they lead into an output base. What has a name that cannot be told
    apart from another's when it is printed is among the strange.
    """
    outputs = {f"bazel-{name}" for name in ("bin", "out", "testlogs", root.absolute().name)}

    def bazels(name: str, path: Path) -> bool:
        if path.is_symlink():
            return name in outputs and bool(_BASE.fullmatch(os.readlink(path)))
        return name == ".disk_cache" and path.is_dir()

    found = tree_below(root, bazels)
    odd = {name for name in (*found.files, *found.links) if shown(name, 1024) != name}
    strange = found.strange | dict.fromkeys(odd, "a name that is too long or not printable")
    return Tree(
        {name: digest for name, digest in found.files.items() if name not in odd},
        {name: target for name, target in found.links.items() if name not in odd},
        {shown(name, 1024): what for name, what in sorted(strange.items())},
    )


def links(root: Path, tree: Tree) -> dict[str, LinkRecord]:
    """Return what is to be said of the symlinks in a workspace, each followed to its end."""
    found = {}
    for name, target in tree.links.items():
        path = root / name
        content = file_behind(path)
        ends: Literal["file", "folder", "nothing", "other"] = "other"
        if content is not None:
            ends = "file"
        elif path.is_dir():
            ends = "folder"
        elif not path.exists():
            ends = "nothing"
        found[name] = LinkRecord(target=of_text(target), leads_to=ends, content=content)
    return found


def patches(profile: Profile, workspace: Path, layout: str) -> list[PatchRecord]:
    """Return every patch set that is rendered in a workspace.

    One whose diff is not in the workspace is left out.
    """
    found = []
    for repository in repositories(profile, layout):
        for name, path in repository.diffs:
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


def patch_set_files(name: str) -> dict[str, str]:
    """Return the files that a patch set is made of, from patches/; none if there is no such set.

    The README beside them is not among them: nothing of it gets into a diff.
    """
    root = paths.home() / "patches"
    if name not in patch_sets.names():
        return {}
    own = contents_below(root / name, lambda path, _: path.endswith(".md") and "/" not in path)
    found = {f"{name}/{path}": digest for path, digest in own.items()}
    for other, shared in patch_sets.load(name).meta.files_from.items():
        for path in shared:
            digest = file_behind(root / other / "files" / path)
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


def _bytecode(name: str, path: Path) -> bool:
    return name.endswith(".pyc") or name.split("/")[-1] == "__pycache__"
