"""``xnnkit lock``: keep pins fresh: move them, find what is not pinned, record a toolchain."""

from __future__ import annotations

from pathlib import Path

import click

from xnnkit.cli._archives import git_root_option
from xnnkit.cli._common import emit_json, json_option, note, profile_argument
from xnnkit.cli._sources import sources_of
from xnnkit.errors import BadInput


@click.group()
def command() -> None:
    """Keep pins fresh: move one, find what is not pinned, record a release of a toolchain."""


@command.command("ndk")
@click.argument("version")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The archive, if it is already here; else it is downloaded.",
)
@click.option("--sha1", default="", help="Google's SHA-1 of it; else Google's list is read.")
@click.option("--size", default=0, help="Google's size of it in bytes; goes with --sha1.")
@click.option(
    "--accept-ndk-licence",
    "accept_licence",
    is_flag=True,
    envvar="XNNKIT_ACCEPT_ANDROID_SDK_LICENSE",
    help="You accept https://developer.android.com/studio/terms.",
)
@click.option("--base", default="", hidden=True, help="Where Google's files are.")
@json_option
def ndk(
    version: str,
    file: Path | None,
    sha1: str,
    size: int,
    accept_licence: bool,
    base: str,
    as_json: bool,
) -> None:
    """Check the Android NDK VERSION, such as r26d, against the size and SHA-1 that Google
    publishes, and print its block for a profile with the sha256.

    Nothing is printed on stdout unless the whole archive was checked. The download stays in the
    cache for `xnnkit build`.
    """
    import re

    from xnnkit import ndk as package
    from xnnkit import paths
    from xnnkit.archives.cache import Cache
    from xnnkit.ndk.lock import BASE

    if bool(sha1) != bool(size):
        raise BadInput("--sha1 and --size go together", fix="give both, or neither")
    if sha1 and not re.fullmatch(r"[0-9a-fA-F]{40}", sha1):
        raise BadInput(f"--sha1 {sha1} is no SHA-1", why="40 hexadecimal digits")
    published = package.Published(size, sha1.lower()) if sha1 else None
    locked = package.lock(
        version,
        Cache(paths.cache_dir()),
        file=file,
        published=published,
        base=base or BASE,
        accepted=accept_licence,
        say=note,
    )
    if as_json:
        emit_json({"ndk": locked.to_json()})
        return
    note(f"checked: {locked.published.size:,} bytes, SHA-1 {locked.published.sha1}")
    click.echo(locked.toml(), nl=False)


@command.command()
@click.argument("files", nargs=-1, metavar="[FILE|FOLDER|PROFILE]...")
@click.option("--all", "show_all", is_flag=True, help="Also print what is only worth knowing.")
@click.option("--online", is_flag=True, help="Ask each address whether it is still there.")
@json_option
@click.pass_context
def audit(
    ctx: click.Context, /, files: tuple[str, ...], show_all: bool, online: bool, as_json: bool
) -> None:
    """List what is not pinned, comes over plain http, or has moved; exit 1 if anything is.

    Exit 4 if nothing is, as far as could be read, but something could not be.

    FILE is a WORKSPACE, MODULE.bazel or .bzl file, FOLDER a workspace, PROFILE a name or a file;
    without any, every profile is looked at. Files are parsed, never run; what they load from their
    own workspace is read, too.
    """
    from xnnkit import profile as profiles
    from xnnkit.lock.audit import NOTES
    from xnnkit.lock.audit import audit as run
    from xnnkit.lock.follow import follow

    found = run(files or profiles.names(), follow if online else None)
    if as_json:
        emit_json({"audit": found.to_json()})
    else:
        rows = [*found.findings, *(found.notes if show_all else [])]
        for row in rows:
            click.echo(f"{row.code:11} {row.name}  {row.where}\n            {row.what}")
            if row.fix:
                click.echo(f"            fix: {row.fix}")
        for file, why in found.unread:
            note(f"not read: {file}: {why}", style="yellow")
        hidden = "" if show_all or not found.notes else f"; --all shows {len(found.notes)} notes"
        files_read = f"{found.sources} sources in {len(found.files)} files"
        note(f"{files_read}: {len(found.findings)} findings{hidden}")
        if show_all and found.notes:
            for code in dict.fromkeys(row.code for row in found.notes):
                note(f"{code}: {NOTES[code]}")
    if found.findings:
        ctx.exit(1)
    if found.unread:
        ctx.exit(4)


@command.command()
@profile_argument
@click.argument("archive", required=False, default="")
@click.option("--to", required=True, metavar="COMMIT|TAG", help="All 40 digits, or a tag's name.")
@click.option("--write", "in_place", is_flag=True, help="Write the profile; else only show it.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write another file, NAME.toml: the profile NAME. Only that profile is written over.",
)
@click.option(
    "--from-git",
    is_flag=True,
    help="For an address that cannot be reached, take what git makes; only if git makes today's"
    " pinned file byte for byte.",
)
@click.option("--tree", default="", metavar="ID", help="The commit's tree, where no git tells it.")
@click.option("--url", default="", help="The file's new address, where the old one tells none.")
@click.option("--strip-prefix", default="", metavar="FOLDER", help="The folder in it; with --url.")
@click.option("--ignore-patches", is_flag=True, help="Write even if a patch set does not fit.")
@click.option("--rendered", is_flag=True, help="Also print what changes in rendered workspaces.")
@git_root_option
@json_option
@click.pass_context
def update(
    ctx: click.Context,
    /,
    profile: str,
    archive: str,
    to: str,
    in_place: bool,
    output: Path | None,
    from_git: bool,
    tree: str,
    url: str,
    strip_prefix: str,
    ignore_patches: bool,
    rendered: bool,
    git_root: Path | None,
    as_json: bool,
) -> None:
    """Move ARCHIVE of PROFILE to another commit and print the profile's diff for review.

    Without ARCHIVE, the source that the benchmark is built from. Each origin's file is fetched or
    made, its sha256 and size are taken, and what is inside must be the commit's own tree; else
    nothing is written. Then the profile is rendered anew, and every anchor of the archive's patch
    sets is looked for. At the commit that is pinned already, every pin stays.
    """
    from xnnkit.lock import rewrite
    from xnnkit.lock.update import Request, refuse
    from xnnkit.lock.update import update as run

    if in_place and output:
        raise BadInput("--write and --output exclude each other", fix="give one of them")
    if in_place:
        from xnnkit.profile import path_of

        rewrite.refuse_embedded(path_of(profile))
    if output:
        rewrite.refuse_other(output)
    name = output.stem if output else ""
    request = Request(profile, archive, to, from_git, tree, url, strip_prefix, name)
    found = run(request, sources_of((), git_root, (), (), 1))
    if as_json:
        emit_json({"update": found.to_json()})
    else:
        click.echo(found.diff + (found.rendered if rendered else ""), nl=False)
        for one in found.new.seen:
            note(f"{one.moved.origin.type:6} {one.how}: {one.digest.sha256}, tree {one.tree}")
        for place in found.left:
            note(
                f"taken out, since nothing says what it is at that commit: {place}", style="yellow"
            )
        for fit in found.fits:
            fitting = "fits" if not fit.problems else f"{len(fit.problems)} do not fit"
            note(f"patch set {fit.patch_set} ({fit.edits} edits): {fitting}")
    if not found.ok and not ignore_patches:
        if as_json:  # what is wrong is in it already
            ctx.exit(1)
        refuse(found)
    if found.unchanged and not as_json:
        note(f"{found.archive} is at {found.new.commit[:12]} already: nothing to do")
    target = output or (found.file if in_place and not found.unchanged else None)
    if target is not None:
        rewrite.write(target, found.text)
        note(f"written: {target}")
    elif not as_json and not found.unchanged:
        note("nothing is written: --write, or --output FILE")
