"""``xnnkit build``: the whole way from a profile to proved binaries."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import xnnkit
from xnnkit import paths
from xnnkit.bazel import Bazel, find
from xnnkit.build import invoke, manifest, stamp
from xnnkit.build.prepare import Prepared, prepare
from xnnkit.build.request import Options, Sources, key_of
from xnnkit.errors import BadInput, Finding, XnnkitError, typed
from xnnkit.profile import Flavour, Profile, carried
from xnnkit.profile.compiler import choose
from xnnkit.render.repositories import aliases, available, repositories

_RULES_SOURCES = ("MODULE.bazel", "BUILD.bazel", "LICENSE", "rules", "patches")


def target(profile: Profile, flavour: Flavour) -> str:
    """Return the label of a flavour's binary in the workspace."""
    return f"//:{profile.benchmark.name}_{flavour.name.replace('-', '_')}"


def chosen(profile: Profile, options: Options) -> list[Flavour]:
    """Return the flavours to build, in the profile's order.

    Raises:
        BadInput: an unknown flavour, or one that cannot be built.
    """
    wanted = [profile.get_flavour(name) for name in options.flavours]
    for flavour in wanted:
        if flavour.unavailable:
            others = ", ".join(one.name for one in available(profile))
            raise BadInput(
                f"flavour {flavour.name} of {profile.name} cannot be built",
                where=f"profiles/{profile.name}.toml",
                why=flavour.unavailable,
                fix=f"build another flavour: {others}",
            )
    return [one for one in available(profile) if not wanted or one in wanted]


def build(
    profile: Profile,
    options: Options,
    sources: Sources,
    progress: Callable[..., None] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Build every chosen flavour in one Bazel invocation, prove each, and write the manifest.

    Args:
        profile: the pins.
        options: what to build.
        sources: where archives may come from.
        progress: download events, as in ``archives.fetch``.
        say: called with a line for each step.

    Returns:
        The manifest's content.

    Raises:
        Finding: an archive is not the pinned one, or a binary's proof fails.
        BadInput: ``options.out`` is a link to nothing.
        BadInput, BadEnvironment, XnnkitError: as the steps do.
    """
    paths.refuse_lost(options.out)
    flavours = chosen(profile, options)
    compiler = choose(
        profile,
        options.toolchain,
        ndk=options.ndk,
        api_level=options.api_level,
        licence_accepted=options.licence_accepted,
    )
    say(f"{profile.name}: fetching and verifying")
    prepared = prepare(
        profile,
        options.out / "workspace",
        sources,
        progress,
        layout=options.layout,
        compiler=compiler,
        own=carried(options.profile) if options.profile else b"",
    )
    bazel = find(profile.bazel).alone()
    names = ", ".join(flavour.name for flavour in flavours)
    say(f"{profile.name}: building {names} with Bazel {bazel.version} ({bazel.kind})")
    request = request_of(profile, flavours, prepared, options, sources)
    invoke.build(bazel, prepared.workspace, request, options.log)
    say(f"{profile.name}: proving")
    content = finish(profile, flavours, prepared, options, bazel)
    remember(profile, options, sources, prepared, bazel, request, content)
    return content


def request_of(
    profile: Profile,
    flavours: Sequence[Flavour],
    prepared: Prepared,
    options: Options,
    sources: Sources,
) -> invoke.Request:
    """Return the Bazel invocation for these flavours."""
    return invoke.Request(
        targets=[target(profile, flavour) for flavour in flavours],
        cache=sources.cache,
        selected=selected(profile, prepared),
        distdirs=sources.distdirs,
        disk_cache=options.disk_cache or sources.cache / "bazel" / "disk",
        extra=tuple(options.bazel_options),
        licence_accepted=options.licence_accepted,
    )


def selected(profile: Profile, prepared: Prepared) -> dict[str, str]:
    """Return repository -> the sha256 of the origin that was verified for it."""
    origins = {one.name: one.origin.sha256 for one in prepared.fetched}
    behind = {r.name: r.archive.name for r in repositories(profile)}
    behind |= {one.name: one.name for one in profile.toolchain}
    return {name: origins[archive] for name, archive in behind.items() if archive in origins}


def finish(
    profile: Profile,
    flavours: Sequence[Flavour],
    prepared: Prepared,
    options: Options,
    bazel: Bazel,
) -> dict[str, Any]:
    """Place the binaries, prove each from its ELF, and write the manifest.

    Raises:
        Finding: a proof fails; every failed check of every flavour is named.
    """
    import xnnkit.elf as elf
    from xnnkit.provenance import collect, rule_sets
    from xnnkit.provenance.record import KEY

    compiler = prepared.compiler.name
    linking = {"zig": "static", "ndk": "bionic"}
    binaries: list[dict[str, Any]] = []
    failures: list[str] = []
    places = [str(prepared.workspace.absolute()), str(Path.home()), str(paths.cache_dir())]
    forbidden = [place.encode() + b"/" for place in places if len(place) > 1]
    for flavour in flavours:
        label = target(profile, flavour)
        built = prepared.workspace / "bazel-bin" / label.removeprefix("//:")
        placed = options.out / "bin" / flavour.name / profile.benchmark.name
        manifest.place(built, placed)
        proof = elf.prove(
            placed, flavour.proof, forbidden_strings=forbidden, linking=linking[compiler]
        )
        failures += [f"{flavour.name}: {c.name}: {c.detail}" for c in proof.checks if not c.ok]
        binaries.append(
            {
                "flavour": flavour.name,
                "path": placed.relative_to(options.out).as_posix(),
                "sha256": manifest.sha256_of(placed),
                "size": placed.stat().st_size,
                "proof": proof.to_json(),
            }
        )
    content = {
        "profile": profile.name,
        "toolchain": compiler,
        "compiler": prepared.compiler.identity(),
        "optimization": profile.optimization,
        "bazel": bazel.version,
        "xnnkit": xnnkit.__version__,
        "workspace": "workspace",
        "benchmark": profile.benchmark.name,
        "archives": manifest.archives(prepared.fetched),
        "binaries": binaries,
    }
    subjects = {binary["path"]: binary["sha256"] for binary in binaries}
    pinned = {one.name for one in repositories(profile)}
    pinned |= {one.name for one in aliases(profile)} | {one.name for one in profile.stub}
    came = rule_sets.brought(bazel, prepared.workspace, pinned)
    made_of = collect.record(profile, flavours, prepared, options, bazel.version, came, subjects)
    content[KEY] = made_of.model_dump(mode="json")
    manifest.write(options.out, content)
    if failures:
        raise Finding(
            f"{len(failures)} proof(s) of {profile.name} failed",
            where=str(options.out / manifest.NAME),
            why="\n".join(failures),
            fix=f"xnnkit elf {typed(options.out / binaries[0]['path'])}",
        )
    return content


# ---------------------------------------------------------------------------- nothing changed


def _ours(profile: Profile) -> bool:
    """Tell whether the profile is the one that its name stands for."""
    from xnnkit.profile import load

    try:
        return load(profile.name) == profile
    except XnnkitError:
        return False


def remember(
    profile: Profile,
    options: Options,
    sources: Sources,
    prepared: Prepared,
    bazel: Bazel,
    request: invoke.Request,
    content: dict[str, Any],
) -> None:
    """Write the stamp that lets the next build go straight to Bazel.

    A profile in a file of the user's is not remembered: only its name is known here, and a profile
    of ours may have the same.
    """
    from xnnkit.profile import path_of
    from xnnkit.provenance import rcfiles
    from xnnkit.render.directory import MANIFEST, rendered_files

    if not _ours(profile):
        (options.out / stamp.NAME).unlink(missing_ok=True)
        return

    home = paths.home()
    roots = [home / name for name in _RULES_SOURCES]
    roots += [home / "WORKSPACE.tmpl", path_of(profile.name), Path(xnnkit.__file__).parent]
    if profile.benchmark.source:
        roots.append(home / profile.benchmark.source)
    files = stamp.watched(roots)
    if prepared.compiler.path:
        # Not its thousands of files: a release is unpacked as a whole, and this one names it.
        files.append(os.path.join(prepared.compiler.path, "source.properties"))
    files += [str(one.blob) for one in prepared.fetched]
    rendered = [MANIFEST, *rendered_files(prepared.workspace)]
    files += [str(prepared.workspace / name) for name in rendered]
    # Also those that are not there: an rc file that comes is another build, and another record.
    rc = rcfiles.imported(prepared.workspace)
    files += [str(path) for path in (*rc.inside, *rc.outside)]
    files += [str(options.out / binary["path"]) for binary in content["binaries"]]
    files.append(str(options.out / manifest.NAME))
    stamp.write(
        options.out,
        key_of(profile.name, options, sources),
        files,
        {
            "argv": bazel.argv("build", *request.options(), *request.targets),
            "workspace": str(prepared.workspace),
            "outputs": stamp.facts(
                str(prepared.workspace / "bazel-bin" / label.removeprefix("//:"))
                for label in request.targets
            ),
        },
    )
