"""Which repositories a workspace has: one for each source, and an alias where flavours differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xnnkit.profile import Archive, Flavour, Profile


@dataclass(frozen=True)
class Repository:
    """One archive's tree with patch sets applied.

    Attributes:
        name: the Bazel repository's name.
        stands_for: the name that BUILD files know it by; what its patch sets apply to.
        archive: where its tree comes from.
        patch_sets: names of the patch sets, in the order they are applied.
        switches: flavour -> "SWITCH=true|false" for each switch; empty when no flavour sets one.
            "" is the profile's default flavour.
    """

    name: str
    stands_for: str
    archive: Archive
    patch_sets: tuple[str, ...] = ()
    switches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def diffs(self) -> list[tuple[str, str]]:
        """Each patch set, and where a workspace has its diff; in the order they are applied."""
        return [
            (name, f"patches/{self.name}-{number:04d}-{name.split('/')[1]}.patch")
            for number, name in enumerate(self.patch_sets, 1)
        ]


@dataclass(frozen=True)
class Alias:
    """A repository whose targets stand for those of another, chosen by the flavour.

    Attributes:
        name: the repository's name as BUILD files write it.
        targets: names of the targets in its root package.
        actual: flavour -> repository.
        default: the repository when no flavour is chosen.
    """

    name: str
    targets: tuple[str, ...]
    actual: Mapping[str, str]
    default: str


def available(profile: Profile) -> list[Flavour]:
    """Return the flavours that can be built, in the profile's order."""
    return [flavour for flavour in profile.flavour if not flavour.unavailable]


def repositories(profile: Profile, layout: str = "module") -> list[Repository]:
    """Return every repository made from an archive, in the order of the profile's archives.

    An archive that only unavailable flavours use has none, nor has one of another layout.

    Args:
        profile: the pins.
        layout: "module" or "workspace".
    """
    behind: dict[str, list[Repository]] = {}
    for repository, by_flavour in _chosen(profile).items():
        for name, (source, sets, flavours) in _named(repository, by_flavour).items():
            pins = profile.get_archive(source)
            flavoured = repository == profile.benchmark.archive
            switches = _switches(profile, flavours) if flavoured else {}
            one = Repository(name, repository, pins, (*pins.patch_sets, *sets), switches)
            behind.setdefault(source, []).append(one)
    of_flavours = {source for one in profile.flavour for source in one.archives.values()}
    found: list[Repository] = []
    for archive in profile.archive:
        if archive.layout not in ("", layout):
            continue
        if archive.name in of_flavours:
            found += behind.get(archive.name, [])
        else:
            found.append(Repository(archive.name, archive.name, archive, archive.patch_sets))
    return found


def aliases(profile: Profile) -> list[Alias]:
    """Return the alias repositories.

    One for each name that flavours give different sources, and the profile's own, which are the
    same in all flavours.
    """
    found = [Alias(one.name, one.targets, {}, one.archive) for one in profile.alias]
    for repository, by_flavour in _chosen(profile).items():
        named = _named(repository, by_flavour)
        if len(named) < 2:
            continue
        actual = {flavour: name for name, (_, _, many) in named.items() for flavour in many}
        order = [flavour.name for flavour in available(profile)]
        found.append(
            Alias(
                name=repository,
                targets=profile.benchmark.archive_targets or (repository,),
                actual={flavour: actual[flavour] for flavour in order if flavour in actual},
                default=actual.get(profile.default_flavour, next(iter(named))),
            )
        )
    return found


_Source = tuple[str, tuple[str, ...]]


def _chosen(profile: Profile) -> dict[str, dict[_Source, list[str]]]:
    """Return repository -> (archive, patch sets) -> the flavours that have it so."""
    chosen: dict[str, dict[_Source, list[str]]] = {}
    for flavour in available(profile):
        for repository, archive in flavour.archives.items():
            # A flavour's patch sets are for what it is a flavour of.
            flavoured = repository == profile.benchmark.archive
            source = (archive, flavour.patch_sets if flavoured else ())
            chosen.setdefault(repository, {}).setdefault(source, []).append(flavour.name)
    return chosen


def _named(
    repository: str, by_source: Mapping[_Source, list[str]]
) -> dict[str, tuple[str, tuple[str, ...], list[str]]]:
    """Name each source: the repository itself if it is the only one, else after a flavour."""
    if len(by_source) == 1:
        [((archive, sets), flavours)] = by_source.items()
        return {repository: (archive, sets, flavours)}
    return {
        f"{repository}_{flavours[0].replace('-', '_')}": (archive, sets, flavours)
        for (archive, sets), flavours in by_source.items()
    }


def _switches(profile: Profile, flavours: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in flavours:
        settings = profile.get_flavour(name).switches
        found[name] = tuple(f"{k}={str(v).lower()}" for k, v in sorted(settings.items()))
    if profile.default_flavour in found:
        found = {"": found[profile.default_flavour], **found}
    return {name: settings for name, settings in found.items() if settings}
