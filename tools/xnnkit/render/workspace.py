"""Which files a rendered workspace has, and what is in them. Nothing here writes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import xnnkit
from xnnkit import paths
from xnnkit.errors import BadInput
from xnnkit.profile import Profile
from xnnkit.profile.compiler import ZIG, Compiler, toolchains
from xnnkit.render import remote
from xnnkit.render.environment import render
from xnnkit.render.repositories import Alias, Repository, aliases, available, repositories

Plan = dict[str, bytes]
Patches = Mapping[str, Sequence[bytes]]
Layout = Literal["module", "workspace"]

# Toolchain -> the platform of //rules/platforms that it builds for.
PLATFORMS = {"zig": "linux_arm64_musl", "ndk": "android_arm64"}

_VENDORED = ("MODULE.bazel", "BUILD.bazel", "LICENSE", "rules")
_SKIPPED_SUFFIXES = (".pyc", ".md")


@dataclass(frozen=True)
class Parts:
    """What every layout of a profile has: its repositories, and the files they are made with.

    Attributes:
        files: relative path -> bytes of patches/, overlays/ and stubs/.
        repositories: those made from archives.
        aliases: those that stand for others by flavour.
        patches: repository -> labels of its diffs.
        overlays: overlay -> label -> path inside the repository.
        stubs: stub repository -> label -> path inside it.
    """

    files: Plan
    repositories: list[Repository]
    aliases: list[Alias]
    patches: dict[str, list[str]]
    overlays: dict[str, dict[str, str]]
    stubs: dict[str, dict[str, str]]

    @property
    def visible(self) -> list[str]:
        """Names of all repositories, sorted."""
        names = {r.name for r in self.repositories} | {a.name for a in self.aliases}
        return sorted(names | set(self.stubs))

    def below(self, folder: str) -> Parts:
        """Return the same parts with their files in a folder of the workspace."""

        def moved(labels: Mapping[str, str]) -> dict[str, str]:
            return {label.replace("//", f"//{folder}/", 1): path for label, path in labels.items()}

        return Parts(
            files={f"{folder}/{path}": data for path, data in self.files.items()},
            repositories=self.repositories,
            aliases=self.aliases,
            patches={
                name: [label.replace("//", f"//{folder}/", 1) for label in labels]
                for name, labels in self.patches.items()
            },
            overlays={name: moved(labels) for name, labels in self.overlays.items()},
            stubs={name: moved(labels) for name, labels in self.stubs.items()},
        )


def parts(profile: Profile, patches: Patches, layout: Layout = "module") -> Parts:
    """Return the repositories of a profile and the files that they are made with.

    Args:
        profile: the pins.
        patches: repository -> the unified diff of each of its patch sets, in their order.
        layout: "module" or "workspace".

    Raises:
        BadInput: an overlay or a stub is not there.
    """
    files: Plan = {}
    overlays = {name: _overlay("overlays", name, files) for name in _overlay_names(profile)}
    stubs = {stub.name: _overlay("stubs", stub.files, files) for stub in profile.stub}
    found = repositories(profile, layout)
    labels: dict[str, list[str]] = {}
    for repository in found:
        labels[repository.name] = []
        diffs = patches.get(repository.name, ())
        for (_, path), diff in zip(repository.diffs, diffs, strict=True):
            files[path] = diff
            labels[repository.name].append(f"//{path.replace('/', ':')}")
    files["patches/BUILD.bazel"] = _exports("Diffs that are applied to archives.")
    files["overlays/BUILD.bazel"] = _exports("BUILD files that are laid over archives.")
    if stubs:
        files["stubs/BUILD.bazel"] = _exports("What load() finds in repositories nobody builds.")
    return Parts(files, found, aliases(profile), labels, overlays, stubs)


def plan(
    profile: Profile,
    patches: Patches,
    layout: Layout = "module",
    compiler: Compiler = ZIG,
    *,
    own: bytes = b"",
    far: remote.Remote | None = None,
) -> Plan:
    """Return every file of the workspace: relative path -> bytes.

    Args:
        profile: the pins.
        patches: repository -> the unified diff of each of its patch sets, in their order.
        layout: "module" for MODULE.bazel (Bazel 7.4 to 7), "workspace" for WORKSPACE (Bazel 6.1
            to 7).
        compiler: what a plain `bazel build` compiles with.
        own: the profile's file where xnnkit has none of that name (`profile.carried`), else b"".
        far: where actions are cached or run.

    Raises:
        BadInput: an overlay, a stub or the benchmark's source is not there, or the profile has no
            pins for a WORKSPACE.
    """
    found = parts(profile, patches, layout)
    files = dict(found.files)
    given = variables(profile, found, layout, compiler, own=bool(own), far=far)
    root = {"module": "MODULE.bazel", "workspace": "WORKSPACE"}[layout]
    templates = {"WORKSPACE": "WORKSPACE.tmpl"}
    for target in (root, "BUILD.bazel", "flavours.bzl", "README.md"):
        files[target] = render(templates.get(target, f"{target}.j2"), **given).encode()
    files[".bazelrc"] = render("bazelrc.j2", **given).encode()
    files[".bazelversion"] = f"{profile.bazel.version}\n".encode()
    # The vendored module and the caches are not packages of the workspace.
    files[".bazelignore"] = b".disk_cache\nxnnkit\n"
    files[".gitignore"] = b"/.disk_cache/\n/bazel-*\n"
    if far:
        files[remote.NAME] = remote.rendered(far)
    if own:
        files[carried_file(profile.name)] = own
    if profile.benchmark.source:
        _copy_tree(paths.home() / profile.benchmark.source, profile.benchmark.package, files)
    files.update(vendored("xnnkit", layout))
    return dict(sorted(files.items()))


def carried_file(name: str) -> str:
    """Return where a rendered directory has a profile that xnnkit does not know by its name."""
    return f"profiles/{name}.toml"


def variables(
    profile: Profile,
    found: Parts,
    layout: Layout,
    compiler: Compiler,
    *,
    own: bool = False,
    far: remote.Remote | None = None,
) -> dict[str, Any]:
    """Return what templates may use.

    Args:
        profile: the pins.
        found: its parts.
        layout: "module" or "workspace".
        compiler: what the workspace compiles with.
        own: the profile's file comes along.
        far: where actions are cached or run.

    Raises:
        BadInput: the profile has no pins for a WORKSPACE.
    """
    if layout == "workspace" and not any(a.layout == "workspace" for a in profile.archive):
        raise BadInput(
            f"{profile.name} has no WORKSPACE form",
            where=f"profiles/{profile.name}.toml",
            why="it pins no bazel_skylib, which a MODULE.bazel gets from the module registry",
            fix=f"xnnkit render {profile.name} --format module OUT",
        )
    named = carried_file(profile.name) if own else profile.name
    words = ["render", named, "."]
    words += [] if layout == "module" else ["--format", layout]
    words += compiler.options()
    words += far.options() if far else []
    pinned = {one.name: one for one in reversed(toolchains(profile, compiler))}
    return {
        "profile": profile,
        "version": xnnkit.__version__,
        "repositories": found.repositories,
        "aliases": found.aliases,
        "visible": found.visible,
        "flavours": available(profile),
        "patches": found.patches,
        "overlays": found.overlays,
        "stubs": found.stubs,
        "layout": layout,
        "platform": PLATFORMS[compiler.name],
        "compiler": compiler,
        "zig": pinned.get("zig"),
        "ndk": pinned.get("ndk"),
        "bazel_minimum": oldest_bazel(profile, layout),
        # An overlay says otherwise.
        "workspace_name": profile.name.replace("-", "_"),
        "rules": "xnnkit",
        "named": named,
        "carried": carried_file(profile.name) if own else "",
        "command": shlex.join(["xnnkit", *words]),
        "command_words": words,
    }


def oldest_bazel(profile: Profile, layout: Layout) -> str:
    """Return the oldest Bazel that a workspace works with.

    Args:
        profile: the pins.
        layout: "module", where the rules' own MODULE.bazel has a say, too, or "workspace".
    """
    own = profile.bazel.minimum
    if layout == "workspace":
        return own
    file = paths.home() / "MODULE.bazel"
    module = file.read_text() if file.is_file() else ""
    named = re.search(r'bazel_compatibility = \[\s*">=([0-9.]+)"', module)
    return max(own, named[1] if named else own, key=lambda v: [int(n) for n in v.split(".")])


def vendored(folder: str, layout: Layout) -> Plan:
    """Return the rules as a module or repository of their own, below a folder.

    Raises:
        BadInput: xnnkit's own files are missing.
    """
    files: Plan = {}
    for name in _VENDORED:
        _copy_tree(paths.home() / name, f"{folder}/{name}", files)
    if layout == "workspace":
        files[f"{folder}/WORKSPACE"] = b'workspace(name = "xnnkit")\n'
    return files


def overlay_files(name: str) -> Plan:
    """Return an overlay's files by their path inside the repository.

    Raises:
        BadInput: there is no such overlay.
    """
    files: Plan = {}
    labels = _overlay("overlays", name, files)
    return {
        path: files[label.removeprefix("//").replace(":", "/")] for label, path in labels.items()
    }


def _exports(docstring: str) -> bytes:
    return f'"""{docstring}"""\n\nexports_files(glob(["*"]))\n'.encode()


def _overlay_names(profile: Profile) -> list[str]:
    names = {archive.overlay for archive in profile.archive}
    names |= {origin.overlay for archive in profile.archive for origin in archive.origin}
    return sorted(names - {""})


def _overlay(kind: str, name: str, files: Plan) -> dict[str, str]:
    """Add the files of an overlay or a stub and return label -> path inside the repository."""
    root = Path(__file__).parent / kind / name
    if not root.is_dir():
        legal = sorted(p.name for p in root.parent.iterdir() if p.is_dir())
        raise BadInput(
            f"no {kind[:-1]} {name!r}", where=str(root), why=f"legal: {', '.join(legal)}"
        )
    labels: dict[str, str] = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        inside = path.relative_to(root).as_posix()
        flat = f"{name}__{inside.replace('/', '__')}"
        files[f"{kind}/{flat}"] = path.read_bytes()
        labels[f"//{kind}:{flat}"] = inside
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
