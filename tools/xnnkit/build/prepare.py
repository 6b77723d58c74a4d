"""The steps before Bazel: verified archives, rendered patches, the workspace."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import xnnkit
from xnnkit.build.request import Sources
from xnnkit.errors import BadEnvironment
from xnnkit.profile import Profile
from xnnkit.profile.compiler import ZIG, Compiler, needed, refuse_unaccepted
from xnnkit.render import directory, package, workspace
from xnnkit.render.repositories import repositories

if TYPE_CHECKING:
    from xnnkit.archives.fetch import Fetched
    from xnnkit.render.remote import Remote


@dataclass(frozen=True)
class Prepared:
    """A workspace that is ready for Bazel, and the archives it will use."""

    workspace: Path
    fetched: list[Fetched]
    compiler: Compiler = ZIG
    drift: directory.Drift = field(default_factory=directory.Drift)


def fetch(
    profile: Profile, sources: Sources, progress: Callable[..., None] | None = None
) -> list[Fetched]:
    """Fetch and verify every archive and toolchain of a profile.

    Raises:
        Finding: bytes or a tree are not the pinned ones.
        BadEnvironment: an archive cannot be had from any origin.
    """
    from xnnkit.archives.cache import Cache
    from xnnkit.archives.fetch import fetch_profile

    return fetch_profile(
        profile,
        cache=Cache(sources.cache),
        origins=sources.origins,
        git_root=sources.git_root,
        distdirs=list(sources.distdirs),
        jobs=sources.jobs,
        accept_tree=sources.accept_tree,
        progress=progress,
    )


def render_patches(
    profile: Profile, fetched: Sequence[Fetched], cache: Path
) -> dict[str, list[bytes]]:
    """Return repository -> the unified diff of each of its patch sets, rendered on verified trees.

    A diff depends on the tree, the patch sets and xnnkit alone, so it is kept in the cache.

    Raises:
        Finding: an anchor does not match the tree.
    """
    by_name = {one.name: one for one in fetched}
    diffs: dict[str, list[bytes]] = {}
    for repository in repositories(profile):
        names = repository.patch_sets
        if not names:
            continue
        one = by_name[repository.archive.name]
        key = _patches_key(repository.archive.tree, names)
        kept = [cache / "patches" / key / f"{i:04d}.patch" for i in range(len(names))]
        if not all(path.is_file() for path in kept):
            _render(one, names, kept)
        diffs[repository.name] = [path.read_bytes() for path in kept]
    return diffs


def _patches_key(tree: str, names: Sequence[str]) -> str:
    """Return what a kept diff is called: all that it depends on, hashed."""
    from xnnkit.patches import load as patch_sets

    digest = hashlib.sha256(f"{xnnkit.__version__} {tree}".encode())
    engine = Path(xnnkit.__file__).parent / "patches"
    for path in sorted(engine.rglob("*.py")):
        digest.update(f"\0{path.relative_to(engine)}\0".encode())
        digest.update(path.read_bytes())
    for name in names:
        # As loaded: files that the set takes from another are in it.
        loaded = patch_sets.load(name)
        facts = [name, loaded.meta.model_dump(mode="json"), sorted(loaded.texts.items())]
        digest.update(json.dumps(facts, sort_keys=True).encode())
        for file in loaded.files:
            digest.update(json.dumps([file.path, file.executable, len(file.data)]).encode())
            digest.update(file.data)
    return digest.hexdigest()


def _render(one: Fetched, names: Sequence[str], kept: Sequence[Path]) -> None:
    from xnnkit.archives.unpack import unpack
    from xnnkit.patches import apply
    from xnnkit.patches import load as patch_sets
    from xnnkit.patches.render import assemble

    kept[0].parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="xnnkit-tree-") as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        unpack(one.blob, one.origin.archive_format, tree, strip_prefix=one.origin.strip_prefix)
        for name, path in zip(names, kept, strict=True):
            patch_set = patch_sets.load(name)
            changed = apply.changes(patch_set, tree)
            partial = path.with_name(f".{path.name}.{os.getpid()}")
            partial.write_bytes(assemble(patch_set.meta, changed))
            os.replace(partial, path)
            # The next set's anchors are looked for in the tree that this one leaves.
            apply.write(changed, tree)


def plan_of(
    profile: Profile,
    sources: Sources,
    layout: workspace.Layout | Literal["package"] = "module",
    compiler: Compiler = ZIG,
    *,
    own: bytes = b"",
    far: Remote | None = None,
) -> workspace.Plan:
    """Return the files to render, fetching what the patches are rendered on.

    Args:
        profile: the pins.
        sources: where archives may come from.
        layout: "module" (MODULE.bazel), "workspace" (WORKSPACE) or "package" (of another module).
        compiler: what the benchmark is compiled with.
        own, far: as `render.workspace.plan` takes them.

    Raises:
        Finding, BadEnvironment, BadInput: as fetching and rendering do.
    """
    # Everything that a plain `bazel build` cannot get for itself, so not the NDK: its repository
    # rule fetches it, and asks whether its licence was accepted.
    fetched = fetch(needed(profile), sources)
    diffs = render_patches(profile, fetched, sources.cache)
    if layout == "package":
        return package.plan(profile, diffs, compiler, far=far)
    return workspace.plan(profile, diffs, layout, compiler, own=own, far=far)


def prepare(
    profile: Profile,
    root: Path,
    sources: Sources,
    progress: Callable[..., None] | None = None,
    layout: workspace.Layout = "module",
    compiler: Compiler = ZIG,
    own: bytes = b"",
) -> Prepared:
    """Fetch, render the patches, and bring ``root`` to what the profile says.

    Args:
        profile: the pins.
        root: the workspace's directory.
        sources: where archives may come from.
        progress: called with download events, as in ``archives.fetch``.
        layout: "module" (MODULE.bazel) or "workspace" (WORKSPACE).
        compiler: what the benchmark is compiled with.
        own: as `render.workspace.plan` takes it.

    Raises:
        Finding, BadEnvironment, BadInput: as the steps do.
    """
    _refuse_little_space(root)
    refuse_unaccepted(compiler)
    fetched = fetch(needed(profile, compiler), sources, progress)
    diffs = render_patches(profile, fetched, sources.cache)
    plan = workspace.plan(profile, diffs, layout, compiler, own=own)
    return Prepared(root, fetched, compiler, directory.write(root, plan))


def _refuse_little_space(root: Path) -> None:
    existing = next(p for p in [root, *root.absolute().parents] if p.exists())
    free = shutil.disk_usage(existing).free
    needed = 2 << 30
    if free < needed:
        raise BadEnvironment(
            f"{free >> 20} MiB free, a build needs {needed >> 20} MiB",
            where=str(existing),
            fix="free disk space, or name another directory with --out",
        )
