"""Move one archive of a profile to another commit, with everything that has to follow."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from xnnkit import profile as profiles
from xnnkit.archives.http import Net
from xnnkit.build import prepare
from xnnkit.build.request import Sources
from xnnkit.errors import BadInput, Finding
from xnnkit.lock import evidence, moved, refs, rewrite
from xnnkit.lock.evidence import Evidence
from xnnkit.patches.fit import Fit, fits
from xnnkit.profile import Archive, GitOrigin, Profile
from xnnkit.profile.compiler import ZIG
from xnnkit.render import package, workspace
from xnnkit.render.repositories import repositories


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        profile: a name or a path.
        archive: its name; "" for the one that the default flavour's benchmark is built from.
        to: a commit or a tag.
        from_git: see `evidence.Work`.
        tree: the commit's tree id, if the user vouches for it.
        url: the http origin's new address; "" tells it from the old one.
        strip_prefix: the folder in the file at ``url``.
        name: the profile's new name; "" keeps it.
    """

    profile: str
    archive: str
    to: str
    from_git: bool = False
    tree: str = ""
    url: str = ""
    strip_prefix: str = ""
    name: str = ""


@dataclass(frozen=True)
class Update:
    """What would be written, and what speaks for it.

    Attributes:
        file: the profile.
        archive: the archive's name.
        before: its commit now.
        new: the evidence.
        left: origins that are taken out, since nothing is known of them at the new commit.
        text: the profile's new text.
        diff: of the profile.
        rendered: the diff of what is rendered from it, without the patches themselves.
        fits: how each patch set of the archive fits.
    """

    file: Path
    archive: str
    before: str
    new: Evidence
    left: tuple[str, ...]
    text: str
    diff: str
    rendered: str
    fits: list[Fit] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether every patch set fits."""
        return not any(one.problems for one in self.fits)

    @property
    def unchanged(self) -> bool:
        """Tell whether the archive stays as it is pinned."""
        return self.before == self.new.commit and not self.new.seen

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON-ready object."""
        return {
            "profile": str(self.file),
            "archive": self.archive,
            "from": self.before,
            "to": self.new.commit,
            "tree": self.new.tree,
            "origins": [
                {
                    "type": one.moved.origin.type,
                    "sha256": one.digest.sha256,
                    "size": one.digest.size,
                    "tree": one.tree,
                    "how": one.how,
                    **one.moved.changes,
                }
                for one in self.new.seen
            ],
            "left": list(self.left),
            "patch_sets": [one.to_json() for one in self.fits],
            "ok": self.ok,
            "diff": self.diff,
            "rendered": self.rendered,
        }


def update(request: Request, sources: Sources, net: Net | None = None) -> Update:
    """Work out a profile with one archive at another commit; nothing is written but the cache.

    Args:
        request: what is asked for.
        sources: the cache and the clones.
        net: how to connect; a test's shorter timeouts.

    Raises:
        BadInput: the profile, the archive or the commit is not meant so.
        Finding: a file does not hold the commit's tree.
        BadEnvironment: something cannot be had.
    """
    from xnnkit.archives.cache import Cache
    from xnnkit.archives.origins.git import address
    from xnnkit.archives.unpack import unpack

    file = profiles.path_of(request.profile)
    old = profiles.load(request.profile)
    archive = old.get_archive(request.archive or _main(old))
    if bool(request.url) < bool(request.strip_prefix):
        raise BadInput("--strip-prefix goes with --url", fix="give both, or neither")
    git = next((o for o in archive.origin if isinstance(o, GitOrigin)), None)
    place = evidence.place(Cache(sources.cache), sources.git_root, net)
    try:
        commit = refs.commit_of(request.to, git, address(git) if git else "", sources.git_root)
        if commit == archive.commit and request.tree not in ("", archive.tree):
            raise Finding(
                f"{archive.name}: commit {commit[:12]} is pinned with another tree",
                why=f"--tree {request.tree}, pinned {archive.tree}",
            )
        tag = "" if commit == request.to.lower() else request.to
        target = moved.Target(commit, tag, request.url, request.strip_prefix)
        moves, left = moved.move(archive, target)
        if not moves and commit == archive.commit:
            return _as_it_is(request, old, archive)
        if not moves:
            raise BadInput(
                f"{archive.name} has no origin that can follow to another commit",
                why=", ".join(origin.location for origin in left),
            )
        # The pinned commit's tree is known; for another one, git says it.
        tree = archive.tree if commit == archive.commit else request.tree
        work = evidence.Work(place, request.from_git, tree)
        new = evidence.gather(archive, commit, moves, work)
    finally:
        place.net.close()
    before = file.read_bytes().decode()  # with its line ends
    text = rewrite.rewritten(before, archive.name, new, request.name)
    name = request.name or file.stem
    loaded = rewrite.loaded(text, name)
    (fetched,) = prepare.fetch(_alone(loaded, archive.name), sources)

    def fill(root: Path) -> None:
        origin = fetched.origin
        unpack(fetched.blob, origin.archive_format, root, strip_prefix=origin.strip_prefix)

    return Update(
        file=file,
        archive=archive.name,
        before=archive.commit,
        new=new,
        left=tuple(origin.location for origin in left),
        text=text,
        diff=rewrite.diff(before, text, file),
        rendered=_rendered(old, loaded),
        fits=fits(loaded, archive.name, fill),
    )


def _as_it_is(request: Request, old: Profile, archive: Archive) -> Update:
    """Return the update to the commit that is pinned: nothing but the profile's name changes."""
    file = profiles.path_of(request.profile)
    before = file.read_bytes().decode()
    new = Evidence(archive.commit, archive.tree, ())
    text = rewrite.rewritten(before, archive.name, new, request.name)
    loaded = rewrite.loaded(text, request.name or file.stem)
    return Update(
        file=file,
        archive=archive.name,
        before=archive.commit,
        new=new,
        left=(),
        text=text,
        diff=rewrite.diff(before, text, file),
        rendered=_rendered(old, loaded),
    )


def refuse(found: Update) -> None:
    """Refuse an update whose patch sets do not fit.

    Raises:
        Finding: with every edit that does not.
    """
    if found.ok:
        return
    bad = [one for one in found.fits if one.problems]
    problems = [problem for one in bad for problem in one.problems]
    raise Finding(
        f"{len(problems)} edits of {', '.join(one.patch_set for one in bad)} do not fit"
        f" {found.archive} {found.new.commit[:12]}",
        why="\n         ".join(line for text in problems for line in text.splitlines()),
        fix="correct the anchors (xnnkit patch explain SET shows what each edit is for)\n"
        "or --ignore-patches: write the pins now, and correct the anchors then",
    )


def _main(profile: Profile) -> str:
    flavour = profile.get_flavour(profile.default_flavour)
    return flavour.archives[profile.benchmark.archive]


def _alone(profile: Profile, archive: str) -> Profile:
    only = {"archive": (profile.get_archive(archive),), "toolchain": ()}
    return profile.model_copy(update=only)


def _rendered(before: Profile, after: Profile) -> str:
    """Return what changes in the rendered files; both profiles are rendered in every form."""
    lines: list[str] = []
    for form, plan in _FORMS.items():
        if form == "workspace" and not _has_workspace(before):
            continue
        one, other = plan(before), plan(after)
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) == other.get(name):
                continue
            lines += difflib.unified_diff(
                one.get(name, b"").decode(errors="replace").splitlines(keepends=True),
                other.get(name, b"").decode(errors="replace").splitlines(keepends=True),
                f"a/{form}/{name}",
                f"b/{form}/{name}",
            )
    return "".join(lines)


def _has_workspace(profile: Profile) -> bool:
    return any(archive.layout == "workspace" for archive in profile.archive)


def _no_patches(profile: Profile) -> dict[str, list[bytes]]:
    """Stand in for the diffs, which other archives' trees would be needed for."""
    return {one.name: [b""] * len(one.patch_sets) for one in repositories(profile)}


_FORMS: dict[str, Callable[[Profile], workspace.Plan]] = {
    "module": lambda p: workspace.plan(p, _no_patches(p), "module", ZIG),
    "workspace": lambda p: workspace.plan(p, _no_patches(p), "workspace", ZIG),
    "package": lambda p: package.plan(p, _no_patches(p), ZIG),
}
