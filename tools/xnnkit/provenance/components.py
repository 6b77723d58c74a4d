"""What CycloneDX says of one archive, of one compiler, of Bazel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cyclonedx import spdx
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.component import (
    Component,
    ComponentScope,
    ComponentType,
    Diff,
    Patch,
    PatchClassification,
    Pedigree,
    Swhid,
)
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from packageurl import PackageURL

from xnnkit.errors import BadInput
from xnnkit.profile import Archive, Bazel, GitOrigin, HttpOrigin, Origin, PypiOrigin, Toolchain
from xnnkit.provenance.digests import dir_hash
from xnnkit.provenance.record import PatchRecord, RuleSetRecord
from xnnkit.render.repositories import Repository

_GITHUB = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+)/archive/")
_RELEASE = re.compile(r"/archive/+(?:refs/tags/)?(v?\d[^/]*)\.(?:tar\.gz|zip)$")
_LICENCE_REF = re.compile(r"\bLicenseRef-[A-Za-z0-9.-]+(?![\w.-])")

# What the driver links into every program, by compiler: name, licence, from where.
_RUNTIMES: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "zig": (
        ("musl", "MIT", "libc, in the sources that zig brings"),
        ("libcxx", "Apache-2.0 WITH LLVM-exception", "libc++, in the sources that zig brings"),
        ("libcxxabi", "Apache-2.0 WITH LLVM-exception", "libc++abi, from the same"),
        ("libunwind", "Apache-2.0 WITH LLVM-exception", "from the same"),
        ("compiler-rt", "MIT", "zig's own"),
    ),
    "ndk": (
        ("libcxx", "Apache-2.0 WITH LLVM-exception", "libc++_static of the NDK"),
        ("libcxxabi", "Apache-2.0 WITH LLVM-exception", "from the same"),
        ("libunwind", "Apache-2.0 WITH LLVM-exception", "from the same"),
        ("compiler-rt", "Apache-2.0 WITH LLVM-exception", "clang's builtins of the NDK"),
    ),
}

# Bazel's own, all under Bazel's licence.
_RULE_SETS = (
    "bazel_features",
    "bazel_skylib",
    "bazel_tools",
    "platforms",
    "rules_cc",
    "rules_java",
    "rules_license",
    "rules_proto",
    "rules_python",
    "rules_shell",
)


def licence(expression: str, where: str) -> License:
    """Return a licence as CycloneDX writes it: an SPDX id where it is one.

    Args:
        expression: an SPDX id or expression.
        where: whose licence it is, for the refusal.

    Raises:
        BadInput: it is neither.
    """
    if spdx.is_supported_id(expression):
        return DisjunctiveLicense(id=expression)
    # A LicenseRef is legal wherever an id is, but the library knows only listed ids.
    if expression and spdx.is_expression(_LICENCE_REF.sub("MIT", expression)):
        return LicenseExpression(expression)
    raise BadInput(
        f"{where}: {expression!r} is no SPDX licence expression",
        why="a bill of materials names every component's licence by its SPDX id",
        fix="write one of https://spdx.org/licenses, or LicenseRef-NAME, into the profile",
    )


def release_of(archive: Archive) -> str:
    """Return the tag that an archive's address names, or else its commit."""
    for origin in archive.origin:
        if isinstance(origin, HttpOrigin) and (found := _RELEASE.search(origin.url)):
            return found[1]
    return archive.commit


def purl_of(archive: Archive) -> PackageURL:
    """Return the package URL of an archive's upstream, at its release or commit."""
    version = release_of(archive)
    for origin in archive.origin:
        if isinstance(origin, HttpOrigin) and (found := _GITHUB.match(origin.url)):
            return PackageURL("github", found[1], found[2], version)
        if isinstance(origin, GitOrigin) and not origin.url:
            owner, _, name = origin.repository.partition("/")
            return PackageURL("github", owner, name, version)
    return PackageURL("generic", None, archive.name, version)


def archive_component(
    repository: Repository,
    used: Origin | None,
    patches: Sequence[PatchRecord],
    *,
    excluded: str = "",
    edges_known: bool,
) -> Component:
    """Return the component of one repository: an archive's tree with its patch sets.

    Args:
        repository: as ``render.repositories`` names it.
        used: the origin that a build took; None for the profile's first.
        patches: the rendered diffs of its patch sets, as far as they are known.
        excluded: why nothing of it is in the binary; "" when something may be.
        edges_known: its dependencies are told by BUILD files of ours.
    """
    archive = repository.archive
    origin = used or archive.origin[0]
    version, purl = release_of(archive), purl_of(archive)
    ids = [f"swh:1:rev:{archive.commit}", f"swh:1:dir:{archive.tree}"]
    if origin.prebuilt:
        # Somebody else's binary: neither the commit nor the tree is what it was made of.
        version, ids = origin.version, []
        file = re.match(r"(.+?)_.+_(.+?)\.deb$", origin.filename)
        qualifiers = {"arch": file[2]} if file else {}
        name = file[1] if file else archive.name
        purl = PackageURL("deb", "debian", name, version, qualifiers)
    told = {
        "archive": archive.name,
        "commit": archive.commit,
        "tree": archive.tree,
        "origin": origin.type,
        "prebuilt": str(origin.prebuilt).lower(),
        "dependencies": "from the BUILD files of xnnkit" if edges_known else "not known",
    }
    if excluded:
        told["excluded"] = excluded
    for patch in patches:
        told[f"patch:{patch.patch_set}"] = f"sha256:{patch.sha256}"
    return Component(
        name=archive.name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"archive/{repository.name}",
        scope=ComponentScope.EXCLUDED if excluded else ComponentScope.REQUIRED,
        licenses=[licence(archive.licence, archive.name)],
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=origin.sha256)],
        external_references=references(archive.origin),
        swhids=[Swhid(one) for one in ids],
        pedigree=_pedigree(repository, patches, purl, version),
        modified=False,
        properties=properties(told),
    )


def _pedigree(
    repository: Repository, patches: Sequence[PatchRecord], purl: PackageURL, version: str
) -> Pedigree | None:
    if not repository.patch_sets:
        return None
    known = {patch.patch_set: patch for patch in patches}
    found = []
    lines = []
    for name, path in repository.diffs:
        patch = known.get(name)
        # The diff quotes what it changes, which is not ours to give on: its place and its hash.
        diff = Diff(url=XsUri(path))
        found.append(Patch(type=PatchClassification.UNOFFICIAL, diff=diff))
        digest = f"sha256 {patch.sha256}" if patch else "not rendered"
        lines.append(f"patch set {name}: {digest}")
    upstream = Component(
        name=repository.archive.name,
        version=version,
        purl=purl,
        bom_ref=f"upstream/{repository.name}",
    )
    return Pedigree(ancestors=[upstream], patches=found, notes="\n".join(lines))


def toolchain_component(toolchain: Toolchain, used: Origin | None, *, links: bool) -> Component:
    """Return the component of a compiler, with what it links into every program as its parts.

    Args:
        toolchain: the pin.
        used: the origin that a build took; None for the profile's first.
        links: the benchmark is linked by it; otherwise it only makes tools that run here.
    """
    origin = used or toolchain.origin[0]
    parts = [
        Component(
            name=name,
            type=ComponentType.LIBRARY,
            bom_ref=f"toolchain/{toolchain.name}/{name}",
            scope=ComponentScope.REQUIRED,
            licenses=[licence(expression, name)],
            description=where,
        )
        for name, expression, where in (_RUNTIMES[toolchain.name] if links else ())
    ]
    urls = [one.url for one in toolchain.origin if isinstance(one, HttpOrigin)]
    qualifiers = {"download_url": urls[0]} if urls else {}
    return Component(
        name=toolchain.name,
        version=toolchain.version,
        type=ComponentType.APPLICATION,
        bom_ref=f"toolchain/{toolchain.name}",
        scope=ComponentScope.EXCLUDED,
        description=f"compiler, for {toolchain.host}; its run-time libraries are its parts",
        licenses=[licence(toolchain.licence, toolchain.name)],
        purl=PackageURL("generic", None, toolchain.name, toolchain.version, qualifiers),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=origin.sha256)],
        external_references=references(toolchain.origin, built=True),
        components=parts,
        properties=properties({"role": "build", "host": toolchain.host, "origin": origin.type}),
    )


def bazel_component(bazel: Bazel, version: str) -> Component:
    """Return the component of Bazel, a tool of which nothing goes into a binary."""
    return Component(
        name="bazel",
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref="tool/bazel",
        scope=ComponentScope.EXCLUDED,
        licenses=[licence("Apache-2.0", "bazel")],
        purl=PackageURL("github", "bazelbuild", "bazel", version),
        properties=properties({"role": "build", "legal": f">={bazel.minimum},<{bazel.below}"}),
    )


def rule_set_component(module: RuleSetRecord) -> Component:
    """Return the component of a rule set, of which nothing goes into a binary."""
    known = module.name in _RULE_SETS
    told = {"role": "build", "dirHash": module.dir_hash}
    return Component(
        name=module.name,
        version=module.version or "of Bazel",
        type=ComponentType.LIBRARY,
        bom_ref=f"rules/{module.key}",
        scope=ComponentScope.EXCLUDED,
        licenses=[licence("Apache-2.0", module.name)] if known else [],
        purl=PackageURL("bazel", None, module.name, module.version or None),
        properties=properties(told if known else {**told, "licence": "not known"}),
    )


def own_component(files: Mapping[str, str], version: str) -> Component:
    """Return the component of xnnkit's own code that is in the programs.

    Args:
        files: path -> sha256.
        version: xnnkit's.
    """
    return Component(
        name="xnnkit-sources",
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref="source/xnnkit",
        scope=ComponentScope.REQUIRED,
        description="code of xnnkit's own that is compiled into the programs",
        licenses=[licence("Apache-2.0", "xnnkit")],
        purl=PackageURL("generic", None, "xnnkit", version),
        properties=properties(
            {"dirHash": dir_hash(files), **{f"sha256:{name}": d for name, d in files.items()}}
        ),
    )


def references(origins: Sequence[Origin], *, built: bool = False) -> list[ExternalReference]:
    """Return where the bytes can be had, each with its hash, and the repository.

    Args:
        origins: of an archive or a toolchain.
        built: the files hold programs, not sources.
    """
    found = []
    for origin in origins:
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=origin.sha256)]
        kind, comment = ExternalReferenceType.SOURCE_DISTRIBUTION, ""
        if built or origin.prebuilt:
            kind = ExternalReferenceType.DISTRIBUTION
        url = origin.location
        if isinstance(origin, GitOrigin):
            kind = ExternalReferenceType.SCM
            url = origin.url or f"https://github.com/{origin.repository}"
            comment = f"the hash is of git archive --format={origin.format}"
        elif isinstance(origin, PypiOrigin):
            url = str(PackageURL("pypi", None, origin.package, origin.version))
            comment = origin.file
        found.append(
            ExternalReference(type=kind, url=XsUri(url), hashes=hashes, comment=comment or None)
        )
    return found


def properties(values: Mapping[str, str]) -> list[Property]:
    """Return properties below ``xnnkit:``."""
    return [Property(name=f"xnnkit:{name}", value=value) for name, value in values.items()]
