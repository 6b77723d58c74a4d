"""The options that say where archives may come from, for commands that build on fetched ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from xnnkit import paths
from xnnkit.build.request import Sources
from xnnkit.cli import _archives

F = TypeVar("F", bound=Callable[..., Any])

_accept_option = click.option(
    "--accept-tree",
    multiple=True,
    metavar="ARCHIVE",
    help="Accept other bytes of this archive if its tree agrees.",
)


def source_options(function: F) -> F:
    """Add --origin, --git-root, --distdir, --accept-tree, --jobs; read them with ``sources_of``."""
    for option in (
        _archives.jobs_option,
        _accept_option,
        _archives.distdir_option,
        _archives.git_root_option,
        _archives.origin_option,
    ):
        function = option(function)
    return function


def sources_of(
    origin: tuple[str, ...],
    git_root: Path | None,
    distdir: tuple[Path, ...],
    accept_tree: tuple[str, ...],
    jobs: int,
) -> Sources:
    """Return what the options of ``source_options`` say."""
    return Sources(
        cache=paths.cache_dir(),
        origins=origin or None,
        git_root=git_root.absolute() if git_root else paths.git_root(),
        distdirs=[folder.absolute() for folder in distdir],
        accept_tree=accept_tree,
        jobs=jobs,
    )
