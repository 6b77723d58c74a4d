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
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]


def _stays_inside(value: str) -> str:
    """Refuse a path that is absolute, leaves its root or is not in its shortest form."""
    if value and any(part in ("", ".", "..") for part in value.split("/")):
        raise ValueError(f"{value!r} must be a relative path without empty, . or .. parts")
    return value


# "" (the archive's root) or a relative path that stays inside.
StripPrefix = Annotated[str, AfterValidator(_stays_inside)]
Format = Literal["tar.gz", "tar.xz", "zip", "deb", "whl"]

MAX_ARCHIVE_BYTES = 2 << 30


class _Strict(BaseModel):
    """Unknown keys are refused and nothing is changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _OriginBase(_Strict):
    sha256: Sha256
    size: Annotated[int, Field(gt=0, le=MAX_ARCHIVE_BYTES)]
    strip_prefix: StripPrefix = ""
    prebuilt: bool = False
    version: str = ""
    overlay: str = ""

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
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$")]

    @property
    def filename(self) -> str:
        return self.url.rsplit("/", 1)[1]

    @property
    def location(self) -> str:
        return self.url


class GitOrigin(_OriginBase):
    """The http origin's file, made again from a clone under the git root (``git archive``).

    ``timezone`` is the zone the host ran ``git archive --format=zip`` in, because zip members
    carry local time: America/Los_Angeles for GitHub, UTC for GitLab.
    """

    type: Literal["git"]
    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    format: Literal["tar.gz", "zip"]
    timezone: Literal["America/Los_Angeles", "UTC"] = "America/Los_Angeles"
    paths: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        return f"{self.strip_prefix}.{self.format}"

    @property
    def location(self) -> str:
        return f"git:{self.repository}"


class DebianOrigin(_OriginBase):
    """A file of a Debian mirror's pool; the mirror is the machine's own (apt's configuration)."""

    type: Literal["debian"]
    path: Annotated[str, StringConstraints(pattern=r"^pool/[^\s]+$")]

    @property
    def filename(self) -> str:
        return self.path.rsplit("/", 1)[1]

    @property
    def location(self) -> str:
        return f"debian:{self.path}"


class PypiOrigin(_OriginBase):
    """A file of the machine's own Python package index (pip's configuration)."""

    type: Literal["pypi"]
    package: str
    file: str

    @property
    def filename(self) -> str:
        return self.file

    @property
    def location(self) -> str:
        return f"pypi:{self.package}=={self.version}"


Origin = Annotated[HttpOrigin | GitOrigin | DebianOrigin | PypiOrigin, Field(discriminator="type")]


class Archive(_Strict):
    """One pinned source: a git commit, its tree id, and where its bytes can come from.

    ``name`` is the Bazel repository's name; ``overlay`` names a folder of
    ``tools/xnnkit/render/overlays`` whose files are laid over the tree.
    """

    name: RepoName
    commit: GitId
    tree: GitId
    licence: str
    overlay: str = ""
    origin: Annotated[tuple[Origin, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _prebuilt_is_last(self) -> Archive:
        flags = [o.prebuilt for o in self.origin]
        if all(flags):
            raise ValueError("every origin is prebuilt; at least one must be source")
        if flags != sorted(flags):
            raise ValueError("a prebuilt origin must come after every source origin")
        return self


class Toolchain(_Strict):
    """A compiler: pinned by bytes only, there is no git tree of a release's binaries."""

    name: Literal["zig", "ndk"]
    version: str
    host: Literal["linux-x86_64", "linux-aarch64"]
    licence: str
    origin: Annotated[tuple[Origin, ...], Field(min_length=1)]


class Proof(_Strict):
    """Glob patterns on the ELF's function symbols, checked on every binary of the flavour.

    ``executed`` are those that a run must be seen to enter, not only to contain.
    """

    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    executed: tuple[str, ...] = ()


class Flavour(_Strict):
    """Which XNNPACK and which switches. ``archives``: apparent repository name -> archive."""

    name: Name
    description: str
    archives: dict[RepoName, RepoName]
    patch_sets: tuple[PatchSetName, ...] = ()
    switches: dict[Label, bool] = {}
    proof: Proof


class DebianBazel(_Strict):
    """Bazel as a Debian package, for where its own servers cannot be reached."""

    package: str
    suite: str


class Bazel(_Strict):
    """Which Bazel: ``version`` is rendered as .bazelversion, ``minimum <= it < below`` is legal."""

    version: Version
    minimum: Version
    below: Version
    debian: DebianBazel | None = None


class Benchmark(_Strict):
    """The program to build."""

    name: Label
    source: str
    package: str
    target: Label
    archive: RepoName


class Profile(_Strict):
    """A named, complete set of pins."""

    schema_version: Literal[1]
    name: Name
    description: str
    default_flavour: Name
    toolchains: Annotated[tuple[Literal["zig", "ndk"], ...], Field(min_length=1)]
    bazel: Bazel
    benchmark: Benchmark
    flavour: Annotated[tuple[Flavour, ...], Field(min_length=1)]
    archive: Annotated[tuple[Archive, ...], Field(min_length=1)]
    toolchain: Annotated[tuple[Toolchain, ...], Field(min_length=1)]

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

    def get_toolchain(self, name: str, host: str = "") -> Toolchain:
        """Return the toolchain called ``name``; BadInput lists the legal ones.

        Args:
            name: ``zig`` or ``ndk``.
            host: ``linux-x86_64`` or ``linux-aarch64``; "" takes the first of that name.
        """
        for toolchain in self.toolchain:
            if toolchain.name == name and host in ("", toolchain.host):
                return toolchain
        raise self._unknown("toolchain", name, [t.name for t in self.toolchain])

    def _unknown(self, kind: str, name: str, legal: list[str]) -> BadInput:
        nearest = closest(name, legal)
        return BadInput(
            f"profile {self.name!r} has no {kind} {name!r}",
            where=f"profiles/{self.name}.toml",
            why=f"legal: {choices(name, legal)}",
            fix=f"use {nearest}" if nearest else f"xnnkit profile show {self.name}",
        )
