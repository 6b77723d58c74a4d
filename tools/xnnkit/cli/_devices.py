"""What the commands share that use devices: ``--dir``, ``--taskset``, opening them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xnnkit.errors import BadInput

if TYPE_CHECKING:
    from xnnkit.device import Device
    from xnnkit.device.adb.device import AdbDevice

F = TypeVar("F", bound=Callable[..., Any])


def built_options(function: F) -> F:
    """Add ``--flavour``, ``--out`` and ``--binary``: which programs of a build, or in its place."""
    for option in (
        click.option(
            "--binary",
            "binaries",
            multiple=True,
            metavar="FLAVOUR=PATH",
            callback=named_binaries,
            help="Take this program in place of a build's; may be repeated.",
        ),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            help="Where it was built (default: .xnnkit/PROFILE).",
        ),
        click.option(
            "--flavour", "flavours", multiple=True, help="Only this flavour; may be repeated."
        ),
    ):
        function = option(function)
    return function


def directory_option(function: F) -> F:
    """Add ``--dir`` to a command; it arrives in ``phone: dict[str, str]``."""
    return click.option(
        "--dir",
        "directory",
        expose_value=False,
        callback=_remember("directory"),
        help="Where files go on a phone (default: /data/local/tmp/gen_ai).",
    )(_with_phone(function))


def phone_options(function: F) -> F:
    """Add ``--dir`` and ``--taskset``; they arrive as ``phone: dict[str, str]``."""
    return click.option(
        "--taskset",
        expose_value=False,
        callback=_remember("taskset"),
        help="Which of a phone's cores: big, or a mask in hex such as f0.",
    )(directory_option(function))


def say(line: str) -> None:
    """Hand on a line that a program prints."""
    click.echo(line, err=True)


def open_devices(name: str, phone: dict[str, str]) -> list[Device]:
    """Return the devices that ``--device`` names.

    Args:
        name: any legal name.
        phone: from ``phone_options``.

    Raises:
        BadInput: no device has such a name, several have, or an option is not for it.
        BadEnvironment: adb or the phone is not there.
    """
    from xnnkit.device import open_device, open_phones

    if name == "all" or name.partition(":")[0] == "adb":
        return list(open_phones(name, _options(phone)))
    device = open_device(name)
    if phone:
        option = {"directory": "--dir", "taskset": "--taskset"}[next(iter(phone))]
        raise BadInput(
            f"{option} is for phones", where=f"--device {name}", fix="--device adb, or leave it out"
        )
    return [device]


def open_phones(name: str, phone: dict[str, str]) -> list[AdbDevice]:
    """Return the phones that ``--device`` names.

    Raises:
        BadInput: it is no phone's name, or several phones have it.
        BadEnvironment: adb or the phone is not there.
    """
    from xnnkit.device import open_phones as opened

    return opened(name, _options(phone))


def named_binaries(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, Path]:
    """Take ``FLAVOUR=PATH`` apart, for click."""
    found = {}
    for value in values:
        flavour, equals, path = value.partition("=")
        if not (flavour and equals and path) or flavour in found:
            raise BadInput(
                f"not FLAVOUR=PATH, or given twice: {value}",
                where=param.opts[0] if param else "",
                fix="--binary kleidiai=path/to/llm_test    (each flavour once)",
            )
        found[flavour] = Path(path)
    return found


def _options(phone: dict[str, str]) -> Any:
    from xnnkit.device.adb.device import Options

    return Options(**phone)


def _remember(key: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    def callback(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        phone: dict[str, str] = ctx.meta.setdefault("xnnkit.phone", {})
        if value is not None:
            phone[key] = value

    return callback


def _with_phone(function: F) -> F:
    from functools import wraps

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        phone = click.get_current_context().meta.get("xnnkit.phone", {})
        return function(*args, phone=phone, **kwargs)

    return inner  # type: ignore[return-value]
