"""llm_test's main, compiled against a miniature of the three libraries whose flags it reads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from xnnkit.patches.model import load_patch_set

FOLDER = "mediapipe/tasks/cc/genai/inference/utils/xnn_utils"
SETS = ("mediapipe/llm_test", "mediapipe/llm_test-2026-01")
Run = Callable[..., subprocess.CompletedProcess[str]]


def new_file(patch_set: str, name: str) -> bytes:
    [found] = [f.data for f in load_patch_set(patch_set).files if f.path == f"{FOLDER}/{name}"]
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled main; no compiler here: the tests are skipped."""
    compiler = next((c for n in ("c++", "clang++", "g++") if (c := shutil.which(n))), None)
    if compiler is None:
        pytest.skip("no C++ compiler on PATH")
    root = tmp_path_factory.mktemp("main")
    source = root / "llm_test_main.cc"
    source.write_bytes(new_file(SETS[0], "llm_test_main.cc"))
    # The miniature declares everything, so the headers it stands for are empty.
    for header in re.findall(r'^#include "(.+)"$', source.read_text(), re.MULTILINE):
        (root / header).parent.mkdir(parents=True, exist_ok=True)
        (root / header).touch()
    mini = Path(__file__).with_name("mediapipe_main_mini.h")
    built = root / "llm_test"
    options = ["-std=c++17", "-Wall", "-Werror", "-include", str(mini), "-I", str(root)]
    subprocess.run([compiler, *options, source, "-o", built], check=True)
    return built


@pytest.fixture
def run(program: Path) -> Run:
    def start(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, env=os.environ | env, check=False
        )

    return start


def test_every_library_gets_its_flags(run: Run) -> None:
    flags = ["--gtest_filter=a", "--gmock_verbose=b", "--benchmark_filter=c"]
    ended = run(*flags, "--benchmark_method=encode")
    assert ended.stdout.splitlines() == [*(f"taken {f}" for f in flags), "ran encode"]
    assert ended.returncode == 0


def test_benchmarks_run_and_no_test_is_spoken_of(run: Run) -> None:
    assert run().stdout == "ran decode\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--benchmark_metod=encode"], "unknown flag --benchmark_metod"),
        (["--gtest_fliter=a"], "unknown flag --gtest_fliter"),
        (["--nothing"], "unknown flag --nothing"),
        (["encode"], "unexpected argument: encode"),
        (["--benchmark_method=both"], '--benchmark_method must be decode or encode, not "both"'),
        (["--benchmark_format=xml"], ""),
    ],
)
def test_what_is_refused(arguments: list[str], said: str, run: Run) -> None:
    ended = run(*arguments)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "ran" not in ended.stdout


@pytest.mark.parametrize("flag", ["--help", "-help", "-h"])
def test_help_lists_the_flags_of_all_three(flag: str, run: Run) -> None:
    ended = run("--benchmark_filter=a", flag)
    assert ended.returncode == 0
    for words in ('--benchmark_method (default "decode")', "--gtest_filter", "--benchmark_filter"):
        assert words in ended.stdout
    assert "elsewhere" not in ended.stdout
    assert "ran decode" not in ended.stdout


def test_tests_run_before_benchmarks(run: Run) -> None:
    assert run(MINI_TESTS="pass").stdout.splitlines() == ["tests ran", "ran decode"]


def test_benchmarks_do_not_run_after_failed_tests(run: Run) -> None:
    ended = run(MINI_TESTS="fail")
    assert (ended.returncode, ended.stdout) == (1, "tests ran\n")


def test_listing_tests_runs_no_benchmark(run: Run) -> None:
    ended = run("--gtest_list_tests")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-1] == "tests ran"


@pytest.mark.parametrize(("benchmarks", "out"), [("none", ""), ("fail", "ran decode\n")])
def test_a_run_that_measured_nothing_fails(benchmarks: str, out: str, run: Run) -> None:
    ended = run(MINI_BENCHMARKS=benchmarks)
    assert (ended.returncode, ended.stdout) == (1, out)


@pytest.mark.parametrize("name", ["llm_test_main.cc", "tflite_weights.bzl"])
def test_the_sets_share_their_files(name: str) -> None:
    assert new_file(SETS[0], name) == new_file(SETS[1], name)
