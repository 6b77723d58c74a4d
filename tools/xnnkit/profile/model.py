"""The shape of a profile: frozen, typed objects that refuse unknown keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from xnnkit.errors import BadInput
from xnnkit.profile.problem import choices, closest

SCHEMA_VERSION = 1

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
GitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
RepoName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]
PatchSetName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*/[a-z0-9][a-z0-9_.-]*$")
]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$")]


def _stays_inside(value: str) -> str:
    """Refuse a path that is absolute, leaves its root or is not in its shortest form."""
    if value and any(part in ("", ".", "..") for part in value.split("/")):
        raise ValueError(f"{value!r} must be a relative path without empty, . or .. parts")
    if not value.isprintable() or len(value) > 200:
        raise ValueError(f"{value[:80]!r} must be at most 200 characters, all of them printable")
    return value


FOLDER = r"^([A-Za-z0-9][A-Za-z0-9_.-]*)?$"
# What is rendered into comments and docstrings must not end them.
LINE = r'^[^\x00-\x1f\x7f\\"]*$'
PACKAGE = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"
# Only what says how to compile: no startup option, no other rc file, no place of this machine.
SETTING = (
    r"^--((host_)?(copt|conlyopt|cxxopt|linkopt)|define|proto_compiler|proto_toolchain_for_cc)"
    r"=[^\s\"'#\\]+$"
)
# What becomes a word of pip's or apt's command line, or a file's name: no option, no other place.
PROJECT = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
WHEEL = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*\.whl$"
RELEASE = r"^([A-Za-z0-9][A-Za-z0-9_.+!:~-]*)?$"
DEBIAN = r"^[a-z0-9][a-z0-9.+-]*$"
_HOST = r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
URL = rf"^https://{_HOST}(:[0-9]{{1,5}})?/[^\s\x00-\x1f\x7f\"'\\<>^`{{|}}#]+$"
FolderName = Annotated[str, StringConstraints(pattern=FOLDER)]
Release = Annotated[str, StringConstraints(pattern=RELEASE)]
DebianName = Annotated[str, StringConstraints(pattern=DEBIAN)]
Line = Annotated[str, StringConstraints(pattern=LINE)]
Package = Annotated[str, StringConstraints(pattern=PACKAGE)]
Setting = Annotated[str, StringConstraints(pattern=SETTING)]

# "" (the archive's root) or a relative path that stays inside.
StripPrefix = Annotated[str, AfterValidator(_stays_inside)]
Format = Literal["tar.gz", "tar.xz", "zip", "deb", "whl"]

MAX_ARCHIVE_BYTES = 2 << 30


class _Strict(BaseModel):
    """Unknown keys are refused and nothing is changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _OriginBase(_Strict):
    sha256: Sha256
    """SHA-256 of the file's bytes, 64 hexadecimal digits in lower case."""
    size: Annotated[int, Field(gt=0, le=MAX_ARCHIVE_BYTES)]
    """Size of the file in bytes; a download stops there."""
    strip_prefix: StripPrefix = ""
    """The folder inside the file that holds the tree; empty when the file's root does."""
    prebuilt: bool = False
    """The file holds built libraries: only its bytes are checked, there is no tree."""
    version: Release = ""
    """The release that a prebuilt or packaged file was made of."""
    overlay: FolderName = ""
    """Overrides the archive's overlay when the tree comes from this origin."""

    @property
    def filename(self) -> str:
        """The file's name as a ``--distdir`` wants it."""
        raise NotImplementedError  # pragma: no cover - every origin says its own

    @property
    def archive_format(self) -> Format:
        """How to unpack the file, told from its name."""
        for suffix in ("tar.gz", "tar.xz", "zip", "deb", "whl"):
            if self.filename.endswith("." + suffix):
                return suffix
        raise BadInput(
            f"{self.filename}: the name does not tell the archive's format",
            why="legal endings are .tar.gz, .tar.xz, .zip, .deb, .whl",
        )


class HttpOrigin(_OriginBase):
    """A file at a fixed URL."""

    type: Literal["http"]
    """Says that this is a file at a URL."""
    url: Annotated[str, StringConstraints(pattern=URL)]
    """The address, https only, without a user or a password in it."""

    @property
    def filename(self) -> str:
        return self.url.rsplit("/", 1)[1]

    @property
    def location(self) -> str:
        return self.url


class GitOrigin(_OriginBase):
    """The http origin's file, made again from a clone under the git root (``git archive``)."""

    type: Literal["git"]
    """Says that the file is made from a clone."""
    repository: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*$")
    ]
    """OWNER/NAME; found under the git root as OWNER/NAME, OWNER/NAME.git or OWNER+NAME/repo."""
    format: Literal["tar.gz", "zip"]
    """The archive's format."""
    timezone: Literal["America/Los_Angeles", "UTC"] = "America/Los_Angeles"
    """The zone the host makes zips in, since zip members carry local time: America/Los_Angeles for
    GitHub, UTC for GitLab."""
    paths: tuple[Annotated[str, AfterValidator(_stays_inside), Field(min_length=1)], ...] = ()
    """Paths to archive instead of the whole tree; names as they are, without wildcards."""
    tree: GitId | None = None
    """The git tree id of exactly these paths; given with ``paths`` and only then."""
    url: Annotated[
        str, StringConstraints(pattern=r"^(https://[A-Za-z0-9.:-]+(/[A-Za-z0-9_.~+%-]+)+)?$")
    ] = ""
    """Where the repository is, https only; empty for https://github.com/OWNER/NAME."""

    @model_validator(mode="after")
    def _paths_have_a_tree(self) -> GitOrigin:
        if bool(self.paths) != (self.tree is not None):
            raise ValueError("give paths and the tree of these paths together, or neither")
        return self

    @property
    def filename(self) -> str:
        return f"{self.strip_prefix}.{self.format}"

    @property
    def location(self) -> str:
        return f"git:{self.repository}"


class DebianOrigin(_OriginBase):
    """A file of a Debian mirror's pool; the mirror is the machine's own (apt's configuration)."""

    type: Literal["debian"]
    """Says that a Debian mirror has the file."""
    path: Annotated[str, StringConstraints(pattern=r"^pool/[^\s]+$"), AfterValidator(_stays_inside)]
    """The file's path below the mirror's root."""

    @property
    def filename(self) -> str:
        return self.path.rsplit("/", 1)[1]

    @property
    def location(self) -> str:
        return f"debian:{self.path}"


class PypiOrigin(_OriginBase):
    """A file of the machine's own Python package index (pip's configuration)."""

    type: Literal["pypi"]
    """Says that a Python package index has the file."""
    package: Annotated[str, StringConstraints(pattern=PROJECT)]
    """The package's name on the index."""
    file: Annotated[str, StringConstraints(pattern=WHEEL)]
    """The file's name, which tells it from the release's other files."""

    @property
    def filename(self) -> str:
        return self.file

    @property
    def location(self) -> str:
        return f"pypi:{self.package}=={self.version}"


Origin = Annotated[HttpOrigin | GitOrigin | DebianOrigin | PypiOrigin, Field(discriminator="type")]


class Archive(_Strict):
    """One pinned source: a git commit, its tree id, and where its bytes can come from."""

    name: RepoName
    """The Bazel repository's name."""
    commit: GitId
    """The upstream commit."""
    tree: GitId
    """The git tree id of that commit, checked against what is inside the file."""
    licence: str
    """The licence as an SPDX expression."""
    overlay: FolderName = ""
    """A folder of tools/xnnkit/render/overlays whose files are laid over the tree."""
    patch_sets: tuple[PatchSetName, ...] = ()
    """Patch sets that every flavour's tree gets, in this order, before the flavour's own."""
    layout: Literal["", "workspace"] = ""
    """"workspace": only a WORKSPACE declares it; a MODULE.bazel has the Bazel module instead."""
    origin: Annotated[tuple[Origin, ...], Field(min_length=1)]
    """Where the file can be had, in the order to try; prebuilt ones last."""

    @model_validator(mode="after")
    def _prebuilt_is_last(self) -> Archive:
        flags = [o.prebuilt for o in self.origin]
        if all(flags):
            raise ValueError("every origin is prebuilt; at least one must be source")
        if flags != sorted(flags):
            raise ValueError("a prebuilt origin must come after every source origin")
        return self


class Stub(_Strict):
    """A repository that BUILD files of the closure name in ``load()`` and never build from."""

    name: RepoName
    """The Bazel repository's name."""
    files: Annotated[FolderName, Field(min_length=1)]
    """A folder of tools/xnnkit/render/stubs with the repository's files."""


class Alias(_Strict):
    """A second name for a repository, where BUILD files know it by two."""

    name: RepoName
    """The Bazel repository's name."""
    archive: RepoName
    """The archive whose targets it stands for."""
    targets: Annotated[tuple[Label, ...], Field(min_length=1)]
    """Targets of the root package."""


class Toolchain(_Strict):
    """A compiler: pinned by bytes only, there is no git tree of a release's binaries."""

    name: Literal["zig", "ndk"]
    """zig links static binaries with musl, ndk links against Android's bionic."""
    version: Release
    """The release."""
    host: Literal["linux-x86_64", "linux-aarch64"]
    """The machine the compiler runs on."""
    licence: str
    """The licence as an SPDX expression."""
    origin: Annotated[tuple[Origin, ...], Field(min_length=1)]
    """Where the file can be had, in the order to try."""


class Proof(_Strict):
    """Glob patterns on the ELF's function symbols, checked on every binary of the flavour."""

    required: tuple[str, ...] = ()
    """Each pattern must match at least one function."""
    forbidden: tuple[str, ...] = ()
    """No pattern may match any function."""
    executed: tuple[str, ...] = ()
    """Functions that a run must be seen to enter, not only to contain; ``A|B`` is either."""
    bypassed: tuple[str, ...] = ()
    """Functions that no run may be seen to enter, though the binary has them: the stock ones."""


class Flavour(_Strict):
    """Which XNNPACK and which switches."""

    name: Name
    """The flavour's name, as --flavour takes it."""
    description: Line
    """One line that tells it from the others."""
    archives: dict[RepoName, RepoName]
    """The repository's name as BUILD files write it, and the archive that stands behind it."""
    patch_sets: tuple[PatchSetName, ...] = ()
    """Patch sets for the benchmark's archive, in this order; each a folder of patches/."""
    unavailable: str = ""
    """Why the flavour cannot be built; empty when it can. Building it is refused with this."""
    switches: dict[Label, bool] = {}
    """Build settings of XNNPACK and their values."""
    proof: Proof
    """What the built binary must and must not contain."""


class DebianBazel(_Strict):
    """Bazel as a Debian package, for where its own servers cannot be reached."""

    package: DebianName
    """The package's name."""
    suite: DebianName
    """The suite that has it, such as testing."""


class Bazel(_Strict):
    """Which Bazel builds the workspace."""

    version: Version
    """The version that goes into .bazelversion."""
    minimum: Version
    """The first version that is legal."""
    below: Version
    """The first version that is not legal any more."""
    debian: DebianBazel | None = None
    """The Debian package to take where Bazel's own servers cannot be reached."""


class Memory(_Strict):
    """How much memory benchmarks of the program need under an emulator, as measured."""

    name: Line
    """What they are called together."""
    benchmarks: Annotated[tuple[str, ...], Field(min_length=1)]
    """Their full names, as --benchmark_filter is matched against."""
    bytes: Annotated[int, Field(gt=0)]
    """The peak of the process with the first of them; the others need no less."""


class Benchmark(_Strict):
    """The program to build: our own source in the workspace, or a target of an archive."""

    name: Label
    """The benchmark's name in results."""
    source: str = ""
    """A folder of xnnkit that is copied into the workspace; empty when an archive has it."""
    repository: str = ""
    """The archive that has the program; empty when `source` does."""
    package: Package
    """The Bazel package it is in."""
    target: Label
    """The cc_binary's or cc_test's name."""
    archive: RepoName
    """The repository whose flavour the benchmark measures; every flavour must say what it is."""
    archive_targets: tuple[Label, ...] = ()
    """Targets of that repository that others depend on; empty for the one of its own name."""
    emulated_arguments: tuple[str, ...] = ()
    """The program's arguments on an emulated device when none are given: what it finishes soon."""
    memory: tuple[Memory, ...] = ()
    """What runs under an emulator need; none where it is little."""

    @property
    def label(self) -> str:
        """The program's label in the workspace."""
        prefix = f"@{self.repository}" if self.repository else ""
        return f"{prefix}//{self.package}:{self.target}"

    @model_validator(mode="after")
    def _one_place(self) -> Benchmark:
        if bool(self.source) == bool(self.repository):
            raise ValueError("give either source or repository, which say where the program is")
        return self


class Profile(_Strict):
    """A named, complete set of pins."""

    schema_version: Literal[1]
    """The version of this format."""
    name: Name
    """The profile's name, the same as the file's without .toml."""
    description: Line
    """One line for `xnnkit profile list`."""
    default_flavour: Name
    """The flavour that a plain `bazel build` builds."""
    optimization: Literal["O2", "O3"] = "O2"
    """The optimisation level of every compilation that does not ask for one itself."""
    toolchains: Annotated[tuple[Literal["zig", "ndk"], ...], Field(min_length=1)]
    """The compilers this profile can be built with; the first is the default."""
    bazel: Bazel
    """Which Bazel builds the workspace."""
    benchmark: Benchmark
    """The program to build."""
    flavour: Annotated[tuple[Flavour, ...], Field(min_length=1)]
    """The flavours, in the order of reports."""
    archive: Annotated[tuple[Archive, ...], Field(min_length=1)]
    """Every source in the benchmark's closure."""
    alias: tuple[Alias, ...] = ()
    """Second names of archives' repositories."""
    stub: tuple[Stub, ...] = ()
    """Repositories that are only named in load()."""
    settings: tuple[Setting, ...] = ()
    """Options for every `bazel build` that the target needs, such as --cxxopt=-std=c++17."""
    toolchain: Annotated[tuple[Toolchain, ...], Field(min_length=1)]
    """The compilers' own pins, one for each name and host."""

    def get_flavour(self, name: str) -> Flavour:
        """Return the flavour called ``name``; BadInput lists the legal ones."""
        for flavour in self.flavour:
            if flavour.name == name:
                return flavour
        raise self._unknown("flavour", name, [f.name for f in self.flavour])

    def get_archive(self, name: str) -> Archive:
        """Return the archive called ``name``; BadInput lists the legal ones."""
        for archive in self.archive:
            if archive.name == name:
                return archive
        raise self._unknown("archive", name, [a.name for a in self.archive])

    def _unknown(self, kind: str, name: str, legal: list[str]) -> BadInput:
        nearest = closest(name, legal)
        return BadInput(
            f"profile {self.name!r} has no {kind} {name!r}",
            where=f"profiles/{self.name}.toml",
            why=f"legal: {choices(name, legal)}",
            fix=f"use {nearest}" if nearest else f"xnnkit profile show {self.name}",
        )
