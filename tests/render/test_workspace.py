"""What a rendered workspace holds: goldens, determinism, and pins from the profile alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import golden
import pytest
from xnnkit import paths, profile
from xnnkit.errors import BadInput
from xnnkit.profile import Profile
from xnnkit.profile.compiler import choose, needed
from xnnkit.render import workspace

# Where a pin may stand: the profiles, what tests expect, and what people read.
HOME, TESTS, PROSE = "profiles/", "tests/", ".md"
# What other projects pinned, and when: nothing is ever built from these.
HISTORY = (
    "benchmarks/closure_mediapipe.toml",
    "tools/derive_history.py",
    "tools/xnnkit/profile/history.toml",
)


@pytest.fixture
def pins() -> Profile:
    return profile.load(golden.FIRST)


CASES = [(n, layout, t) for n, layout in golden.cases() for t in golden.LAYOUTS[layout]]


@pytest.mark.parametrize(("name", "layout", "target"), CASES)
def test_what_is_rendered_is_the_golden_file(name: str, layout: str, target: str) -> None:
    file = golden.golden_file(name, layout, target)
    message = f"{target} of {name} changed; if that is meant: {golden.UPDATE}"
    assert golden.plan(name, layout)[target].decode() == file.read_text(), message


def test_there_is_no_other_golden_file() -> None:
    files = {p for p in golden.ROOT.rglob("*") if p.is_file()}
    assert files == {golden.golden_file(*case) for case in CASES}


@pytest.mark.parametrize(("name", "layout"), golden.cases())
def test_two_renderings_are_equal_to_the_byte_and_in_order(name: str, layout: str) -> None:
    first, second = golden.plan(name, layout), golden.plan(name, layout)
    assert first == second
    assert list(first) == list(second) == sorted(first)


def test_the_workspace_is_self_contained(pins: Profile) -> None:
    plan = golden.plan(pins.name)
    module = plan["MODULE.bazel"].decode()
    labels = re.findall(r'"//(overlays|patches):([^"]+)"', module)
    assert labels
    assert {f"{folder}/{file}" for folder, file in labels} <= set(plan)
    vendored = {n.removeprefix("xnnkit/") for n in plan if n.startswith("xnnkit/rules/")}
    assert "rules/private/archive_repository.bzl" in vendored
    for name in vendored:
        assert plan[f"xnnkit/{name}"] == (paths.home() / name).read_bytes()
    assert not [n for n in plan if n.startswith("/") or ".." in n.split("/") or "__pycache__" in n]
    assert f"{pins.benchmark.package}/BUILD.bazel" in plan


def test_every_origin_of_every_archive_is_declared_with_its_hash(pins: Profile) -> None:
    module = golden.plan(pins.name)["MODULE.bazel"].decode()
    for one in (*pins.archive, *needed(pins).toolchain):
        for origin in one.origin:
            assert module.count(f'"{origin.sha256}"') >= 1, (one.name, origin.type)
    declared = module.count("archives.origin(")
    assert declared == sum(len(archive.origin) for archive in pins.archive)


def test_no_place_of_this_machine_is_rendered() -> None:
    home = str(paths.home()).encode()
    for name, data in golden.plan(golden.FIRST).items():
        assert home not in data, name
        assert str(Path.home()).encode() not in data, name


def hostile(pins: Profile, text: str) -> Profile:
    flavour = pins.flavour[0].model_copy(update={"description": text})
    proof = flavour.proof.model_copy(update={"required": (text,), "forbidden": (text, "b")})
    flavour = flavour.model_copy(update={"proof": proof})
    return pins.model_copy(update={"flavour": (flavour, *pins.flavour[1:])})


def test_a_hostile_glob_is_escaped(pins: Profile) -> None:
    import ast

    text = 'a"]\\ + [native.\tx'
    loaded = hostile(pins, "plain")
    loaded = loaded.model_copy(update={"flavour": hostile(pins, text).flavour})
    one = loaded.flavour[0].model_copy(update={"description": "plain"})
    loaded = loaded.model_copy(update={"flavour": (one, *loaded.flavour[1:])})
    build = workspace.plan(loaded, golden.diffs(loaded))["BUILD.bazel"].decode()
    strings = [n.value for n in ast.walk(ast.parse(build)) if isinstance(n, ast.Constant)]
    assert strings.count(text) == 2


def test_an_unknown_overlay_is_refused_with_the_legal_ones(pins: Profile) -> None:
    archive = pins.archive[0].model_copy(update={"overlay": "nosuch"})
    loaded = pins.model_copy(update={"archive": (archive, *pins.archive[1:])})
    with pytest.raises(BadInput, match="nosuch") as caught:
        workspace.plan(loaded, golden.diffs(loaded))
    assert "pthreadpool" in caught.value.why


def test_a_missing_benchmark_source_is_refused(pins: Profile) -> None:
    benchmark = pins.benchmark.model_copy(update={"source": "benchmarks/nosuch"})
    with pytest.raises(BadInput, match="nosuch is missing"):
        workspace.plan(pins.model_copy(update={"benchmark": benchmark}), golden.diffs(pins))


# ------------------------------------------------------------------------------ pins in one place


def pinned(name: str) -> set[str]:
    """Return every sha256, commit and tree id that a profile's file holds."""
    text = (paths.home() / "profiles" / f"{name}.toml").read_text()
    return set(re.findall(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b", text))


def places(hashes: set[str], root: Path, files: list[str]) -> list[str]:
    """Return FILE:LINE of every line that holds one of the hashes and should not."""
    found = []
    for name in files:
        path = root / name
        if name.startswith((HOME, TESTS, *HISTORY)) or name.endswith(PROSE) or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if any(h in line for h in re.findall(r"[0-9a-f]{40,64}", line) if h in hashes):
                found.append(f"{name}:{number}")
    return found


def test_a_pin_stands_in_the_profile_and_nowhere_else(repository: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [name for name in listed.stdout.split("\0") if name]
    hashes = set().union(*(pinned(name) for name in profile.names()))
    assert len(hashes) > 20
    found = places(hashes, repository, files)
    assert not found, f"pins belong into profiles/ only: {', '.join(found)}"


def test_a_pin_elsewhere_would_be_named(tmp_path: Path, pins: Profile) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/x.bzl").write_text(f'A = 1\nB = "{pins.archive[0].commit}"\n')
    files = ["rules/x.bzl", "profiles/x.toml"]
    assert places(pinned(pins.name), tmp_path, files) == ["rules/x.bzl:2"]


@pytest.mark.parametrize(
    ("layout", "file"), [("module", "MODULE.bazel"), ("workspace", "WORKSPACE")]
)
def test_an_accepted_licence_reaches_the_repository_rule(
    layout: workspace.Layout, file: str
) -> None:
    pins = profile.load("gemma-2024-05")
    for accepted in (False, True):
        compiler = choose(pins, "ndk", licence_accepted=accepted)
        text = workspace.plan(pins, golden.diffs(pins), layout, compiler)[file].decode()
        assert ("accept_licence = True" in text) == accepted
        assert 'version = "r26d"' in text


@pytest.mark.parametrize("name", ["gemma-2024-05", "gemma-2026-01"])
def test_a_workspace_file_says_which_bazel_it_is_for(name: str) -> None:
    bazel = profile.load(name).bazel
    text = golden.plan(name, "workspace")["WORKSPACE"].decode()
    assert f"for Bazel from {bazel.minimum}\nand below {bazel.below}.\n" in text
