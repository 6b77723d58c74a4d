"""rules/private/elf_check.py and xnnkit.elf are two readers that must agree."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_elf import Tiny
from xnnkit import elf

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "rules" / "private" / "elf_check.py"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("elf_check", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECK: Any = load_script()


def assert_agreement(path: Path) -> None:
    facts, other = elf.inspect(path), CHECK.Elf(path.read_bytes())
    assert other.is_static() == (not facts.interpreter and not facts.needed)
    names = other.functions()
    assert (names is not None) == facts.has_symbols
    assert (names or set()) == facts.names
    assert {"AArch64": 183, "x86-64": 62}.get(facts.machine, other.machine) == other.machine


def host_binaries() -> list[Path]:
    names = ("sh", "ls", "git", "python3", "bash", "perl", "gcc", "ld.bfd")
    found = {Path(path).resolve() for name in names if (path := shutil.which(name))}
    found.add(Path(sys.executable).resolve())
    return [path for path in sorted(found) if path.read_bytes()[:6] == b"\x7fELF\x02\x01"]


@pytest.mark.parametrize("path", host_binaries(), ids=lambda path: path.name)
def test_they_agree_on_programs_of_this_machine(path: Path) -> None:
    assert_agreement(path)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"pie": True},
        {"symbols": False},
        {"needed": b"libc.so"},
        {"interpreter": b"/lib/ld.so"},
        {"undefined": ("kai_run_z",)},
        {"debug": b"x" * 200},
        {"machine": 62},
    ],
)
def test_they_agree_on_tiny_programs(change: dict[str, Any], tmp_path: Path) -> None:
    assert_agreement(Tiny(**change).write(tmp_path / "p"))


def test_they_agree_on_what_a_compiler_makes(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler on PATH")
    source = tmp_path / "x.c"
    source.write_text(
        "int kai_run_one(int x) { return x + 1; }\n"
        "static __attribute__((noinline)) int hidden(int x) { return x * 3; }\n"
        "int main(int c, char **v) { (void)v; return hidden(kai_run_one(c)); }\n"
    )
    for option in ("-g", "-s", "-gz"):
        path = tmp_path / f"x{option}"
        subprocess.run([compiler, option, str(source), "-o", str(path)], check=True)
        assert_agreement(path)
        names = elf.inspect(path).names
        assert ({"kai_run_one", "hidden", "main"} <= names) == (option != "-s")


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SCRIPT), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True)


def test_all_checks_pass(tmp_path: Path) -> None:
    path = Tiny().write(tmp_path / "p")
    options = [
        "--machine",
        "aarch64",
        "--static",
        "--required",
        "kai_run_*",
        "--forbidden",
        "*i8mm*",
    ]
    done = run(path, *options, "--forbidden-string", "/nowhere/")
    assert done.returncode == 0, done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ok"] * 6


@pytest.mark.parametrize(
    ("change", "options", "line"),
    [
        ({"machine": 62}, ["--machine", "aarch64"], "FAIL machine: 62, wanted 183"),
        ({"needed": b"libc.so"}, ["--static"], "FAIL static: "),
        ({"interpreter": b"/l"}, ["--static"], "FAIL static: "),
        ({}, ["--required", "xnn_*"], "FAIL required xnn_*: none"),
        ({}, ["--forbidden", "kai_*"], "FAIL forbidden kai_*: kai_run_a, kai_run_b"),
        ({"symbols": False}, ["--forbidden", "kai_*"], "FAIL symbols: no .symtab"),
        ({"data": b"/w/s"}, ["--forbidden-string", "/w/"], "FAIL forbidden string /w/: found"),
        (
            {"debug": b"/w/s" * 99},
            ["--forbidden-string", "/w/"],
            "FAIL forbidden string /w/: found",
        ),
    ],
)
def test_a_failed_check(
    change: dict[str, Any], options: list[str], line: str, tmp_path: Path
) -> None:
    done = run(Tiny(**change).write(tmp_path / "p"), *options)
    assert done.returncode == 1
    assert line in done.stdout


def test_asking_nothing_proves_nothing(tmp_path: Path) -> None:
    assert run(Tiny().write(tmp_path / "p")).returncode == 1


def test_what_cannot_be_read(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello")
    assert run(text, "--static").returncode == 2
    assert run(tmp_path / "missing", "--static").returncode == 2


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(16, 3000), st.integers(0, 255)), max_size=4))
def test_damage_never_ends_in_a_traceback(flips: list[tuple[int, int]], tmp_path: Path) -> None:
    data = bytearray(Tiny(needed=b"libc.so", debug=b"x" * 99).bytes())
    for at, value in flips:
        data[at % len(data)] = value
    path = tmp_path / "p"
    path.write_bytes(data)
    options = ["--machine", "aarch64", "--static", "--required", "*", "--forbidden-string", "/"]
    assert CHECK.main([str(path), *options]) in {0, 1, 2}
