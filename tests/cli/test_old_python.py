"""A Python that is too old answers with a sentence, whatever it can parse."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

VERSIONS = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10")
OLD = [
    path
    for version in VERSIONS
    for path in [
        shutil.which(f"python{version}"),
        *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")),
    ]
    if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0
]


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_the_entry_is_readable_by_old_pythons(name: str, repository: Path) -> None:
    source = (repository / "tools" / "xnnkit" / name).read_text()
    tree = ast.parse(source, feature_version=(3, 4))
    newer = [n for n in ast.walk(tree) if isinstance(n, (ast.JoinedStr, ast.AnnAssign))]
    assert not newer
    assert "__future__" not in source
    assert source.isascii()


@pytest.mark.skipif(not OLD, reason=f"no Python of {', '.join(VERSIONS)} here")
@pytest.mark.parametrize("python", OLD)
def test_an_old_python_is_refused(python: str, repository: Path) -> None:
    done = subprocess.run(
        [python, "-B", "-m", "xnnkit", "--help"],
        cwd=repository / "tools",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("xnnkit needs Python 3.11 or later, this is ")
    assert "fix:" in done.stderr


def test_without_its_dependencies_it_says_so(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-m", "xnnkit", "--help"],
        cwd=repository / "tools",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("xnnkit's dependencies are not installed for this Python\n")


def test_a_version_below_the_minimum_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from xnnkit import __main__ as entry

    monkeypatch.setattr(sys, "version_info", (3, 10, 9))
    assert entry.main() == 3
    assert "needs Python 3.11 or later, this is 3.10" in capsys.readouterr().err
