"""The options that say where archives may come from, shared by every command that fetches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from xnnkit import paths
from xnnkit.build.request import Sources

F = TypeVar("F", bound=Callable[..., Any])

ORIGINS = ("http", "git", "debian", "pypi")


def source_options(function: F) -> F:
    """Add --origin, --git-root, --distdir, --accept-tree, --jobs; read them with ``sources_of``."""
    for option in reversed(
        [
            click.option(
                "--origin",
                "origins",
                multiple=True,
                type=click.Choice(ORIGINS),
                help="Only these origins, in this order; may be repeated.",
            ),
            click.option(
                "--git-root",
                type=click.Path(file_okay=False, path_type=Path),
                help="Folder of clones (default: $XNNKIT_GIT_ROOT).",
            ),
            click.option(
                "--distdir",
                "distdirs",
                multiple=True,
                type=click.Path(file_okay=False, path_type=Path),
                help="Directory searched by hash before any origin; may be repeated.",
            ),
            click.option(
                "--accept-tree",
                multiple=True,
                metavar="ARCHIVE",
                help="Accept other bytes of this archive if its tree agrees.",
            ),
            click.option(
                "--jobs",
                default=4,
                show_default=True,
                type=click.IntRange(1, 64),
                help="Downloads at a time.",
            ),
        ]
    ):
        function = option(function)
    return function


def sources_of(
    origins: tuple[str, ...],
    git_root: Path | None,
    distdirs: tuple[Path, ...],
    accept_tree: tuple[str, ...],
    jobs: int,
) -> Sources:
    """Return what the options of ``source_options`` say."""
    return Sources(
        cache=paths.cache_dir(),
        origins=origins or None,
        git_root=git_root.absolute() if git_root else paths.git_root(),
        distdirs=[d.absolute() for d in distdirs],
        accept_tree=accept_tree,
        jobs=jobs,
    )
