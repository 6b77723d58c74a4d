"""Progress on a terminal: one bar a file and a total, on stderr; nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from xnnkit.archives.fetch import Progress
from xnnkit.archives.judge import Item


@contextmanager
def bars(wanted: list[Item], *, quiet: bool = False) -> Iterator[Progress | None]:
    """Show bars while the block runs; give what to tell the progress to, None off a terminal.

    Args:
        wanted: what will be fetched.
        quiet: show nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskID,
        TextColumn,
        TransferSpeedColumn,
    )

    from xnnkit.terminal import raw

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(
        *columns,
        console=Console(file=raw(sys.stderr)),
        transient=True,
        # rich would write what others print past the guard.
        redirect_stdout=False,
        redirect_stderr=False,
    ) as shown:
        tasks: dict[str, TaskID] = {}
        sizes = {item.name: item.origin[0].size for item in wanted}
        done: dict[str, int] = {}
        whole = shown.add_task("total", total=sum(sizes.values()))

        def tell(name: str, size: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = shown.add_task(name, total=total)
            done[name], sizes[name] = size, total
            shown.update(tasks[name], completed=size, total=total)
            shown.update(whole, completed=sum(done.values()), total=sum(sizes.values()))

        yield tell
