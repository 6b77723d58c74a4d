"""A bill of materials in CycloneDX 1.6: a profile in, and what is known of a build."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

import xnnkit
from xnnkit.profile import Archive, Flavour, Origin, Profile, Toolchain
from xnnkit.profile.compiler import ZIG, Compiler, toolchains
from xnnkit.provenance import components
from xnnkit.provenance.own_sources import own_sources
from xnnkit.provenance.record import ArchiveRecord, PatchRecord, RuleSetRecord
from xnnkit.render.repositories import Repository, aliases, repositories
from xnnkit.render.workspace import overlay_files

_LABEL = re.compile(r'"@([A-Za-z0-9_.-]+)(?://[^"]*)?"')

# A name of a micro-kernel that a flavour's proof forbids -> the archive that alone has such.
_KERNELS_OF = {"kai_*": "KleidiAI"}

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:xnnkit:sbom:v1")


@dataclass(frozen=True)
class Known:
    """What is known of a build besides its profile.

    Attributes:
        compiler: what it was compiled with.
        layout: "module" or "workspace".
        bazel: the version that built; "" for the profile's.
        archives: the files that were used.
        patches: the rendered diffs.
        subjects: flavour -> the sha256 of its program.
        rule_sets: what Bazel loaded besides the archives.
    """

    compiler: Compiler = ZIG
    layout: str = "module"
    bazel: str = ""
    archives: Sequence[ArchiveRecord] = ()
    patches: Sequence[PatchRecord] = ()
    subjects: Mapping[str, str] = field(default_factory=dict)
    rule_sets: Sequence[RuleSetRecord] = ()


def render(profile: Profile, flavours: Sequence[Flavour], known: Known) -> str:
    """Return the bill of materials as CycloneDX 1.6 JSON; the same input gives the same text.

    Args:
        profile: the pins.
        flavours: whose programs it is of. One is the bill's subject; several are its parts.
        known: what is known of a build.

    Raises:
        BadInput: a licence is no SPDX expression.
    """
    bom = _bom(profile, flavours, known)
    # The serial number is of the content, so it comes last; and no clock is asked.
    bom.serial_number = uuid.UUID(int=0)
    bom.serial_number = uuid.uuid5(_NAMESPACE, _text(bom))
    return _text(bom)


def of_flavour(profile: Profile, flavour: Flavour, layout: str = "module") -> list[Repository]:
    """Return the repositories that a flavour's program is built from."""
    behind = {one.name: one.actual for one in aliases(profile) if one.actual}
    of_flavours = {name for one in profile.flavour for name in one.archives.values()}
    found = []
    for one in repositories(profile, layout):
        if one.stands_for in behind:
            here = behind[one.stands_for].get(flavour.name) == one.name
        else:
            own = one.archive.name in flavour.archives.values()
            here = own or one.archive.name not in of_flavours
        if here:
            found.append(one)
    return found


def _text(bom: Bom) -> str:
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
    content: dict[str, Any] = json.loads(text)
    content["metadata"].pop("timestamp", None)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _bom(profile: Profile, flavours: Sequence[Flavour], known: Known) -> Bom:
    bom = Bom()
    root, programs = _programs(profile, flavours, known)
    bom.metadata.component = root
    bom.metadata.lifecycles.add(PredefinedLifecycle(LifecyclePhase.BUILD))
    bom.metadata.tools.components.add(
        Component(name="xnnkit", version=xnnkit.__version__, type=ComponentType.APPLICATION)
    )
    needed = {flavour.name: of_flavour(profile, flavour, known.layout) for flavour in flavours}
    made: dict[str, Component] = {}
    for one in repositories(profile, known.layout):
        users = [name for name, some in needed.items() if one in some]
        if users:
            made[one.name] = _archive(profile, one, users, known)
    compilers = [_toolchain(one, known) for one in toolchains(profile, known.compiler)]
    tools = [*compilers, components.bazel_component(profile.bazel, _bazel(profile, known))]
    tools += [components.rule_set_component(one) for one in known.rule_sets]
    used = [one for some in needed.values() for one in some]
    files = own_sources(profile, used)
    ours = [components.own_component(files, xnnkit.__version__)] if files else []
    for component in [*made.values(), *ours, *tools]:
        bom.components.add(component)
    runtime = [*ours, *(part for one in compilers for part in one.components)]
    for flavour, program in programs.items():
        of_it = [made[one.name] for one in needed[flavour]]
        of_it = [one for one in of_it if one.scope is ComponentScope.REQUIRED]
        bom.register_dependency(program, [*of_it, *runtime])
    if len(programs) > 1:
        bom.register_dependency(root, list(programs.values()))
    for some in needed.values():
        for one in some:
            bom.register_dependency(made[one.name], _edges(profile, one, some, made))
    return bom


def _bazel(profile: Profile, known: Known) -> str:
    return known.bazel or profile.bazel.version


def _programs(
    profile: Profile, flavours: Sequence[Flavour], known: Known
) -> tuple[Component, dict[str, Component]]:
    name = profile.benchmark.name
    programs = {}
    for flavour in flavours:
        digest = known.subjects.get(flavour.name)
        told = {"profile": profile.name, "flavour": flavour.name, "toolchain": known.compiler.name}
        told |= {f"switch:{key}": str(value).lower() for key, value in flavour.switches.items()}
        programs[flavour.name] = Component(
            name=name,
            version=f"{profile.name}-{flavour.name}",
            type=ComponentType.APPLICATION,
            bom_ref=f"binary/{flavour.name}",
            description=flavour.description,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else None,
            properties=components.properties(told),
        )
    if len(programs) == 1:
        return next(iter(programs.values())), programs
    root = Component(
        name=name,
        version=profile.name,
        type=ComponentType.APPLICATION,
        bom_ref=f"profile/{profile.name}",
        description=profile.description,
        components=programs.values(),
    )
    return root, programs


def _archive(profile: Profile, one: Repository, flavours: Sequence[str], known: Known) -> Component:
    return components.archive_component(
        one,
        _used(one.archive, "archive", known),
        [patch for patch in known.patches if patch.repository == one.name],
        excluded=_excluded(profile, one.archive, flavours),
        edges_known=bool(one.archive.overlay),
    )


def _excluded(profile: Profile, archive: Archive, flavours: Sequence[str]) -> str:
    """Return why nothing of an archive is in these flavours' programs; "" if something may be."""
    if archive.layout == "workspace":
        return "only loaded by BUILD files"
    for pattern, owner in _KERNELS_OF.items():
        proofs = [profile.get_flavour(name).proof for name in flavours]
        if archive.name == owner and all(pattern in proof.forbidden for proof in proofs):
            return f"the build proves that no function is called {pattern}"
    return ""


def _toolchain(one: Toolchain, known: Known) -> Component:
    used = _used(one, "toolchain", known)
    return components.toolchain_component(one, used, links=one.name == known.compiler.name)


def _used(item: Archive | Toolchain, kind: str, known: Known) -> Origin | None:
    for one in known.archives:
        if (one.kind, one.name) == (kind, item.name):
            return next((o for o in item.origin if o.type == one.origin), None)
    return None


def _edges(
    profile: Profile,
    one: Repository,
    some: Sequence[Repository],
    made: Mapping[str, Component],
) -> list[Component]:
    """Return what a repository depends on, as the BUILD files say that we lay over it."""
    if not one.archive.overlay:
        return []
    names = {other.stands_for: other.name for other in some}
    names |= {
        alias.name: names.get(alias.default, "") for alias in aliases(profile) if not alias.actual
    }
    found = set()
    for data in overlay_files(one.archive.overlay).values():
        found |= set(_LABEL.findall(data.decode()))
    return [
        made[names[name]] for name in sorted(found) if names.get(name) not in (None, "", one.name)
    ]
