"""The generated reference pages say what the code says, and the written ones lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from xnnkit import errors
from xnnkit.cli.main import TABLE


@pytest.fixture
def generator(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "gen_reference", repository / "tools" / "gen_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date(repository: Path) -> None:
    command = [sys.executable, str(repository / "tools" / "gen_reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_drift_is_noticed(generator: ModuleType, tmp_path: Path) -> None:
    pages = generator.generated()
    assert generator.stale(tmp_path) == list(pages)
    for path, text in pages.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert generator.stale(tmp_path) == []
    page = tmp_path / "docs" / "reference" / "profile.md"
    page.write_text(page.read_text(encoding="utf-8") + "x", encoding="utf-8")
    assert generator.stale(tmp_path) == [Path("docs/reference/profile.md")]


def test_every_command_has_a_section(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## xnnkit (\S+)$", page, re.MULTILINE)
    assert sections == sorted(TABLE)


def test_the_exit_codes_are_all_explained(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    classes = (errors.Finding, errors.BadInput, errors.BadEnvironment, errors.Inconclusive)
    assert explained == {0, 130, 141, *(c.exit_code for c in classes)}


def test_the_keys_of_an_error_are_all_named(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"JSON on stdout too, with\s(.*?);", page, re.DOTALL)
    keys = ["schema_version", *re.findall(r"`(\w+)`", said)]
    assert keys == list(errors.BadInput("x").to_json())


def test_every_environment_variable_is_explained(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
    read = {
        name
        for file in (repository / "tools" / "xnnkit").rglob("*.py")
        for name in re.findall(
            r"(?:environ\.get\(|environ\[|getenv\()\"(XNNKIT_\w+)", file.read_text(encoding="utf-8")
        )
    }
    assert {"XNNKIT_CACHE", "XNNKIT_GIT_ROOT", "XNNKIT_HOME"} <= read
    assert read - set(re.findall(r"XNNKIT_\w+", page)) == set()


def test_links_between_pages_lead_somewhere(repository: Path) -> None:
    pages = [repository / "README.md", repository / "CONTRIBUTING.md"]
    pages += (repository / "docs").rglob("*.md")
    broken = [
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
    assert len(pages) > 3
