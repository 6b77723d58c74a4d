"""What an error says to type can be typed, whatever folders are called."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from xnnkit import profile, whole
from xnnkit.archives import distdir
from xnnkit.bazel import Bazel
from xnnkit.bench import plan, series
from xnnkit.build import invoke, manifest
from xnnkit.errors import XnnkitError, typed
from xnnkit.overlay import checkout

NAMES = ["plain", "a blank", "$(x)", "`x`", "it's", 'a"b', "back\\slash", "*", "#no", "a;b", "~"]
FIRST = "xnnpack-2024-11"


@pytest.mark.parametrize("name", NAMES)
def test_a_typed_word_is_one_word_for_a_shell(name: str) -> None:
    assert shlex.split(f"rm {typed(Path('/', name))}", comments=True) == ["rm", f"/{name}"]
    done = subprocess.run(["sh", "-c", f"printf %s {typed(name)}"], capture_output=True, text=True)
    assert done.stdout == name


# Each makes an error happen in the folder and returns the path that its fix has to name.


def no_folder(folder: Path) -> Iterator[Path]:
    yield folder / "below"
    whole.put(folder / "below/file", b"")


def latin1(folder: Path) -> Iterator[Path]:
    yield folder / "mine.toml"
    (folder / "mine.toml").write_bytes(b"name = '\xe9'\n")
    profile.load(str(folder / "mine.toml"))


def another_file(folder: Path) -> Iterator[Path]:
    origins = [o for one in profile.load(FIRST).archive for o in one.origin]
    yield folder / origins[0].filename
    (folder / origins[0].filename).write_bytes(b"other")
    raise distdir.examine([folder], origins)[1][0]


def damaged_series(folder: Path) -> Iterator[Path]:
    yield folder / "series.json"
    (folder / "series.json").write_text("{")
    series._read(folder / "series.json")


def another_build(folder: Path) -> Iterator[Path]:
    yield folder
    content = {"schema_version": 1, "profile": "other", "binaries": []}
    (folder / manifest.NAME).write_text(json.dumps(content))
    plan.built(profile.load(FIRST), plan.Plan(out=folder, root=folder))


def failing_bazel(folder: Path) -> Iterator[Path]:
    yield folder
    request = invoke.Request(targets=["//:x"], cache=folder, selected={})
    invoke.build(Bazel("path", "7.7.1", ("/bin/false",)), folder, request, None)


def not_the_root(folder: Path) -> Iterator[Path]:
    yield folder
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / "below").mkdir()
    checkout.find(folder / "below")


def nothing_checked_out(folder: Path) -> Iterator[Path]:
    yield folder
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    checkout.find(folder)


ERRORS = (
    *(no_folder, latin1, another_file, damaged_series, another_build, failing_bazel),
    *(not_the_root, nothing_checked_out),
)


@pytest.mark.parametrize("make", ERRORS)
@pytest.mark.parametrize("name", NAMES)
def test_a_fix_gives_the_path_back(
    tmp_path: Path, make: Callable[[Path], Iterator[Path]], name: str
) -> None:
    (tmp_path / name).mkdir()
    steps = make(tmp_path / name)
    path = next(steps)
    with pytest.raises(XnnkitError) as caught:
        list(steps)
    lines = [shlex.split(line) for line in re.split(r"\n", caught.value.fix) if "/" in line]
    assert any(str(path) in words for words in lines), caught.value.fix


# ------------------------------------------------------------------------------- in the source

# What a path is called; such a thing in a fix is typed().
PATH = re.compile(
    r"\b(file|folder|path|root|out|clone|parent|log|place|workspace|source|executable|top|where"
    r"|binary|git_dir)\b(?!\()"
)


def fixes(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield each expression that a ``fix`` is made of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "fix":
            yield node.value
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id == "fix" for one in targets):
                yield node.value


def test_every_path_in_a_fix_is_typed(repository: Path) -> None:
    wrong = []
    for file in sorted((repository / "tools/xnnkit").rglob("*.py")):
        for value in fixes(ast.parse(file.read_text())):
            for one in ast.walk(value):
                if not isinstance(one, ast.FormattedValue):
                    continue
                text = ast.unparse(one.value)
                if PATH.search(text) and not text.startswith("typed("):
                    wrong.append(f"{file.relative_to(repository)}:{value.lineno}: {text}")
    assert not wrong, "\n".join(wrong)


def test_a_command_in_a_fix_names_its_profile(repository: Path) -> None:
    """Where a command's PROFILE has no default, it is not to be typed without."""
    named = re.compile(r"xnnkit (verify|fetch|mirror|render|docker) +[{A-Z]")
    for file in sorted((repository / "tools/xnnkit").rglob("*.py")):
        for value in fixes(ast.parse(file.read_text())):
            text = ast.unparse(value)
            for found in re.finditer(r"xnnkit (verify|fetch|mirror|render|docker)\b", text):
                assert named.match(text, found.start()), f"{file}:{value.lineno}: {text}"
