"""A rendered workspace with packages of these tests in it, and what its Bazel builds."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xnnkit import paths, profile
from xnnkit.archives.fetch import Fetched
from xnnkit.archives.unpack import unpack
from xnnkit.bazel import Bazel, find
from xnnkit.build import invoke, prepare
from xnnkit.build.build import selected
from xnnkit.build.request import Sources
from xnnkit.patches import apply
from xnnkit.patches.load import load, load_directory
from xnnkit.patches.render import assemble
from xnnkit.profile import Profile
from xnnkit.profile.compiler import ZIG, needed
from xnnkit.render import directory, workspace
from xnnkit.render.repositories import Repository, aliases, available, repositories

HERE = Path(__file__).resolve().parent


@dataclass
class Workspace:
    """One profile's workspace; its Bazel server ends with ``close``.

    Attributes:
        profile: the pins.
        root: its directory.
        bazel: how its Bazel is started.
        request: what every build is given, targets aside.
        built: what ``build`` was asked for so far.
    """

    profile: Profile
    root: Path
    bazel: Bazel
    request: invoke.Request
    built: list[str] = field(default_factory=list)

    @property
    def flavours(self) -> list[str]:
        """Names of the flavours that can be built, in the profile's order."""
        return [flavour.name for flavour in available(self.profile)]

    def repository_of(self, flavour: str) -> str:
        """Return the repository that XNNPACK is in a flavour."""
        by_name = {alias.name: alias for alias in aliases(self.profile)}
        alias = by_name.get(self.profile.benchmark.archive)
        return alias.actual[flavour] if alias else self.profile.benchmark.archive

    def add(self, package: str, files: Mapping[str, str]) -> None:
        """Write a package.

        Args:
            package: its folder.
            files: name -> content.
        """
        folder = self.root / package
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            if not (folder / name).is_file() or (folder / name).read_text() != text:
                (folder / name).write_text(text)

    def add_sources(self, package: str, build_file: str, folder: Path) -> None:
        """Copy a folder of sources as a package, with one of the BUILD files beside this module."""
        files = {path.name: path.read_text() for path in sorted(folder.iterdir())}
        self.add(package, {**files, "BUILD.bazel": (HERE / build_file).read_text()})

    def build(self, targets: Sequence[str], *options: str) -> list[Path]:
        """Build targets of packages that were added; return each one's file.

        Args:
            targets: like ``//package:name``.
            options: Bazel's, after ours.

        Raises:
            XnnkitError: the build failed; the log's last errors are in it.
        """
        request = invoke.Request(
            targets=targets,
            cache=self.request.cache,
            selected=self.request.selected,
            disk_cache=self.request.disk_cache,
            extra=options,
        )
        invoke.build(self.bazel, self.root, request, self.root.parent / "bazel.log")
        self.built += targets
        out = self.root / "bazel-bin"
        return [out / target.removeprefix("//").replace(":", "/") for target in targets]

    def close(self) -> None:
        """End the Bazel server and delete what it left."""
        self.bazel.run(["clean", "--expunge"], cwd=self.root, quiet=True)


def render(name: str, root: Path, also: Sequence[Path] = ()) -> Workspace:
    """Fetch, verify and render a profile.

    Args:
        name: the profile's, or a path of one.
        root: the workspace's directory.
        also: folders of patch sets that every XNNPACK of it gets besides its own.

    Raises:
        XnnkitError: as fetching and rendering do.
    """
    pins = profile.load(name)
    sources = Sources(cache=paths.cache_dir().resolve(), git_root=paths.git_root())
    fetched = prepare.fetch(needed(pins), sources)
    diffs = prepare.render_patches(pins, fetched, sources.cache)
    blobs = {one.name: one for one in fetched}
    for repository in repositories(pins):
        if also and repository.stands_for == pins.benchmark.archive:
            diffs[repository.name] += _more(repository, blobs[repository.archive.name], also)
    more = tuple(f"tests/{folder.name}" for folder in also)
    flavours = [
        flavour.model_copy(update={"patch_sets": (*flavour.patch_sets, *more)})
        for flavour in pins.flavour
    ]
    patched = pins.model_copy(update={"flavour": tuple(flavours)})
    directory.write(root, workspace.plan(patched, diffs, "module", ZIG))
    request = invoke.Request(
        targets=(),
        cache=sources.cache,
        selected=selected(pins, prepare.Prepared(root, fetched)),
        disk_cache=sources.cache / "bazel" / "disk",
    )
    return Workspace(pins, root, find(pins.bazel), request)


def _more(repository: Repository, one: Fetched, also: Sequence[Path]) -> list[bytes]:
    """Return the diffs of more patch sets, on the tree that the repository's own leave."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        unpack(one.blob, one.origin.archive_format, tree, strip_prefix=one.origin.strip_prefix)
        for name in repository.patch_sets:
            apply.write(apply.changes(load(name), tree), tree)
        diffs = []
        for folder in also:
            patch_set = load_directory(folder, name=folder.name)
            changed = apply.changes(patch_set, tree)
            apply.write(changed, tree)
            diffs.append(assemble(patch_set.meta, changed))
        return diffs


class Workspaces:
    """Workspaces by profile, rendered when first asked for.

    Args:
        root: their folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: dict[str, Workspace] = {}

    def get(self, name: str, *also: Path) -> Workspace:
        """Return a profile's workspace.

        Args:
            name: the profile's.
            also: folders of patch sets that every XNNPACK of it gets besides its own.

        Raises:
            XnnkitError: as rendering does.
        """
        key = "-".join([name, *(folder.name for folder in also)])
        if key not in self._made:
            self._made[key] = render(name, self._root / key / "workspace", also)
        return self._made[key]

    def close(self) -> None:
        """End the Bazel servers."""
        for made in self._made.values():
            made.close()


def keep(binary: Path, folder: Path) -> Path:
    """Copy a built file out of Bazel's tree, where the next build may replace it."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / binary.name
    shutil.copy(binary, kept)
    os.chmod(kept, 0o755)
    return kept


def target_names(package: str, names: Iterable[str]) -> list[str]:
    """Return labels: ``-`` is no part of a target's name here."""
    return [f"//{package}:{name.replace('-', '_')}" for name in names]
