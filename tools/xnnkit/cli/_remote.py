"""The options that say where actions are cached or run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from xnnkit.render.remote import Remote

F = TypeVar("F", bound=Callable[..., Any])


def remote_options(function: F) -> F:
    """Add ``--remote`` and what belongs to it; read them with ``remote_of``."""
    for option in (
        click.option(
            "--remote-rc",
            default="",
            metavar="FILE",
            help="An rc file of yours with headers or certificates; only its path is written, which"
            " is absolute.",
        ),
        click.option("--remote-read-only", is_flag=True, help="Take from the cache, give nothing."),
        click.option(
            "--remote-jobs",
            type=click.IntRange(1),
            default=None,
            help="Actions at a time, with an executor.",
        ),
        click.option(
            "--remote-property",
            "remote_properties",
            multiple=True,
            metavar="KEY=VALUE",
            help="Of the workers to run on; may be repeated.",
        ),
        click.option(
            "--remote-instance", default="", metavar="NAME", help="The server's name for you."
        ),
        click.option(
            "--remote",
            "remotes",
            multiple=True,
            metavar="URL",
            help="http(s): a cache. grpc(s), unix: an executor, which caches, too; cache=URL and"
            " executor=URL say which is meant. May be repeated.",
        ),
    ):
        function = option(function)
    return function


def remote_of(given: dict[str, Any]) -> Remote | None:
    """Take the options of ``remote_options`` out of ``given`` and return what they say.

    Raises:
        BadInput: as `xnnkit.render.remote.remote` does.
    """
    from xnnkit.render.remote import remote

    return remote(
        given.pop("remotes"),
        instance=given.pop("remote_instance"),
        properties=given.pop("remote_properties"),
        jobs=given.pop("remote_jobs") or 0,
        upload=not given.pop("remote_read_only"),
        settings=given.pop("remote_rc"),
    )
