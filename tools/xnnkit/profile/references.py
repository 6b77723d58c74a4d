"""Checks of a profile that need more than one table, or the folders beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import xnnkit
from xnnkit import paths
from xnnkit.profile import history
from xnnkit.profile.model import (
    DEBIAN,
    FOLDER,
    LINE,
    PACKAGE,
    PROJECT,
    RELEASE,
    SETTING,
    URL,
    WHEEL,
    Profile,
)
from xnnkit.profile.problem import choices

Issue = tuple[tuple[str | int, ...], str, str]

PATTERNS = {
    r"^[0-9a-f]{64}$": "64 hexadecimal digits in lower case, as sha256sum prints them",
    r"^[0-9a-f]{40}$": "40 hexadecimal digits in lower case, as git rev-parse prints them",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "lower-case letters and digits, words joined by -",
    r"^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$": "three numbers joined by dots, such as 7.7.1",
    URL: "an https:// address with a path, without user, blanks, quotes or #",
    PROJECT: "the name of a Python package",
    WHEEL: "the name of a .whl file, without a folder",
    RELEASE: "a release such as 0.13.0: letters, digits, _, ., +, !, ~ and -",
    DEBIAN: "lower-case letters, digits, ., + and -, a letter or digit first",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits and _, no digit first",
    r"^[A-Za-z][A-Za-z0-9_.-]*$": "letters, digits, _, . and -, a letter first",
    r"^[a-z0-9][a-z0-9_.-]*/[a-z0-9][a-z0-9_.-]*$": "ARCHIVE/PATCH_SET, a folder of patches/",
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*$": "OWNER/NAME",
    r"^(https://[A-Za-z0-9.:-]+(/[A-Za-z0-9_.~+%-]+)+)?$": "an https:// address without user or ?",
    FOLDER: "letters, digits, _, . and -, a letter or digit first",
    LINE: "one line, without double quotes and backslashes",
    PACKAGE: "a Bazel package such as mediapipe/tasks/cc",
    SETTING: "--copt, --conlyopt, --cxxopt, --linkopt (and --host_ before each), --define or"
    " --proto_compiler, --proto_toolchain_for_cc, with =VALUE; no blanks, quotes, # or backslashes",
    r"^pool/[^\s]+$": "a path below the mirror's root that starts with pool/",
}
"""What a pattern of the model asks for, in words."""


def check(profile: Profile, stem: str) -> Iterator[Issue]:
    """Yield (path of the key, what is wrong, what is legal) for each reference that leads nowhere.

    Args:
        profile: a profile whose single tables are sound.
        stem: the file's name without its ending; the profile must be called the same.
    """
    if profile.name != stem:
        yield ("name",), f"the profile is named {profile.name!r}, its file {stem!r}", stem
    yield from _doubles(profile)
    yield from _flavours(profile)
    yield from _archives(profile)
    yield from _files(profile)
    yield from _repositories(profile)
    yield from _toolchains(profile)
    yield from _bazel(profile)
    yield from _benchmark(profile)
    yield from history.check(profile)


def patch_sets() -> list[str]:
    """Return the names of all patch sets that exist, such as ``xnnpack/switches``."""
    root = paths.home() / "patches"
    return sorted(file.parent.relative_to(root).as_posix() for file in root.glob("*/*/patch.toml"))


def _folders(kind: str) -> list[str]:
    root = Path(xnnkit.__file__).parent / "render" / kind
    return sorted(folder.name for folder in root.iterdir() if folder.is_dir())


def _files(profile: Profile) -> Iterator[Issue]:
    """Hold overlays and stubs to the folders that there are."""
    overlays, stubs = _folders("overlays"), _folders("stubs")
    for index, archive in enumerate(profile.archive):
        for name in {archive.overlay, *(origin.overlay for origin in archive.origin)} - {""}:
            if name not in overlays:
                what = f"archive {archive.name!r} names an unknown overlay {name!r}"
                yield ("archive", index, "overlay"), what, choices(name, overlays)
    for index, stub in enumerate(profile.stub):
        if stub.files not in stubs:
            what = f"stub {stub.name!r} names an unknown folder {stub.files!r}"
            yield ("stub", index, "files"), what, choices(stub.files, stubs)


def _repositories(profile: Profile) -> Iterator[Issue]:
    """Hold the names of all repositories apart, and aliases to those that there are."""
    from xnnkit.render.repositories import aliases, repositories

    if any(
        a not in {x.name for x in profile.archive}
        for f in profile.flavour
        for a in f.archives.values()
    ):
        return  # said already
    archives = {
        one.name for layout in ("module", "workspace") for one in repositories(profile, layout)
    }
    for index, alias in enumerate(profile.alias):
        if alias.archive not in archives:
            what = f"alias {alias.name!r} stands for no repository: {alias.archive!r}"
            yield ("alias", index, "archive"), what, choices(alias.archive, sorted(archives))
    seen = {*archives, "xnnkit", "zig", "ndk"}
    rest = [(("alias", 0, "name"), one.name) for one in aliases(profile)]
    rest += [(("stub", index, "name"), one.name) for index, one in enumerate(profile.stub)]
    for path, name in rest:
        if name in seen:
            yield path, f"two repositories are named {name!r}", "each name once"
        seen.add(name)


def _doubles(profile: Profile) -> Iterator[Issue]:
    tables: tuple[tuple[str, Iterable[str]], ...] = (
        ("flavour", [f.name for f in profile.flavour]),
        ("archive", [a.name for a in profile.archive]),
        ("alias", [a.name for a in profile.alias]),
        ("stub", [s.name for s in profile.stub]),
        ("toolchain", [f"{t.name} {t.version} for {t.host}" for t in profile.toolchain]),
    )
    for table, found in tables:
        seen: set[str] = set()
        for index, name in enumerate(found):
            if name in seen:
                what = f"two [[{table}]] tables are named {name!r}"
                yield (table, index, "name"), what, "each name once"
            seen.add(name)


def _flavours(profile: Profile) -> Iterator[Issue]:
    flavours = [f.name for f in profile.flavour]
    archives = [a.name for a in profile.archive]
    known_patches = patch_sets()
    if profile.default_flavour not in flavours:
        what = f"there is no flavour {profile.default_flavour!r}"
        yield ("default_flavour",), what, choices(profile.default_flavour, flavours)
    for index, flavour in enumerate(profile.flavour):
        if flavour.unavailable and flavour.name == profile.default_flavour:
            what = f"the default flavour {flavour.name!r} is unavailable"
            yield ("default_flavour",), what, "a flavour that can be built"
        for apparent, archive in flavour.archives.items():
            if archive not in archives:
                what = f"flavour {flavour.name!r} names an unknown archive {archive!r}"
                yield ("flavour", index, "archives", apparent), what, choices(archive, archives)
        for name in flavour.patch_sets:
            if name not in known_patches:
                what = f"flavour {flavour.name!r} names an unknown patch set {name!r}"
                yield ("flavour", index, "patch_sets"), what, choices(name, known_patches)


def _archives(profile: Profile) -> Iterator[Issue]:
    known_patches = patch_sets()
    for index, archive in enumerate(profile.archive):
        for name in archive.patch_sets:
            if name not in known_patches:
                what = f"archive {archive.name!r} names an unknown patch set {name!r}"
                yield ("archive", index, "patch_sets"), what, choices(name, known_patches)


def _toolchains(profile: Profile) -> Iterator[Issue]:
    pinned = [t.name for t in profile.toolchain]
    for name in profile.toolchains:
        if name not in pinned:
            what = f"toolchain {name!r} has no [[toolchain]] table"
            yield ("toolchains",), what, choices(name, pinned)


def _bazel(profile: Profile) -> Iterator[Issue]:
    bazel = profile.bazel
    low, it, high = (_numbers(v) for v in (bazel.minimum, bazel.version, bazel.below))
    if not low <= it < high:
        what = f"Bazel {bazel.version} is not among the versions the profile calls legal"
        yield ("bazel", "version"), what, f"{bazel.minimum} <= version < {bazel.below}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _benchmark(profile: Profile) -> Iterator[Issue]:
    benchmark = profile.benchmark
    home = paths.home()
    source = Path(benchmark.source)
    if benchmark.repository:
        archives = [archive.name for archive in profile.archive]
        if benchmark.repository not in archives:
            what = f"there is no archive {benchmark.repository!r}"
            yield ("benchmark", "repository"), what, choices(benchmark.repository, archives)
    elif source.is_absolute() or ".." in source.parts or not (home / source).is_dir():
        what = f"there is no folder {benchmark.source!r}"
        found = [f"benchmarks/{p.name}" for p in (home / "benchmarks").glob("*/")]
        yield ("benchmark", "source"), what, choices(benchmark.source, found)
    for index, flavour in enumerate(profile.flavour):
        if benchmark.archive not in flavour.archives:
            what = f"flavour {flavour.name!r} does not say which archive {benchmark.archive!r} is"
            legal = f'archives = {{ {benchmark.archive} = "..." }}'
            yield ("flavour", index, "archives"), what, legal
