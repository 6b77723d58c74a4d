"""An in-toto statement with SLSA's provenance predicate: a build's record in, the same bytes out.

The same record gives the same bytes on every machine: no clock, no host, no path of this machine.
What the clock says goes in only when it is given.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from xnnkit.provenance.digests import dir_hash
from xnnkit.provenance.record import ArchiveRecord, LinkRecord, PatchRecord, Record, RuleSetRecord

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"

BUILD_TYPE = "urn:xnnkit:build:v2"
"""What the parameters mean; docs/provenance.md describes it."""

BUILDER = "urn:xnnkit:builder:self"
"""Whoever ran xnnkit on a machine of their own; --builder-id names somebody else."""


@dataclass(frozen=True)
class Run:
    """What a record does not know of the run that made it.

    Attributes:
        builder_id: a URI that names who built.
        invocation_id: names this one build; "" leaves it out.
        started_on: RFC 3339 in UTC; "" leaves it out.
        finished_on: the same.
    """

    builder_id: str = BUILDER
    invocation_id: str = ""
    started_on: str = ""
    finished_on: str = ""


def render(record: Record, run: Run = Run()) -> bytes:
    """Return the statement's bytes: JSON, two blanks of indent, a newline at the end.

    Args:
        record: what was built of what.
        run: who built, and when.
    """
    return (json.dumps(statement(record, run), indent=2, ensure_ascii=False) + "\n").encode()


def statement(record: Record, run: Run = Run()) -> dict[str, Any]:
    """Return the statement, JSON-ready."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": digest}}
            for name, digest in sorted(record.subjects.items())
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": _external(record),
                "internalParameters": _internal(record),
                "resolvedDependencies": _materials(record),
            },
            "runDetails": {
                "builder": {
                    "id": run.builder_id,
                    "version": {"bazel": record.bazel, "xnnkit": record.xnnkit},
                },
                **_metadata(run),
            },
        },
    }


def _external(record: Record) -> dict[str, Any]:
    """What the user chose."""
    return {
        "profile": record.profile,
        "flavours": [flavour.name for flavour in record.flavours],
        "compiler": record.compiler.model_dump(mode="json"),
        "layout": record.layout,
        "bazelOptions": list(record.bazel_options),
        "outsideRcFiles": record.outside_rc_files,
    }


def _internal(record: Record) -> dict[str, Any]:
    """What follows from the profile."""
    return {
        "optimization": record.optimization,
        "settings": list(record.settings),
        "flavours": {
            flavour.name: {
                "archives": flavour.archives,
                "patchSets": list(flavour.patch_sets),
                "switches": flavour.switches,
            }
            for flavour in record.flavours
        },
    }


def _materials(record: Record) -> list[dict[str, Any]]:
    return [
        *(_archive(one) for one in record.archives),
        *(_patch(one) for one in record.patches),
        _hashes("profile", record.profile_parts, of="the canonical JSON of each table"),
        _workspace(record),
        {
            **_hashes("xnnkit", record.xnnkit_parts, of="each file, the dirHash of each folder"),
            "uri": f"pkg:generic/xnnkit@{record.xnnkit}",
        },
        _bazel(record),
        *(_rule_set(one) for one in record.rule_sets),
    ]


def _bazel(record: Record) -> dict[str, Any]:
    digest = {"digest": {"sha256": record.bazel_server}} if record.bazel_server else {}
    return {"name": "bazel", "uri": f"pkg:github/bazelbuild/bazel@{record.bazel}", **digest}


def _rule_set(one: RuleSetRecord) -> dict[str, Any]:
    return {
        "name": f"rules/{one.key}",
        "uri": f"pkg:bazel/{one.key}",
        "digest": {"dirHash": one.dir_hash},
    }


def _archive(one: ArchiveRecord) -> dict[str, Any]:
    digest = {"sha256": one.sha256}
    if one.commit:
        digest["gitCommit"] = one.commit
    if one.tree:
        digest["gitTree"] = one.tree
    return {
        "name": f"{one.kind}/{one.name}",
        "uri": one.uri,
        "digest": digest,
        "annotations": {
            "origin": one.origin,
            "size": one.size,
            "prebuilt": one.prebuilt,
            "acceptedByTree": one.accepted_by_tree,
        },
    }


def _patch(one: PatchRecord) -> dict[str, Any]:
    return {
        "name": f"patch/{one.repository}/{one.patch_set}",
        "digest": {"sha256": one.sha256},
        "mediaType": "text/x-diff",
        "annotations": {"path": one.path, "files": dict(sorted(one.files.items()))},
    }


def _workspace(record: Record) -> dict[str, Any]:
    found = _hashes("workspace", record.workspace, of="each file")
    found["annotations"]["links"] = {name: _link(one) for name, one in sorted(record.links.items())}
    return found


def _link(one: LinkRecord) -> dict[str, str]:
    content = {"content": one.content} if one.content is not None else {}
    return {"target": one.target, "leadsTo": one.leads_to, **content}


def _hashes(name: str, files: dict[str, str], *, of: str) -> dict[str, Any]:
    return {
        "name": name,
        "digest": {"dirHash": dir_hash(files)},
        "annotations": {"sha256Of": of, "sha256": dict(sorted(files.items()))},
    }


def _metadata(run: Run) -> dict[str, Any]:
    given = {
        "invocationId": run.invocation_id,
        "startedOn": run.started_on,
        "finishedOn": run.finished_on,
    }
    metadata = {key: value for key, value in given.items() if value}
    return {"metadata": metadata} if metadata else {}
