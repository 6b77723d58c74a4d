"""What a build was made of: the facts that ``build.json`` keeps and a statement repeats.

Paths are relative and are never followed from here: whoever compares takes the names from this
machine's own profile and folders, and these facts only as what to expect.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from xnnkit.errors import BadInput, typed
from xnnkit.profile.model import GitId, Name, PatchSetName, RepoName, Sha256

KEY = "record"
"""The key of ``build.json`` that holds a `Record`."""

SCHEMA_VERSION: Final = 2
"""Version 1 left out symlinks in the workspace, rc files outside it, and most of xnnkit."""


def _inside(value: str) -> str:
    """Refuse a path that is absolute, leaves its root or is not in its shortest form."""
    if any(part in ("", ".", "..") for part in value.split("/")):
        raise ValueError("a relative path without empty, . or .. parts")
    if not value.isprintable():
        raise ValueError("a path of printable characters")
    return value


Text = Annotated[str, StringConstraints(max_length=4096)]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_inside)]
Origin = Literal["http", "git", "debian", "pypi"]


class Strict(BaseModel):
    """Unknown keys are refused, and nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Compiler(Strict):
    """What the benchmark was compiled with."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Literal["zig", "ndk"]
    version: Text = ""
    """The pinned release of the NDK; "" for zig, and for an installed NDK."""
    revision: Text = ""
    """Pkg.Revision of an installed NDK, which nothing verifies."""
    api_level: int | None = None


class ArchiveRecord(Strict):
    """One file that was verified and used."""

    name: RepoName
    kind: Literal["archive", "toolchain"]
    origin: Origin
    uri: Text
    """Where it comes from."""
    sha256: Sha256
    """Of the bytes that were used."""
    size: Annotated[int, Field(gt=0)]
    commit: GitId | None = None
    """The git commit; None for a toolchain and for prebuilt files."""
    tree: GitId | None = None
    """The git tree id that was checked; None where only bytes are."""
    prebuilt: bool = False
    accepted_by_tree: bool = False
    """Other bytes than pinned, accepted because the tree is the pinned one."""


class PatchRecord(Strict):
    """One patch set, as rendered for one repository."""

    repository: RepoName
    """The repository whose tree it changes."""
    patch_set: PatchSetName
    """A folder of patches/."""
    path: FilePath
    """The rendered diff, from the root of the workspace."""
    sha256: Sha256
    """Of the rendered diff."""
    files: dict[FilePath, Sha256]
    """The files that the set is made of, from patches/."""


class FlavourRecord(Strict):
    """What a flavour is: its sources, patch sets and switches."""

    name: Name
    archives: dict[RepoName, RepoName]
    patch_sets: tuple[PatchSetName, ...] = ()
    switches: dict[Text, bool] = {}


class LinkRecord(Strict):
    """A symlink in the workspace."""

    target: Sha256
    """Of the target as the link has it: a path of the machine that built is not told."""
    leads_to: Literal["file", "folder", "nothing", "other"]
    content: Sha256 | None = None
    """Of the plain file that it leads to."""


class RuleSetRecord(Strict):
    """A rule set that Bazel loaded besides the archives: a module of its own or of a registry."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{0,99}$")]
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.+_-]{0,100}$")] = ""
    """As its MODULE.bazel says; "" where it says none."""
    dir_hash: Sha256
    """in-toto's dirHash of its files."""

    @property
    def key(self) -> str:
        """The name, with the version if there is one."""
        return f"{self.name}@{self.version}" if self.version else self.name


class Record(Strict):
    """Everything that a build was made of, and what came of it."""

    schema_version: Literal[2] = 2
    profile: Name
    profile_parts: dict[Text, Sha256]
    """Each table of the profile -> the sha256 of its canonical JSON."""
    flavours: tuple[FlavourRecord, ...]
    layout: Literal["module", "workspace"]
    compiler: Compiler
    bazel_options: tuple[Text, ...] = ()
    """The user's own, after those of the workspace's .bazelrc."""
    outside_rc_files: Annotated[int, Field(ge=0)] = 0
    """Files outside the workspace that its rc files import; they may hold credentials, so nothing
    of them is kept."""
    optimization: Text
    settings: tuple[Text, ...] = ()
    """Options that the profile's target needs."""
    bazel: Text
    """The version of Bazel that built."""
    bazel_server: Sha256 | None = None
    """Of the jar that its server is; None where it was not to be found."""
    rule_sets: tuple[RuleSetRecord, ...] = ()
    xnnkit: Text
    """The version of xnnkit that built."""
    xnnkit_parts: dict[Text, Sha256]
    """Files and folders of xnnkit -> the hash of what is in them."""
    archives: tuple[ArchiveRecord, ...]
    patches: tuple[PatchRecord, ...]
    workspace: dict[FilePath, Sha256]
    """Every plain file of the workspace but Bazel's own."""
    links: dict[FilePath, LinkRecord] = {}
    """Every symlink of the workspace but Bazel's own."""
    subjects: dict[FilePath, Sha256]
    """The programs, from the build's directory: ``bin/FLAVOUR/NAME``."""


def of_manifest(content: dict[str, Any], where: str) -> Record:
    """Return the record that a build's manifest holds.

    Args:
        content: as ``manifest.read`` returns it.
        where: the manifest's path, for refusals.

    Raises:
        BadInput: it has none, or one that cannot be meant.
    """
    named = typed(content.get("profile", "PROFILE"))
    if KEY not in content:
        raise BadInput(
            "the build's manifest does not say what it was built from",
            where=where,
            why="it was written by an xnnkit that did not record it yet",
            fix=f"xnnkit build {named}    (again, with --out the same)",
        )
    kept = content[KEY]
    if isinstance(kept, dict) and kept.get("schema_version") != SCHEMA_VERSION:
        raise BadInput(
            "the build's manifest says otherwise what it was built from",
            where=f"{where}: {KEY}.schema_version",
            why=f"it was written by another xnnkit; this one reads {SCHEMA_VERSION}, and earlier"
            " ones left things out",
            fix=f"xnnkit build {named}    (again, with --out the same)",
        )
    try:
        found = Record.model_validate(kept)
        why = _stray(found)
    except ValidationError as error:
        why = problems(error)
    if why:
        raise BadInput(
            "the build's manifest is damaged",
            where=f"{where}: {KEY}",
            why=why,
            fix="build again",
        )
    return found


def _stray(found: Record) -> str:
    """Say which program is no ``bin/FLAVOUR/NAME`` of a flavour of the build; "" when none is."""
    names = {one.name for one in found.flavours}
    for path in found.subjects:
        folder, _, rest = path.partition("/")
        if folder != "bin" or rest.count("/") != 1 or rest.split("/")[0] not in names:
            return f"subjects: {shown(path)!r} is not bin/FLAVOUR/NAME of a flavour that was built"
    return ""


def of_flavours(found: Record, names: Collection[str]) -> Record:
    """Return the record of some flavours of a build, in the build's order."""
    kept = tuple(one for one in found.flavours if one.name in names)
    subjects = {
        path: digest for path, digest in found.subjects.items() if path.split("/")[1] in names
    }
    return found.model_copy(update={"flavours": kept, "subjects": subjects})


def problems(error: ValidationError, limit: int = 10) -> str:
    """Return a validation's complaints, a line each: the key, and what is wrong with it."""
    told = [
        f"{'.'.join(map(str, one['loc'])) or 'the whole'}: "
        + str(one["msg"]).removeprefix("Value error, ")
        for one in error.errors(include_url=False, include_input=False)
    ]
    more = [f"and {len(told) - limit} more"] if len(told) > limit else []
    return "\n         ".join(shown(line) for line in [*told[:limit], *more])


def shown(text: str, limit: int = 200) -> str:
    """Return text of unknown origin as it can be printed: escaped, and not endless."""
    clean = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return clean if len(clean) <= limit else clean[:limit] + "..."
