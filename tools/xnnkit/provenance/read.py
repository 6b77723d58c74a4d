"""Read a statement that anybody may have written: refuse it with the key, or return its record."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from xnnkit.errors import BadInput
from xnnkit.profile.model import GitId, Name, PatchSetName, RepoName, Sha256
from xnnkit.provenance import dsse
from xnnkit.provenance.digests import dir_hash, plain_bytes
from xnnkit.provenance.record import (
    ArchiveRecord,
    Compiler,
    FilePath,
    FlavourRecord,
    LinkRecord,
    Origin,
    PatchRecord,
    Record,
    RuleSetRecord,
    Text,
    problems,
    shown,
)
from xnnkit.provenance.statement import BUILD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE, Run

MAX_BYTES = 16 << 20
_MAX_ITEMS = 10_000
_MAX_DEPTH = 100

_FIX = "make one with: xnnkit provenance -o FILE"


@dataclass(frozen=True)
class Statement:
    """What a statement says.

    Attributes:
        record: of the build.
        run: who built, and when.
        enveloped: it came in a DSSE envelope, whose signatures nobody has looked at.
        strange: names of materials that no build of ours has.
        content: the statement itself, for whoever compares it key by key.
    """

    record: Record
    run: Run
    enveloped: bool = False
    strange: tuple[str, ...] = ()
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def passed_over(self) -> list[str]:
        """Name the fields that are not compared with anything.

        in-toto has readers pass over fields that they do not know. Only these are: nothing in the
        subjects, the build's definition or the builder.
        """
        predicate = self.content["predicate"]
        known = {"_type", "subject", "predicateType", "predicate"}
        return [
            *(key for key in self.content if key not in known),
            *(
                f"predicate.{key}"
                for key in predicate
                if key not in ("buildDefinition", "runDetails")
            ),
            *(f"predicate.runDetails.{key}" for key in predicate["runDetails"] if key != "builder"),
        ]


class _Open(BaseModel):
    """in-toto lets anybody add fields: they are not refused here; `canonical` compares them."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Closed(BaseModel):
    """Where a field that we do not know could change what the rest means."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Digest(_Closed):
    sha256: Sha256 | None = None
    gitCommit: GitId | None = None
    gitTree: GitId | None = None
    dirHash: Sha256 | None = None


class _Descriptor(_Open):
    name: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    uri: Text = ""
    digest: _Digest = _Digest()
    annotations: dict[str, Any] = {}


class _ArchiveNotes(_Closed):
    origin: Origin
    size: Annotated[int, Field(gt=0)]
    prebuilt: bool
    acceptedByTree: bool


class _PatchNotes(_Closed):
    path: FilePath
    files: dict[FilePath, Sha256]


class _Hashes(_Closed):
    sha256Of: Text
    sha256: dict[Text, Sha256]


class _Link(_Closed):
    target: Sha256
    leadsTo: Literal["file", "folder", "nothing", "other"]
    content: Sha256 | None = None


class _WorkspaceNotes(_Hashes):
    links: dict[FilePath, _Link]


class _External(_Closed):
    profile: Name
    flavours: list[Name]
    compiler: Compiler
    layout: Literal["module", "workspace"]
    bazelOptions: list[Text]
    outsideRcFiles: Annotated[int, Field(ge=0)]


class _InternalFlavour(_Closed):
    archives: dict[RepoName, RepoName]
    patchSets: list[PatchSetName]
    switches: dict[Text, bool]


class _Internal(_Closed):
    optimization: Text
    settings: list[Text]
    flavours: dict[Name, _InternalFlavour]


class _Definition(_Open):
    buildType: Literal["urn:xnnkit:build:v2"]
    externalParameters: _External
    internalParameters: _Internal
    resolvedDependencies: Annotated[list[_Descriptor], Field(max_length=_MAX_ITEMS)]


class _BuilderVersion(_Open):
    bazel: Text
    xnnkit: Text


class _Builder(_Open):
    id: Text
    version: _BuilderVersion


class _Metadata(_Open):
    invocationId: Text = ""
    startedOn: Text = ""
    finishedOn: Text = ""


class _RunDetails(_Open):
    builder: _Builder
    metadata: _Metadata = _Metadata()


class _Predicate(_Open):
    buildDefinition: _Definition
    runDetails: _RunDetails


class _Subject(_Open):
    name: FilePath
    digest: Annotated[dict[str, Text], Field(max_length=20)]


class _Whole(_Open):
    subject: Annotated[list[_Subject], Field(min_length=1, max_length=_MAX_ITEMS)]
    predicate: _Predicate


def read(file: Path) -> Statement:
    """Read a statement, bare or in a DSSE envelope or a bundle with one.

    Raises:
        BadInput: it cannot be read, is no statement, or no statement of a build of ours.
    """
    try:
        data = plain_bytes(file, MAX_BYTES)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else f"it is {error}"
        raise BadInput(
            "cannot read the statement", where=str(file), why=why or "", fix=_FIX
        ) from None
    return parse(data, str(file))


def parse(data: bytes, where: str) -> Statement:
    """Return what the bytes of a statement or an envelope say.

    Args:
        data: of unknown origin.
        where: the file's name, for refusals.

    Raises:
        BadInput: as `read`.
    """
    content = _json(data, where)
    if isinstance(content.get("dsseEnvelope"), dict):  # a bundle, as cosign writes it
        content = content["dsseEnvelope"]
    enveloped = "payload" in content and "_type" not in content
    if enveloped:
        content = _json(dsse.payload_of(content, where), f"{where}: payload")
    for key, legal in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
        if content.get(key) != legal:
            raise BadInput(
                f"no provenance statement: {key} is {shown(repr(content.get(key)))}",
                where=where,
                why=f"legal: {legal}",
                fix=_FIX,
            )
    build_type = _at(content, "predicate", "buildDefinition", "buildType")
    if build_type != BUILD_TYPE:
        raise BadInput(
            f"a build of another kind: {shown(repr(build_type))}",
            where=f"{where}: predicate.buildDefinition.buildType",
            why=f"legal: {BUILD_TYPE}, whose parameters and materials are known",
        )
    try:
        whole = _Whole.model_validate(content)
        record, strange = _record(whole, where)
    except ValidationError as error:
        raise BadInput(
            "the statement is malformed", where=where, why=problems(error), fix=_FIX
        ) from None
    builder, metadata = whole.predicate.runDetails.builder, whole.predicate.runDetails.metadata
    run = Run(builder.id, metadata.invocationId, metadata.startedOn, metadata.finishedOn)
    return Statement(record, run, enveloped, strange, content)


def _at(content: Any, *keys: str) -> Any:
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def _json(data: bytes, where: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key stands twice in one object")
        return found

    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON")

    try:
        if len(data) > MAX_BYTES:
            raise ValueError(f"longer than {MAX_BYTES >> 20} MiB")
        content = json.loads(
            data.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant
        )
        # A lone surrogate can be written in JSON and nowhere else.
        json.dumps(content, ensure_ascii=False).encode("utf-8")
        if _deeper(content, _MAX_DEPTH):
            raise RecursionError
    except RecursionError:
        raise BadInput("not a statement: nested too deeply", where=where, fix=_FIX) from None
    except ValueError as error:
        raise BadInput(f"not a statement: {shown(str(error))}", where=where, fix=_FIX) from None
    if not isinstance(content, dict):
        raise BadInput("not a statement: no JSON object", where=where, fix=_FIX)
    return content


def _deeper(content: Any, most: int) -> bool:
    """Tell whether values are nested in more than so many others."""
    level = [content] if isinstance(content, (dict, list)) else []
    for _ in range(most):
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [v for values in inner for v in values if isinstance(v, (dict, list))]
        if not level:
            return False
    return True


def _record(whole: _Whole, where: str) -> tuple[Record, tuple[str, ...]]:
    definition = whole.predicate.buildDefinition
    external, internal = definition.externalParameters, definition.internalParameters
    materials = _by_name(definition.resolvedDependencies, where)
    if len(set(external.flavours)) != len(external.flavours):
        raise BadInput("externalParameters name a flavour twice", where=where)
    if set(internal.flavours) != set(external.flavours):
        raise BadInput(
            "internalParameters are of other flavours than externalParameters", where=where
        )
    archives, patches, rule_sets, strange = [], [], [], []
    hashes: dict[str, dict[str, str]] = {}
    links: dict[str, LinkRecord] = {}
    for name, one in materials.items():
        kind, _, rest = name.partition("/")
        if kind in ("archive", "toolchain"):
            archives.append(_archive(kind, rest, one))
        elif kind == "patch":
            patches.append(_patch(rest, one))
        elif name in ("profile", "xnnkit"):
            hashes[name] = _hashes(_Hashes.model_validate(one.annotations), one, where)
        elif name == "workspace":
            notes = _WorkspaceNotes.model_validate(one.annotations)
            hashes[name] = _hashes(notes, one, where)
            links = {path: _link(link) for path, link in notes.links.items()}
        elif kind == "rules":
            rule_sets.append(_rule_set(rest, one))
        elif name != "bazel":
            strange.append(name)
    for name in ("profile", "workspace", "xnnkit"):
        if name not in hashes:
            raise BadInput(
                f"the statement has no material {name!r}",
                where=f"{where}: predicate.buildDefinition.resolvedDependencies",
                fix=_FIX,
            )
    version = whole.predicate.runDetails.builder.version
    record = Record.model_validate(
        {
            "profile": external.profile,
            "profile_parts": hashes["profile"],
            "flavours": [_flavour(name, internal.flavours[name]) for name in external.flavours],
            "layout": external.layout,
            "compiler": external.compiler,
            "bazel_options": external.bazelOptions,
            "outside_rc_files": external.outsideRcFiles,
            "optimization": internal.optimization,
            "settings": internal.settings,
            "bazel": version.bazel,
            "bazel_server": materials["bazel"].digest.sha256 if "bazel" in materials else None,
            "rule_sets": rule_sets,
            "xnnkit": version.xnnkit,
            "xnnkit_parts": hashes["xnnkit"],
            "archives": archives,
            "patches": patches,
            "workspace": hashes["workspace"],
            "links": links,
            "subjects": _subjects(whole.subject, where),
        }
    )
    return record, tuple(strange)


def _by_name(found: list[_Descriptor], where: str) -> dict[str, _Descriptor]:
    by_name: dict[str, _Descriptor] = {}
    for one in found:
        if one.name in by_name:
            raise BadInput(f"two materials have the name {shown(one.name)!r}", where=where)
        by_name[one.name] = one
    return by_name


def _subjects(found: list[_Subject], where: str) -> dict[str, str]:
    subjects: dict[str, str] = {}
    for one in found:
        if one.name in subjects:
            raise BadInput(f"two subjects have the name {shown(one.name)!r}", where=where)
        subjects[one.name] = one.digest.get("sha256", "")
    return subjects


def _archive(kind: str, name: str, one: _Descriptor) -> ArchiveRecord:
    notes = _ArchiveNotes.model_validate(one.annotations)
    return ArchiveRecord.model_validate(
        {
            "name": name,
            "kind": kind,
            "origin": notes.origin,
            "uri": one.uri,
            "sha256": one.digest.sha256,
            "size": notes.size,
            "commit": one.digest.gitCommit,
            "tree": one.digest.gitTree,
            "prebuilt": notes.prebuilt,
            "accepted_by_tree": notes.acceptedByTree,
        }
    )


def _patch(name: str, one: _Descriptor) -> PatchRecord:
    notes = _PatchNotes.model_validate(one.annotations)
    repository, _, patch_set = name.partition("/")
    return PatchRecord.model_validate(
        {
            "repository": repository,
            "patch_set": patch_set,
            "path": notes.path,
            "sha256": one.digest.sha256,
            "files": notes.files,
        }
    )


def _rule_set(key: str, one: _Descriptor) -> RuleSetRecord:
    name, _, version = key.partition("@")
    return RuleSetRecord.model_validate(
        {"name": name, "version": version, "dir_hash": one.digest.dirHash}
    )


def _link(one: _Link) -> LinkRecord:
    return LinkRecord(target=one.target, leads_to=one.leadsTo, content=one.content)


def _hashes(notes: _Hashes, one: _Descriptor, where: str) -> dict[str, str]:
    found = notes.sha256
    if dir_hash(found) != one.digest.dirHash:
        raise BadInput(
            f"the hashes of {one.name!r} do not come to its own dirHash",
            where=where,
            why="one of them was changed by hand",
        )
    return found


def _flavour(name: str, one: _InternalFlavour) -> FlavourRecord:
    return FlavourRecord(
        name=name,
        archives=one.archives,
        patch_sets=tuple(one.patchSets),
        switches=one.switches,
    )
