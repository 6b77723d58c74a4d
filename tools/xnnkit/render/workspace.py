"""Which files a rendered workspace has, and what is in them. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import xnnkit
from xnnkit import paths
from xnnkit.errors import BadInput
from xnnkit.profile import Flavour, Profile
from xnnkit.render.environment import render

Plan = dict[str, bytes]

_VENDORED = ("MODULE.bazel", "BUILD.bazel", "LICENSE", "rules")
_SKIPPED_SUFFIXES = (".pyc", ".md")


def patched_archives(profile: Profile) -> dict[str, tuple[str, ...]]:
    """Return archive name -> the patch sets its tree is built with.

    Raises:
        BadInput: two flavours want one repository from different sources.
    """
    wanted: dict[str, tuple[str, tuple[str, ...], Flavour]] = {}
    for flavour in profile.flavour:
        for repository, archive in flavour.archives.items():
            here = (archive, flavour.patch_sets, flavour)
            first = wanted.setdefault(repository, here)
            if first[:2] != here[:2]:
                raise BadInput(
                    f"flavours {first[2].name} and {flavour.name} build @{repository} from"
                    " different sources",
                    where=f"profiles/{profile.name}.toml",
                    why="one workspace has one repository of a name; only switches may differ",
                    fix="give both the same archives and patch_sets, or split the profile",
                )
    return {archive: sets for archive, sets, _ in wanted.values()}


def plan(profile: Profile, patches: Mapping[str, bytes]) -> Plan:
    """Return every file of the workspace: relative path -> bytes.

    Args:
        profile: the pins.
        patches: patch set name -> the unified diff rendered for the archive's tree.

    Raises:
        BadInput: an overlay or the benchmark's source is not there.
    """
    files: Plan = {}
    overlays = {name: _overlay(name, files) for name in _overlay_names(profile)}
    by_archive: dict[str, list[str]] = {archive.name: [] for archive in profile.archive}
    for archive, sets in patched_archives(profile).items():
        for number, name in enumerate(sets, 1):
            file = f"{number:04d}-{name.replace('/', '-')}.patch"
            files[f"patches/{file}"] = patches[name]
            by_archive[archive].append(f"//patches:{file}")
    zig = next((t for t in profile.toolchain if t.name == "zig"), None)
    variables = {
        "profile": profile,
        "version": xnnkit.__version__,
        "patches": by_archive,
        "overlays": overlays,
        "zig": zig,
    }
    for target in ("MODULE.bazel", "BUILD.bazel", "flavours.bzl", "README.md"):
        files[target] = render(f"{target}.j2", **variables).encode()
    files[".bazelrc"] = render("bazelrc.j2", **variables).encode()
    files[".bazelversion"] = f"{profile.bazel.version}\n".encode()
    # The vendored module and the caches are not packages of the workspace.
    files[".bazelignore"] = b".disk_cache\nxnnkit\n"
    files[".gitignore"] = b"/.disk_cache/\n/bazel-*\n"
    files["patches/BUILD.bazel"] = _exports("Diffs that MODULE.bazel applies.")
    files["overlays/BUILD.bazel"] = _exports("BUILD files that MODULE.bazel lays over archives.")
    _copy_tree(paths.home() / profile.benchmark.source, profile.benchmark.package, files)
    for name in _VENDORED:
        _copy_tree(paths.home() / name, f"xnnkit/{name}", files)
    return dict(sorted(files.items()))


def _exports(docstring: str) -> bytes:
    return f'"""{docstring}"""\n\nexports_files(glob(["*"]))\n'.encode()


def _overlay_names(profile: Profile) -> list[str]:
    names = {archive.overlay for archive in profile.archive}
    names |= {origin.overlay for archive in profile.archive for origin in archive.origin}
    return sorted(names - {""})


def _overlay(name: str, files: Plan) -> dict[str, str]:
    """Add an overlay's files and return label -> path inside the archive."""
    root = Path(__file__).parent / "overlays" / name
    if not root.is_dir():
        legal = sorted(p.name for p in root.parent.iterdir() if p.is_dir())
        raise BadInput(f"no overlay {name!r}", where=str(root), why=f"legal: {', '.join(legal)}")
    labels: dict[str, str] = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        inside = path.relative_to(root).as_posix()
        flat = f"{name}__{inside.replace('/', '__')}"
        files[f"overlays/{flat}"] = path.read_bytes()
        labels[f"//overlays:{flat}"] = inside
    return labels


def _copy_tree(source: Path, target: str, files: Plan) -> None:
    if source.is_file():
        files[target] = source.read_bytes()
        return
    if not source.is_dir():
        raise BadInput(f"{source} is missing", why="the workspace takes its files from there")
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        if path.suffix in _SKIPPED_SUFFIXES or "__pycache__" in path.parts:
            continue
        files[f"{target}/{path.relative_to(source).as_posix()}"] = path.read_bytes()
