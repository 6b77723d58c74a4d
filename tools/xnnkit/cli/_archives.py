"""Options that ``fetch``, ``verify`` and ``mirror`` share."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(file_okay=False, path_type=Path)

origin_option = click.option(
    "--origin",
    multiple=True,
    type=click.Choice(["http", "git", "debian", "pypi"]),
    help="Use only these origins, in this order; may be given several times.",
)
git_root_option = click.option(
    "--git-root", type=FOLDER, help="The folder of git clones (default: XNNKIT_GIT_ROOT)."
)
distdir_option = click.option(
    "--distdir",
    multiple=True,
    type=FOLDER,
    help="A folder to look for files in first; may be given several times.",
)
jobs_option = click.option(
    "-j", "--jobs", default=4, show_default=True, type=click.IntRange(1, 32), help="Files at once."
)


def tree_cell(tree: str | None, prebuilt: bool, accepted: bool) -> str:
    """Return what a table says of a file's tree."""
    if tree is None:
        return "bytes only (prebuilt)" if prebuilt else "bytes only"
    return f"{tree} (other bytes, accepted)" if accepted else tree
