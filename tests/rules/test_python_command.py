"""The launcher behind `python_command`, without Bazel: only locked packages, made once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

MODULE = """
import os, sys
import tiny
print(tiny.VERSION, os.getcwd(), sys.argv[1:], os.environ.get("PYTHONPATH"))
print([p for p in sys.path if p.endswith("poison")])
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def wheel(folder: Path, version: str) -> str:
    """Write a wheel of the package ``tiny``; return its line of a lock file."""
    folder.mkdir(exist_ok=True)
    file = folder / f"tiny-{version}-py3-none-any.whl"
    info = f"tiny-{version}.dist-info"
    members = {
        "tiny.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
        rows = "".join(f"{name},,\n" for name in [*members, f"{info}/RECORD"])
        archive.writestr(f"{info}/RECORD", rows)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"tiny=={version} \\\n    --hash=sha256:{digest}\n"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.lock"
    file.write_text(wheel(tmp_path / "wheels", "1.0"))
    return file


@pytest.fixture
def run(tmp_path: Path, repository: Path, lock: Path) -> Run:
    """Start the launcher with a module that prints what it finds."""
    package = tmp_path / "tools" / "mod"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(MODULE)

    def start(
        *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "XNNKIT_CACHE": str(tmp_path / "cache"),
            "XNNKIT_PYTHON": sys.executable,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(tmp_path / "wheels"),
            **(environment or {}),
        }
        launcher = repository / "rules/private/python_command.sh"
        main = package / "__init__.py"
        command = ["/bin/sh", str(launcher), str(lock), str(main), "mod", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True)

    return start


def test_a_module_with_its_packages(run: Run, tmp_path: Path, lock: Path) -> None:
    poison = tmp_path / "poison"
    poison.mkdir()
    (poison / "tiny.py").write_text("VERSION = 'poisoned'\n")
    (tmp_path / "tiny.py").write_text("VERSION = 'of the directory'\n")
    environment = {"PYTHONPATH": str(poison), "BUILD_WORKING_DIRECTORY": str(poison)}
    done = run("a b", "--c='d'", environment=environment)
    assert done.returncode == 0, done.stderr
    words = ["a b", "--c='d'"]
    assert done.stdout == f"1.0 {poison} {words} {poison}\n[]\n"
    assert "setting up Python packages" in done.stderr
    assert not list((tmp_path / "tools").rglob("__pycache__"))

    # Made once: the second time nothing can be had, and nothing is asked for.
    (tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl").unlink()
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1.0 ")

    # Another lock file is another environment.
    lock.write_text(wheel(tmp_path / "wheels", "2.0"))
    done = run()
    assert done.stdout.startswith("2.0 "), done.stderr
    assert len(list((tmp_path / "cache/python").iterdir())) == 2


@pytest.mark.parametrize("how", ["other bytes", "no hash"])
def test_a_package_that_is_not_the_locked_one_is_refused(
    run: Run, tmp_path: Path, lock: Path, how: str
) -> None:
    if how == "no hash":
        lock.write_text("tiny==1.0\n")
    else:
        file = tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl"
        file.write_bytes(file.read_bytes() + b"\0")
    done = run()
    assert done.returncode == 3
    assert "Python packages could not be installed" in done.stderr
    assert list((tmp_path / "cache/python").iterdir()) == []


def test_without_a_python_that_is_new_enough(run: Run, tmp_path: Path) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (old / name).write_text("#!/bin/sh\nexit 1\n")
        (old / name).chmod(0o755)
    done = run(environment={"PATH": f"{old}:{os.environ['PATH']}", "XNNKIT_PYTHON": ""})
    assert done.returncode == 3
    assert done.stderr.startswith("no Python of at least 3.11")
    assert "XNNKIT_PYTHON=" in done.stderr


def test_without_a_folder_of_the_users(run: Run, tmp_path: Path) -> None:
    unset = {"HOME": "", "XDG_CACHE_HOME": "", "XNNKIT_CACHE": ""}
    done = run(environment=unset)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("no folder for Python packages\n  why:   neither HOME nor ")
    assert "XNNKIT_CACHE=" in done.stderr
    assert run(environment={**unset, "XDG_CACHE_HOME": str(tmp_path / "xdg")}).returncode == 0
    assert run(environment={**unset, "HOME": str(tmp_path / "home")}).returncode == 0
    for cache in ("xdg/xnnkit", "home/.cache/xnnkit"):
        assert len(list((tmp_path / cache / "python").iterdir())) == 1


@pytest.mark.parametrize("whose", ["python", "python/*"])
@pytest.mark.parametrize("how", ["everybody may write", "somebody else's"])
def test_what_others_may_have_put_there_is_not_run(
    run: Run, tmp_path: Path, whose: str, how: str
) -> None:
    assert run().returncode == 0
    (folder,) = (tmp_path / "cache").glob(whose)
    (planted,) = (tmp_path / "cache").glob("python/*/bin/python")
    planted.unlink()
    planted.write_text("#!/bin/sh\necho planted\n")
    planted.chmod(0o755)
    path = os.environ["PATH"]
    if how == "everybody may write":
        folder.chmod(0o777)
    else:
        # Only root could give it away: the folder stays, and one program tells it otherwise.
        (tmp_path / "bin").mkdir()
        stat = tmp_path / "bin/stat"
        real = shutil.which("stat")
        stat.write_text(
            f'#!/bin/sh\ncase "$*" in *{folder}) set -- -c "4242 %A" "{folder}";; esac\n'
            f'exec {real} "$@"\n'
        )
        stat.chmod(0o755)
        path = f"{stat.parent}:{path}"
    done = run(environment={"PATH": path})
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"the Python packages in {folder} are not trusted\n")


def test_with_a_umask_that_takes_nothing_away(run: Run, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        done = run()
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
