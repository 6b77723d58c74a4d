"""No single change of what a statement says of a build gets past verify, whatever it is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import mini as minis
import pytest
from mini import Mini
from xnnkit.errors import XnnkitError
from xnnkit.provenance import collect, read
from xnnkit.provenance.digests import dir_hash
from xnnkit.provenance.files import of_build
from xnnkit.provenance.here import Places
from xnnkit.provenance.statement import BUILDER, render
from xnnkit.provenance.verify import judge, verify

Path_ = tuple[str | int, ...]

CHECKED: tuple[Path_, ...] = (
    ("subject",),
    ("predicate", "buildDefinition"),
    ("predicate", "runDetails", "builder"),
)
"""docs/provenance.md names what is not: nothing in these, so this has no list of exceptions."""

HEX = "0123456789abcdef"


def under(content: Any, path: Path_) -> Any:
    for key in path:
        content = content[key]
    return content


def nodes(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place in a JSON value, the value itself first."""
    yield path
    if isinstance(value, (dict, list)):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from nodes(one, (*path, key))


def others(leaf: Any) -> list[Any]:
    """Return values that a forger might write in place of one: also such as have its form."""
    if isinstance(leaf, bool):
        return [not leaf, int(leaf), None]
    if isinstance(leaf, int):
        return [leaf + 1, 0, float(leaf), str(leaf), True]
    if leaf is None:
        return [0, "", "x"]
    assert isinstance(leaf, str)
    found = [leaf + "x", leaf + " ", "", None, [leaf]]
    if len(leaf) in (40, 64) and set(leaf) <= set(HEX):
        found.append(HEX[HEX.index(leaf[0]) - 1] + leaf[1:])
    return [one for one in found if one != leaf]


def forged(good: Any) -> Iterator[tuple[str, Any]]:
    """Yield each statement that differs from a good one in one place, and what was done."""
    for root in CHECKED:
        for place in nodes(under(good, root)):
            path = root + place
            value, holder, key = under(good, path), path[:-1], path[-1]
            if not isinstance(value, (dict, list)):
                for other in others(value):
                    content = copy.deepcopy(good)
                    under(content, holder)[key] = other
                    yield f"{path} is {other!r}", content
            content = copy.deepcopy(good)
            del under(content, holder)[key]
            yield f"{path} removed", content
            if isinstance(key, int):
                content = copy.deepcopy(good)
                under(content, holder).append(copy.deepcopy(value))
                yield f"{path} twice", content
            if isinstance(value, dict):
                for name in ("more", "sha512", "sha256", "gitCommit", "uri"):
                    if name not in value:
                        content = copy.deepcopy(good)
                        under(content, path)[name] = "a" * 64
                        yield f"{path} with {name}", content
            if isinstance(value, list):
                for extra in ("x", {"name": "x"}, {"name": "x", "digest": {"sha256": "a" * 64}}):
                    content = copy.deepcopy(good)
                    under(content, path).append(extra)
                    yield f"{path} with {extra!r}", content


def consistent(content: Any) -> Any:
    """Return a statement with each ``dirHash`` made to fit, as a careful forger would."""
    content = copy.deepcopy(content)
    try:
        materials = content["predicate"]["buildDefinition"]["resolvedDependencies"]
        for one in materials:
            if "dirHash" in one["digest"]:
                one["digest"]["dirHash"] = dir_hash(one["annotations"]["sha256"])
    except (KeyError, TypeError, AttributeError):
        pass
    return content


def ends(content: Any, places: Places) -> tuple[int, int]:
    """Return the exit code, and that with --allow-unchecked."""
    try:
        checks = verify(read.parse(json.dumps(content).encode(), "test"), places)
    except XnnkitError as error:
        return error.exit_code, error.exit_code
    judged = [judge(checks, "test", allow_unchecked=allowed) for allowed in (False, True)]
    first, second = (error.exit_code if error else 0 for error in judged)
    return first, second


@pytest.fixture
def linked(mini: Mini) -> Mini:
    """A build with symlinks in its workspace, and with options."""
    workspace = mini.out / "workspace"
    (mini.root / "mine.bazelrc").write_text("build --jobs=1\n")
    (workspace / "user.bazelrc").symlink_to(mini.root / "mine.bazelrc")
    (workspace / "gone").symlink_to("nowhere")
    links = collect.links(workspace, collect.workspace(workspace))
    file = mini.out / "build.json"
    kept = json.loads(file.read_text())
    kept["record"]["links"] = {name: one.model_dump(mode="json") for name, one in links.items()}
    kept["record"]["bazel_options"] = ["--copt=-g"]
    file.write_text(json.dumps(kept))
    return mini


def test_any_one_change_is_noticed(linked: Mini) -> None:
    """A leaf changed, a key or element removed, an element doubled, a key or element more."""
    places = Places(out=linked.out, cache=linked.cache, builder_id=BUILDER)
    good = json.loads(render(of_build(minis.NAME, linked.out)))
    assert ends(good, places) == (0, 0)
    count, passed = 0, []
    for what, content in forged(good):
        for made in (content, consistent(content)):
            count += 1
            # What contradicts is never only unchecked, so no --allow-unchecked passes it.
            if made != good and not {1, 2}.issuperset(ends(made, places)):
                passed.append(what)
    assert count > 2000
    assert passed == []


def test_who_built_is_unchecked_unless_somebody_is_expected(linked: Mini) -> None:
    """It is the one thing there that only the signer can know."""
    good = json.loads(render(of_build(minis.NAME, linked.out)))
    good["predicate"]["runDetails"]["builder"]["id"] = "https://example.org/lab"
    for expected, codes in (
        ("", (4, 0)),
        ("https://example.org/lab", (0, 0)),
        (BUILDER, (1, 1)),
        ("https://example.org/other", (1, 1)),
    ):
        places = Places(out=linked.out, cache=linked.cache, builder_id=expected)
        assert ends(good, places) == codes, expected


ONLY_THE_BUILD_KNOWS = (
    ("predicate", "runDetails", "builder", "id"),
    ("predicate", "buildDefinition", "externalParameters", "profile"),
    ("predicate", "buildDefinition", "externalParameters", "bazelOptions"),
    ("predicate", "buildDefinition", "externalParameters", "outsideRcFiles"),
    ("predicate", "buildDefinition", "externalParameters", "compiler"),
    # Bazel, and the two rule sets that it brought.
    ("predicate", "buildDefinition", "resolvedDependencies", 7),
    ("predicate", "buildDefinition", "resolvedDependencies", 8),
    ("predicate", "buildDefinition", "resolvedDependencies", 9),
)


def test_less_is_noticed_without_what_the_build_wrote_down(linked: Mini) -> None:
    """Without build.json each change ends with 4 at least; allowed to, only its own facts pass."""
    places = Places(out=linked.out, cache=linked.cache)
    good = json.loads(render(of_build(minis.NAME, linked.out)))
    (linked.out / "build.json").unlink()
    assert ends(good, places) == (4, 0)
    passed = set()
    for what, content in forged(good):
        first, second = ends(content, places)
        assert first in (1, 2, 4), what
        if not second:
            passed.add(what)
    roots = {
        next((root for root in ONLY_THE_BUILD_KNOWS if what.startswith(str(root)[:-1])), what)
        for what in passed
    }
    assert roots == set(ONLY_THE_BUILD_KNOWS)
