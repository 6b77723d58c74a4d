"""``xnnkit profile``: list, show and check profiles."""

from __future__ import annotations

import click

from xnnkit.cli._common import complete_profile, emit_json, json_option, load_profile, table


@click.group()
def command() -> None:
    """List, show and check profiles.

    A profile is a named, complete set of pins: Bazel, every archive, toolchains, flavours and the
    benchmark. Profiles are the files profiles/NAME.toml.
    """


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the profiles with their flavours."""
    from xnnkit import profile

    found = [profile.load(name) for name in profile.names()]
    if as_json:
        emit_json(
            {
                "profiles": [
                    {
                        "name": p.name,
                        "description": p.description,
                        "flavours": [f.name for f in p.flavour],
                    }
                    for p in found
                ]
            }
        )
        return
    rows = [(p.name, ", ".join(f.name for f in p.flavour), p.description) for p in found]
    click.echo(table(rows))


@command.command()
@click.argument("name", shell_complete=complete_profile)
@json_option
def show(name: str, as_json: bool) -> None:
    """Show one profile whole: every flavour, archive and origin.

    NAME is a profile's name or the path of a .toml file. An origin marked "prebuilt" is checked by
    its bytes only: there is no source tree to check.
    """
    from xnnkit.profile import show as output

    profile = load_profile(name)
    if as_json:
        emit_json({"profile": output.as_json(profile)})
    else:
        click.echo(output.as_text(profile))


@command.command()
@click.argument("name", required=False, shell_complete=complete_profile)
@json_option
def check(name: str | None, as_json: bool) -> None:
    """Check one profile, or all of them.

    Every problem is printed with its file, line and key; the exit code is then 2.
    """
    from xnnkit import profile

    good = profile.check([name] if name else profile.names())
    if as_json:
        emit_json({"ok": [p.name for p in good]})
        return
    for found in good:
        click.echo(
            f"{found.name}: ok ({len(found.archive)} archives, {len(found.flavour)} flavours)"
        )
