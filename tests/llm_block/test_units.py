"""The parts of llm_block that need no XNNPACK, compiled here and held against model.py."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "benchmarks" / "llm_block"

_spec = importlib.util.spec_from_file_location("llm_block_model", HERE / "model.py")
assert _spec is not None
assert _spec.loader is not None
model = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(model)


def _compiler() -> list[str] | None:
    for name in ("c++", "clang++", "g++"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "c++"]
    return None


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled probe; no compiler here: the tests are skipped."""
    compiler = _compiler()
    if compiler is None:
        pytest.skip("no C++ compiler on PATH and no ziglang module")
    out = tmp_path_factory.mktemp("llm_block") / "probe"
    parts = [SOURCES / name for name in ("flags.cc", "reference.cc", "weights.cc")]
    command = [*compiler, "-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror"]
    command += ["-I", str(SOURCES), "-o", str(out), str(HERE / "probe.cc"), *map(str, parts)]
    subprocess.run(command, check=True)
    return out


def run(probe: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the probe and hand back what it printed."""
    command = [str(probe), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_default_flags_are_gemma_2b_and_llm_tests(probe: Path) -> None:
    assert json.loads(run(probe, "flags").stdout) == {
        "model": 2048,
        "hidden": 16384,
        "heads": 8,
        "head": 256,
        "layers": 1,
        "method": "decode",
        "seq_lens": [64, 512, 1024],
        "num_threads": 4,
        "seed": 1,
        "verify": False,
    }


def test_verify_takes_small_sizes_unless_told(probe: Path) -> None:
    flags = json.loads(run(probe, "flags", "--verify", "--hidden_dim=4096").stdout)
    assert flags["verify"] is True
    assert (flags["model"], flags["hidden"], flags["head"]) == (256, 4096, 64)
    assert json.loads(run(probe, "flags", "--verify=false").stdout)["model"] == 2048


def test_every_flag_is_read(probe: Path) -> None:
    arguments = ["--benchmark_method=encode", "--num_threads=2", "--model_dim=64", "--layers=3"]
    arguments += ["--hidden_dim=96", "--num_heads=5", "--head_dim=32", "--seq_lens=7,8"]
    arguments += ["--seed=18446744073709551615", "--tolerance=0.5"]
    assert json.loads(run(probe, "flags", *arguments).stdout) == {
        "model": 64,
        "hidden": 96,
        "heads": 5,
        "head": 32,
        "layers": 3,
        "method": "encode",
        "seq_lens": [7, 8],
        "num_threads": 2,
        "seed": 2**64 - 1,
        "verify": False,
    }


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("--bogus=1", "unknown argument '--bogus=1'"),
        ("bogus", "unknown argument 'bogus'"),
        ("-layers=1", "unknown argument '-layers=1'"),
        ("--layers", "needs a value"),
        ("--layers=", "an integer from 1 to 64"),
        ("--layers=0", "an integer from 1 to 64"),
        ("--layers=65", "an integer from 1 to 64"),
        ("--layers=+1", "an integer from 1 to 64"),
        ("--layers=1x", "an integer from 1 to 64"),
        ("--seed=18446744073709551616", "an integer from 0"),
        ("--model_dim=100", "a multiple of 32"),
        ("--seq_lens=1,,2", "an integer from 1 to"),
        ("--seq_lens=", "an integer from 1 to"),
        ("--benchmark_method=prefill", "encode or decode"),
        ("--verify=1", "true or false"),
        ("--tolerance=nan", "between 0 and 1"),
        ("--tolerance=1", "between 0 and 1"),
    ],
)
def test_a_bad_flag_is_refused_with_what_is_legal(probe: Path, argument: str, says: str) -> None:
    result = run(probe, "flags", argument)
    assert result.returncode == 2
    assert says in result.stderr
    assert argument in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("seed", [1, 2**63 + 5])
def test_weights_are_the_stated_ones(probe: Path, bits: int, seed: int) -> None:
    sizes = (32, 64, 2, 32)
    printed = run(probe, "weights", *sizes, bits, seed).stdout.strip()
    assert printed == model.weights_checksum(*sizes, bits, seed)


def test_noise_is_the_stated_one(probe: Path) -> None:
    printed = [float(line) for line in run(probe, "noise", 1000, 7, "tokens").stdout.split()]
    assert printed == model.noise(1000, 7, "tokens")


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("how", ["float", "int8"])
def test_reference_layer_agrees_with_an_independent_one(probe: Path, bits: int, how: str) -> None:
    outputs, inputs, seed, rows = 64, 96, 3, 3
    printed = run(probe, "linear", bits, outputs, inputs, seed, how, rows).stdout.split()
    tokens = model.noise(rows * inputs, seed, "tokens")
    linear = model.Linear(outputs, inputs, bits, seed, "layer0.gate")
    table = [tokens[r * inputs : (r + 1) * inputs] for r in range(rows)]
    wanted = model.apply(linear, table, int8=how == "int8")
    assert [float(value) for value in printed] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_rounding_activations_to_int8_matters(probe: Path) -> None:
    plain = run(probe, "linear", 8, 64, 96, 3, "float", 1).stdout
    rounded = run(probe, "linear", 8, 64, 96, 3, "int8", 1).stdout
    assert plain != rounded
    pairs = list(zip(map(float, plain.split()), map(float, rounded.split()), strict=True))
    wrong = sum((a - b) ** 2 for a, b in pairs) / sum(a * a for a, _ in pairs)
    assert 1e-6 < wrong < 1e-3  # the squared error of 255 steps over a row
