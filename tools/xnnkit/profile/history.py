"""Commits that cannot be what is meant: a MediaPipe without llm_test, an XNNPACK that it outgrew.

What is known stands in history.toml, which tools/derive_history.py writes from the clones. Only
what was looked at is refused: a commit or a pair that is not in there passes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from xnnkit.profile.model import Archive, Profile

_SHORT = 12

Issue = tuple[tuple[str | int, ...], str, str]


@cache
def _data() -> dict[str, Any]:
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _days_without() -> dict[str, str]:
    """Return the first 12 digits of a commit of MediaPipe without llm_test -> its day."""
    found = {
        commit: day
        for day, commits in _data()["without_llm_test"].items()
        for commit in commits.split()
    }
    tags = _data()["tags"].values()
    return found | {t["commit"][:_SHORT]: t["day"] for t in tags if not t["llm_test"]}


def name_of(commit: str) -> str:
    """Return a commit as people know it: ``v0.10.33 (3987048d4b39)``, or its first 12 digits."""
    for tag, facts in _data()["tags"].items():
        if facts["commit"] == commit:
            return f"{tag} ({commit[:_SHORT]})"
    return commit[:_SHORT]


def last_tag() -> tuple[str, str]:
    """Return name and commit of the last tag of MediaPipe that has llm_test."""
    name, facts = [(n, t) for n, t in _data()["tags"].items() if t["llm_test"]][-1]
    return name, facts["commit"]


def lacks_llm_test(commit: str) -> str:
    """Return why a commit of MediaPipe cannot be built, "" when nothing is known against it.

    Args:
        commit: 40 hexadecimal digits.
    """
    day = _days_without().get(commit[:_SHORT])
    return f"{name_of(commit)} of {day} has no llm_test: {when(day)}" if day else ""


def when(day: str) -> str:
    """Return what had happened to llm_test by a day on which it was not there.

    Args:
        day: like 2026-02-01.
    """
    changes = _data()["change"]
    gone = [c for c in changes if not c["llm_test"] and c["day"] <= day]
    back = [c for c in changes if c["llm_test"] and c["day"] >= (gone[-1]["day"] if gone else day)]
    if not gone:
        first = changes[0]
        return f"it was added on {first['day']} by {first['commit'][:_SHORT]}"
    last = f"it was removed on {gone[-1]['day']} by {gone[-1]['commit'][:_SHORT]}"
    if back:
        return f"{last}, and came back on {back[0]['day']} with {back[0]['commit'][:_SHORT]}"
    tag, commit = last_tag()
    return f"{last}; the last tag with it is {tag}, {commit[:_SHORT]}"


def cannot_compile(mediapipe: str, xnnpack: str) -> str:
    """Return why a MediaPipe does not compile with an XNNPACK, "" when nothing is known.

    Args:
        mediapipe: its commit, 40 hexadecimal digits.
        xnnpack: its commit, likewise.
    """
    data = _data()
    for one in data["mediapipe"]:
        if one["commit"] == mediapipe and (missing := one["lacking"].get(xnnpack)):
            return (
                f"XNNPACK {xnnpack[:_SHORT]} of {data['xnnpack'][xnnpack]} does not declare"
                f" {missing}, which llm_test of MediaPipe {one['name']} calls; it was written for"
                f" XNNPACK {one['xnnpack'][:_SHORT]} of {data['xnnpack'][one['xnnpack']]}"
            )
    return ""


def check(profile: Profile) -> Iterator[Issue]:
    """Yield (path of the key, what is wrong, what is legal) for each pin with a known history.

    Args:
        profile: whose references lead somewhere.
    """
    archives = {one.name: one for one in profile.archive}
    ours = archives.get(profile.benchmark.repository)
    if ours is None:
        return
    if why := lacks_llm_test(ours.commit):
        index = profile.archive.index(ours)
        tag, commit = last_tag()
        yield ("archive", index, "commit"), f"MediaPipe {why}", f"{commit} ({tag}), or one before"
        return
    for index, flavour in enumerate(profile.flavour):
        named = flavour.archives.get(profile.benchmark.archive, "")
        xnnpack: Archive | None = archives.get(named)
        if xnnpack and (why := cannot_compile(ours.commit, xnnpack.commit)):
            key = ("flavour", index, "archives", profile.benchmark.archive)
            yield key, f"flavour {flavour.name!r} cannot be compiled: {why}", "another pair"
