"""Which files an overlay writes into a checkout of MediaPipe, and what is in them."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import xnnkit
from xnnkit.bazel.find import allowed
from xnnkit.errors import BadInput
from xnnkit.overlay import rc
from xnnkit.patches import apply as edits
from xnnkit.patches import load as patch_sets
from xnnkit.patches.apply import State
from xnnkit.profile import Archive, Profile
from xnnkit.profile.compiler import Compiler
from xnnkit.render import workspace
from xnnkit.render.environment import render

FOLDER = "xnnkit"
"""Everything that is new lies in this folder of the checkout, but for what patch sets add."""

Pristine = Callable[[str], State | None]
"""Path -> the checkout's own file, as it is without an overlay; None when there is none."""


@dataclass(frozen=True)
class Plan:
    """What to write.

    Attributes:
        files: path -> the whole file; None for one that goes.
        blocks: path -> the marked block that goes into a file of the user's.
    """

    files: dict[str, State | None] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What is asked for.

    Attributes:
        profile: the pins.
        flavour: the flavour that a plain `bazel build` in the checkout builds.
        compiler: what `--config=android_arm64` compiles with.
        cache: xnnkit's cache if it is not where a Bazel of the user's would look; else None.
        own: the profile's file where xnnkit has none of that name, else b"".
    """

    profile: Profile
    flavour: str
    compiler: Compiler
    cache: Path | None = None
    own: bytes = b""

    @property
    def words(self) -> str:
        """What is asked for, for messages and comments."""
        with_ndk = f" {self.compiler.version or self.compiler.path}".rstrip()
        return (
            f"{self.profile.name}, flavour {self.flavour}, toolchain {self.compiler.name}{with_ndk}"
        )


def mediapipe(profile: Profile) -> Archive:
    """Return the archive that an overlay's checkout takes the place of.

    Raises:
        BadInput: the profile's benchmark is not in an archive.
    """
    if not profile.benchmark.repository:
        raise BadInput(
            f"{profile.name} builds nothing of MediaPipe",
            where=f"profiles/{profile.name}.toml",
            why=f"its benchmark is xnnkit's own {profile.benchmark.source}",
            fix="xnnkit profile list  # llm_test is the benchmark of those for MediaPipe",
        )
    return profile.get_archive(profile.benchmark.repository)


def without_mediapipe(profile: Profile) -> Profile:
    """Return the profile without the archive that the checkout is, which need not be fetched."""
    ours = mediapipe(profile)
    return profile.model_copy(
        update={"archive": tuple(one for one in profile.archive if one.name != ours.name)}
    )


def plan(choice: Choice, patches: workspace.Patches, pristine: Pristine) -> Plan:
    """Return what the overlay writes.

    Args:
        choice: what is asked for.
        patches: repository -> the unified diff of each of its patch sets, in their order.
        pristine: the checkout's own files.

    Raises:
        BadInput: the profile has no WORKSPACE form, or names what is not there.
        Finding: an anchor of MediaPipe's patch sets does not match the checkout.
    """
    archive = mediapipe(choice.profile)
    files: dict[str, State | None] = dict(_patched(archive, pristine))
    rest = without_mediapipe(choice.profile)
    found = workspace.parts(rest, patches, "workspace").below(FOLDER)
    given = workspace.variables(choice.profile, found, "workspace", choice.compiler)
    named = carried_file(choice.profile.name) if choice.own else choice.profile.name
    words = ["xnnkit", "overlay", ".", "--profile", named, *choice.compiler.options()]
    given |= {
        "workspace_name": archive.name,
        "rules": f"{FOLDER}/module",
        "command": shlex.join(words),
    }
    text = render("WORKSPACE.tmpl", **given)
    # Bazel prefers the longer name where both are.
    name = "WORKSPACE.bazel" if pristine("WORKSPACE.bazel") else "WORKSPACE"
    files[name] = State(text.encode())
    for path, data in found.files.items():
        files[path] = State(data)
    for path, data in workspace.vendored(f"{FOLDER}/module", "workspace").items():
        files[path] = State(data)
    if choice.own:
        files[carried_file(choice.profile.name)] = State(choice.own)
    files[f"{FOLDER}/README.md"] = State(_readme(choice).encode())
    version = pristine(".bazelversion")
    wanted = choice.profile.bazel
    if version is None or not _is_allowed(version.data.decode(errors="replace"), choice.profile):
        files[".bazelversion"] = State(f"{wanted.version}\n".encode())
    bazelrc = pristine(".bazelrc") or State(b"")
    blocks = {
        rc.file_for(bazelrc.data.decode(errors="replace")): rc.block(_rc_lines(choice)),
        # The vendored rules are a repository of their own, not packages of MediaPipe.
        ".bazelignore": rc.block([f"{FOLDER}/module"]),
    }
    return Plan(dict(sorted(files.items())), blocks)


def carried_file(name: str) -> str:
    """Return where a checkout has a profile that xnnkit does not know by its name."""
    return f"{FOLDER}/{workspace.carried_file(name)}"


def command(profile: Profile) -> str:
    """Return the command that an overlay makes work, as Arm's Learning Path gives it."""
    benchmark = profile.benchmark
    return f"bazel build -c opt --config=android_arm64 {benchmark.package}:{benchmark.target}"


def _patched(archive: Archive, pristine: Pristine) -> dict[str, State | None]:
    """Return path -> what the archive's overlay and patch sets make of the checkout's files."""
    after: dict[str, State | None] = {}
    if archive.overlay:
        for path, data in workspace.overlay_files(archive.overlay).items():
            after[path] = State(data)
    with tempfile.TemporaryDirectory(prefix="xnnkit-tree-") as scratch:
        tree = Path(scratch)
        for name in archive.patch_sets:
            patch_set = patch_sets.load(name)
            touched = {edit.file for edit in patch_set.edits}
            touched |= {file.path for file in patch_set.files}
            for path in touched:
                state = after[path] if path in after else pristine(path)
                if state is not None and not (tree / path).exists():
                    edits.write([edits.Change(path, None, state)], tree)
            changed = edits.changes(patch_set, tree)
            edits.write(changed, tree)
            after.update({one.path: one.after for one in changed})
    return after


def _is_allowed(version: str, profile: Profile) -> bool:
    try:
        return allowed(version.strip(), profile.bazel)
    except ValueError:
        return False


def _rc_lines(choice: Choice) -> list[str]:
    profile = choice.profile
    target = workspace.PLATFORMS[choice.compiler.name]
    lines = [
        f"# {choice.words}; xnnkit {xnnkit.__version__}",
        "common --noenable_bzlmod",
        "# No compiler of the host is looked for, and none is used: zig builds the tools that run"
        " here.",
        "common --repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1",
        # Bazel's shell need not have the variable that this one has.
        *(
            [f"common {rc.quoted(f'--repo_env=XNNKIT_CACHE={choice.cache}')}"]
            if choice.cache
            else []
        ),
        "build --incompatible_enable_cc_toolchain_resolution",
        "build --host_platform=@xnnkit//rules/platforms:linux_x86_64_musl",
        "build --incompatible_strict_action_env",
        "build --nostamp",
        f"build --@xnnkit//rules/flavour={choice.flavour}",
        f"build --@xnnkit//rules/toolchains:optimization={profile.optimization}",
        *(f"build {setting}" for setting in profile.settings),
        f"build:android_arm64 --platforms=@xnnkit//rules/platforms:{target}",
    ]
    if choice.compiler.name == "zig":
        # A static program for any arm64 kernel is not Android's: select()s must not take it so.
        lines += [
            "build:android_arm64 --crosstool_top=@bazel_tools//tools/cpp:toolchain",
            "build:android_arm64 --cpu=aarch64",
        ]
    return lines


def _readme(choice: Choice) -> str:
    return f"""# xnnkit overlay

`xnnkit overlay` of xnnkit {xnnkit.__version__} put this here, from the profile
{choice.profile.name}. `git diff` shows what it changed in MediaPipe's own files;
`xnnkit overlay --undo .` takes everything out again.

    {command(choice.profile)}

- `module/`: xnnkit's Bazel rules.
- `patches/`: diffs that the WORKSPACE applies to archives.
- `overlays/`, `stubs/`: BUILD files for archives, and what load() finds in those nobody builds.
"""
