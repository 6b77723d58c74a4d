"""What is installed is complete: the dependencies, their pins, and the data in the wheel."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

# import name -> distribution, where the two differ
DISTRIBUTIONS = {
    "cyclonedx": "cyclonedx-python-lib",
    "elftools": "pyelftools",
    "git": "gitpython",
    "packageurl": "packageurl-python",
}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture
def project(repository: Path) -> dict[str, Any]:
    data = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = data["project"]
    return found


@pytest.fixture
def lock(repository: Path) -> dict[str, str]:
    text = (repository / "requirements-dev.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][\w.+]*", line) for line in lines)
    return dict(line.split("==") for line in lines)


def test_the_dependencies_are_those_that_are_imported(
    project: dict[str, Any], repository: Path
) -> None:
    imported: set[str] = set()
    for file in (repository / "tools" / "xnnkit").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    others = imported - sys.stdlib_module_names - {"xnnkit", "pydantic_core", "urllib3"}
    needed = {DISTRIBUTIONS.get(name, canonical(name)) for name in others}
    assert needed == {canonical(Requirement(d).name) for d in project["dependencies"]}


def test_the_development_tools_are_pinned_alike_in_both_files(
    project: dict[str, Any], lock: dict[str, str]
) -> None:
    for line in project["optional-dependencies"]["dev"]:
        requirement = Requirement(line)
        assert str(requirement.specifier) == f"=={lock[canonical(requirement.name)]}"


def test_the_lock_holds_everything_that_is_needed(
    project: dict[str, Any], lock: dict[str, str]
) -> None:
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    # A requirement, and the extra it was found under: the marker of one may name the extra.
    todo = [(line, "") for line in asked]
    seen: set[tuple[str, str]] = set()
    while todo:
        line, extra = todo.pop()
        requirement = Requirement(line)
        name = canonical(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        assert name in lock
        assert requirement.specifier.contains(lock[name], prereleases=True)
        if name == "ziglang":  # the compiler need not be installed here
            continue
        for wanted in {"", *requirement.extras} - {found for who, found in seen if who == name}:
            seen.add((name, wanted))
            todo += [(line, wanted) for line in importlib.metadata.requires(name) or []]
    assert set(lock) - {"ziglang"} == {name for name, _ in seen}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(__file__).resolve().parents[2]
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    done = subprocess.run([*command, str(root)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_carries_the_projects_data(wheel: Path, repository: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for file in (repository / "profiles").glob("*"):
        assert f"xnnkit/data/profiles/{file.name}" in names
    tracked = subprocess.run(
        ["git", "ls-files", "patches", "rules", "benchmarks/llm_block", "tools/xnnkit"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    wanted = {
        f"xnnkit/data/{name}".replace("xnnkit/data/tools/xnnkit/", "xnnkit/")
        for name in tracked
        if (repository / name).is_file()
    }
    assert wanted - names == set()
    assert not [n for n in names if "__pycache__" in n]


def installed(wheel: Path, place: Path, *pip: str) -> Path:
    """Install the wheel into a fresh venv and return that venv's ``xnnkit``."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = str(place / "bin" / "python")
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *pip]
    subprocess.run([*command, str(wheel)], check=True)
    return place / "bin" / "xnnkit"


def test_an_installed_wheel_finds_its_profiles(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = installed(wheel, tmp_path / "venv", "--no-deps")
    # The dependencies are taken from this environment: no network for this test.
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))
    done = subprocess.run([script, "profile", "check"], cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "xnnpack-2024-11: ok" in done.stdout


def test_the_wheel_has_what_rendering_takes_from_the_top(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = ("MODULE.bazel", "BUILD.bazel", "WORKSPACE.tmpl", "rules/private/alias_repository.bzl")
    assert {f"xnnkit/data/{name}" for name in wanted} <= names
    assert "xnnkit/render/stubs/npm/@bazel/typescript/index.bzl" in names
    assert "xnnkit/render/overlays/zlib/BUILD.bazel" in names


@pytest.mark.slow
def test_an_installed_wheel_brings_its_dependencies(wheel: Path, tmp_path: Path) -> None:
    script = installed(wheel, tmp_path / "venv")
    done = subprocess.run([script, "profile", "list"], cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "xnnpack-2024-11" in done.stdout
