"""``xnnkit provenance``: say what binaries were built from, and check what somebody says."""

from __future__ import annotations

import re
from pathlib import Path

import click

from xnnkit.cli._archives import git_root_option
from xnnkit.cli._common import (
    DEFAULT_PROFILE,
    complete_profile,
    emit_json,
    json_option,
    note,
)
from xnnkit.cli._devices import named_binaries

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>\\^`{|}]+")


class _Default(click.Group):
    """A group that takes its first command when none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["statement", *args]
        return super().parse_args(ctx, args)


def _time(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value and not _TIME.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no time such as 2026-11-21T16:00:00Z", ctx, param)
    return value


def _uri(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value and not _URI.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no URI", ctx, param)
    return value


def _put(data: bytes, output: Path | None) -> None:
    if output is None:
        click.echo(data, nl=False)
        return
    from xnnkit import whole

    whole.put(output, data)


output_option = click.option("-o", "--output", type=FILE, help="Write here, not on stdout.")


@click.group(cls=_Default)
def command() -> None:
    """Say what binaries were built from, and check what somebody says.

    Without a subcommand: statement.
    """


@command.command()
@click.argument("profile", default=DEFAULT_PROFILE, shell_complete=complete_profile)
@click.option("--out", type=FOLDER, help="Where it was built (default: .xnnkit/PROFILE).")
@click.option("--flavour", "flavours", multiple=True, help="Only this flavour; may be repeated.")
@click.option("--builder-id", default="", callback=_uri, help="A URI that names who built.")
@click.option("--invocation-id", default="", callback=_uri, help="A URI that names this one build.")
@click.option("--started-on", default="", callback=_time, metavar="TIME", help="As in RFC 3339.")
@click.option("--finished-on", default="", callback=_time, metavar="TIME", help="As in RFC 3339.")
@output_option
def statement(
    profile: str,
    out: Path | None,
    flavours: tuple[str, ...],
    builder_id: str,
    invocation_id: str,
    started_on: str,
    finished_on: str,
    output: Path | None,
) -> None:
    """Print an in-toto statement (SLSA provenance v1) of the binaries that were built of PROFILE.

    It is made of what the build wrote down; each binary is hashed again. The same build gives the
    same bytes: no clock, no host. Exit 1 when a binary is not the one that was built.
    """
    from xnnkit.profile import path_of
    from xnnkit.provenance.files import of_build
    from xnnkit.provenance.statement import BUILDER, Run, render

    out = out or Path(".xnnkit") / Path(profile).stem
    if not out.exists():
        path_of(profile)  # a mistyped command is no profile that was not built
    run = Run(builder_id or BUILDER, invocation_id, started_on, finished_on)
    _put(render(of_build(Path(profile).stem, out, flavours), run), output)


@command.command()
@click.argument("file", type=FILE)
@click.option("--out", type=FOLDER, help="Where it was built (default: .xnnkit/PROFILE).")
@click.option(
    "--binary",
    "binaries",
    multiple=True,
    metavar="FLAVOUR=PATH",
    callback=named_binaries,
    help="Check this program in place of a build's; may be repeated.",
)
@click.option(
    "--profile",
    default="",
    shell_complete=complete_profile,
    help="Name or file of the profile, if the statement's is not one of xnnkit's.",
)
@click.option("--builder-id", default="", callback=_uri, help="Who must have built.")
@git_root_option
@click.option("--again", is_flag=True, help="Unpack everything again; trust no remembered tree.")
@click.option(
    "--allow-unchecked",
    is_flag=True,
    help="Pass even if something but a binary cannot be checked here.",
)
@click.option("--show-all", is_flag=True, help="Print every fact that was compared.")
@json_option
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    file: Path,
    out: Path | None,
    binaries: dict[str, Path],
    profile: str,
    builder_id: str,
    git_root: Path | None,
    again: bool,
    allow_unchecked: bool,
    show_all: bool,
    as_json: bool,
) -> None:
    """Compare the statement in FILE with the binaries and with everything they were built from.

    Binaries, workspace and flags from --out, archives from the cache by bytes and tree, profile,
    patch sets and rules from this xnnkit; and the statement key by key with the one that is made
    of --out's build.json. Exit 1 when something changed, 4 when nothing did but
    not everything is here to be checked. A signature is not looked at: docs/provenance.md.
    """
    from xnnkit import paths
    from xnnkit.provenance import verify as library
    from xnnkit.provenance.here import Places
    from xnnkit.provenance.read import read
    from xnnkit.provenance.record import shown

    said = read(file)
    places = Places(
        out=out or Path(".xnnkit") / said.record.profile,
        cache=paths.cache_dir(),
        git_root=git_root or paths.git_root(),
        binaries=binaries,
        again=again,
        profile=profile,
        builder_id=builder_id,
    )
    checks = library.verify(said, places)
    error = library.judge(checks, str(file), allow_unchecked=allow_unchecked)
    if said.enveloped:
        note("the envelope's signatures were not checked: that is the signer's tool's work")
    if said.passed_over:
        note(f"not compared with anything: {', '.join(map(shown, said.passed_over))}")
    if as_json:
        emit_json(
            {
                "statement": str(file),
                "profile": said.record.profile,
                "builder": said.run.builder_id,
                "ok": error is None,
                "not_compared": said.passed_over,
                "counts": library.count(checks),
                "checks": [one.to_json() for one in checks],
            }
        )
        ctx.exit(error.exit_code if error else 0)
    if show_all:
        for one in checks:
            click.echo(f"{one.state:<9}  {one.line()}")
    for line in library.summary(checks):
        click.echo(line)
    if error:
        raise error


@command.command()
@click.argument("file", type=FILE)
@output_option
def pae(file: Path, output: Path | None) -> None:
    """Print what a signer signs of the statement in FILE: its DSSE encoding (PAE)."""
    from xnnkit.provenance import dsse
    from xnnkit.provenance.files import payload

    _put(dsse.pae(payload(file)), output)


@command.command()
@click.argument("file", type=FILE)
@click.option("--signature", required=True, type=FILE, help="The signature of FILE's PAE, raw.")
@click.option("--keyid", default="", help="A hint which key made it.")
@output_option
def envelope(file: Path, signature: Path, keyid: str, output: Path | None) -> None:
    """Print a DSSE envelope of the statement in FILE and a signature."""
    from xnnkit.provenance import dsse
    from xnnkit.provenance.files import payload, signature_of

    _put(dsse.envelope(payload(file), signature_of(signature), keyid), output)
