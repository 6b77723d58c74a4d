"""``xnnkit run`` and ``xnnkit compare``: text, JSON, exit codes; from one to the other."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from gbench import keep, output, write
from tiny_elf import Tiny
from xnnkit.cli import main as cli

TEN = [100.0, 100.4, 99.7, 100.1, 99.9, 100.6, 99.5, 100.2, 99.8, 100.3]


def pair(path: Path, factor: float, n: int = 10) -> list[str]:
    first = write(path / "a.json", output({"BM_a": TEN[:n]}))
    second = write(path / "b.json", output({"BM_a": [factor * x for x in TEN[:n]]}))
    return [str(first), str(second)]


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare", *pair(tmp_path, 0.9)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("b.json against a.json (baseline): faster, 10.0 % less time (")
    assert lines[0].endswith(": faster in 1 of 1 benchmarks.")
    assert lines[2].split() == [
        *("benchmark", "a.json", "spread", "n", "b.json", "spread", "n"),
        *("time", "ratio", "(95", "%)", "p", "verdict"),
    ]
    # Medians 100.05 and 90.045 ms; their median absolute deviations are 0.25 and 0.225, times
    # 1.4826, over the median: 0.4 %.
    cells = lines[4].split()
    assert (float(cells[1]), float(cells[6])) == pytest.approx((100.05, 90.045), abs=0.051)
    assert cells[2:6] == cells[7:9] + cells[9:11] == ["ms", "0.4", "%", "10"]
    assert "  0.900 (0.89" in lines[4]
    assert lines[4].endswith("faster")


def test_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare", "--markdown", *pair(tmp_path, 1.2)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("**b.json against a.json (baseline): slower, 20.0 % more time")
    assert "\n|:--|--:|--:|" in out


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare", "--json", *pair(tmp_path, 0.9, 3)]) == 4
    shown = json.loads(capsys.readouterr().out)
    assert (shown["schema_version"], shown["exit_code"]) == (1, 4)
    (comparison,) = shown["comparisons"]
    (benchmark,) = comparison["benchmarks"]
    assert benchmark["verdict"] == comparison["verdict"] == "inconclusive"
    assert benchmark["reason"].startswith("too few repetitions: 3")
    assert benchmark["ratio"] == {"value": pytest.approx(0.9), "low": None, "high": None}
    assert benchmark["baseline"]["median_ns"] == pytest.approx(1e8)
    assert benchmark["p"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("factor", "options", "code"),
    [
        (1.0, [], 0),
        (1.2, [], 0),
        (1.2, ["--fail-above", "3%"], 1),
        (1.2, ["--fail-above", "0.03"], 1),
        (1.2, ["--fail-above", "30%"], 0),
        (1.0, ["--fail-above", "3%"], 0),
    ],
)
def test_exit_codes(factor: float, options: list[str], code: int, tmp_path: Path) -> None:
    assert cli.main(["compare", *options, *pair(tmp_path, factor)]) == code


def test_inconclusive_may_be_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = pair(tmp_path, 1.2, 2)
    assert cli.main(["compare", *files]) == 4
    text = capsys.readouterr().out
    assert "inconclusive: too few repetitions: 2, at least 4 each are needed." in text
    assert cli.main(["compare", "--allow-inconclusive", *files]) == 0
    assert capsys.readouterr().out == text
    # A regression is not excused by it.
    files = pair(tmp_path, 1.2)
    assert cli.main(["compare", "--allow-inconclusive", "--fail-above", "3%", *files]) == 1


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--fail-above", "x"], "no percentage such as 3%"),
        (["--margin", "-1%"], "no percentage such as 3%"),
        (["--margin", "nan"], "no percentage such as 3%"),
    ],
)
def test_bad_options(
    options: list[str], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", *options, *pair(tmp_path, 1)]) == 2
    assert what in capsys.readouterr().err


def test_bad_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = pair(tmp_path, 1)
    assert cli.main(["compare", files[0]]) == 2
    (tmp_path / "b.json").write_text('{"benchmarks": [')
    assert cli.main(["compare", *files]) == 2
    assert f"{tmp_path}/b.json:1:17" in capsys.readouterr().err
    run = keep(tmp_path, {"BM_a": TEN})
    run.write_text(run.read_text().replace("upstream-sha", "changed"))
    assert cli.main(["compare", files[0], str(run)]) == 1


def test_small_comparisons_import_nothing_heavy(tmp_path: Path, repository: Path) -> None:
    code = (
        "import sys; from xnnkit.cli.main import main; main(sys.argv[1:]);"
        "print([m for m in ('numpy', 'scipy', 'pydantic', 'rich') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "compare", *pair(tmp_path, 0.9)],
        env={"PYTHONPATH": str(repository / "tools")},
        capture_output=True,
        text=True,
    )
    assert done.stdout.endswith("\n[]\n"), done.stderr


# ---------------------------------------------------------------------------- run

FAKE_QEMU = """\
#!/bin/sh
case "$*" in *--version*|*help*) echo "qemu-aarch64 version 9.9 max"; exit 0;; esac
echo "called with: $*"
case "$*" in *--verify*) echo '{verified}';; esac
for argument; do
  case "$argument" in
    --benchmark_out=*) cp {results} "${{argument#--benchmark_out=}}";;
    /*trace) printf 'IN: kai_run_a\\n0x{address:x}:  ret\\n' > "$argument";;
  esac
done
"""

VERIFIED = (
    '{"benchmark":"BM_a","method":"encode","passed":true,"rel_error":1.5e-07,"tolerance":0.03,'
    '"linear_error":4e-08,"linear_tolerance":0.001,"checksum":"20"}'
)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build in .xnnkit/ and a qemu that writes made-up results and a log."""
    monkeypatch.chdir(tmp_path)
    results = write(tmp_path / "made-up.json", output({"BM_a/64": TEN}))
    out = tmp_path / ".xnnkit" / "xnnpack-2024-11"
    kernels = {
        "upstream": "xnn_qd8_f32_qc4w_gemm_minmax_ukernel_4x16c4__neondot",
        "kleidiai": "kai_run_matmul_clamp_f32_qai8dxp4x8_qsi4cxp8x8_neon_i8mm",
    }
    binaries = []
    for flavour, name in kernels.items():
        path = out / "bin" / flavour
        path.parent.mkdir(parents=True, exist_ok=True)
        Tiny(functions=((name, 0x94, 4),), comment=flavour.encode() + b"\0").write(path)
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        binaries.append(
            {"flavour": flavour, "path": f"bin/{flavour}", "sha256": digest, "size": len(data)}
        )
    manifest = {"schema_version": 1, "profile": "xnnpack-2024-11", "binaries": binaries}
    (out / "build.json").write_text(json.dumps(manifest))
    tools = tmp_path / "tools"
    tools.mkdir()
    program = tools / "qemu-aarch64"
    program.write_text(FAKE_QEMU.format(results=results, address=0x400494, verified=VERIFIED))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return out


def test_run_then_compare(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["run", "--repetitions", "2", "--", "--benchmark_filter=BM_a"]
    assert cli.main(args) == 0
    out, err = capsys.readouterr()
    assert "executed  1: 1 KleidiAI" in out
    assert "verified  1 results, rel_error at most 1.5e-07 (tolerance 0.03), linear" in out
    assert "say nothing about a phone's speed" in out
    assert "--benchmark_filter=BM_a --benchmark_repetitions=2 --benchmark_out=" in err
    assert "called with" not in out
    folder = build / "runs" / "xnnpack-2024-11"
    sides = [str(folder / "upstream"), str(folder / "kleidiai")]
    assert cli.main(["compare", *sides]) == 4
    assert "wall time under qemu says nothing about speed" in capsys.readouterr().out
    assert cli.main(["compare", "--allow-inconclusive", *sides]) == 0
    assert cli.main(["compare", "--allow-emulated", *sides]) == 0


def test_run_as_json(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "xnnpack-2024-11", "--flavour", "kleidiai", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    (run,) = shown["runs"]
    assert Path(run["path"]) == build / "runs/xnnpack-2024-11/kleidiai/qemu-1.json"
    assert run["identity"]["device"]["qemu"] == "9.9"
    assert json.loads(Path(run["path"]).read_text())["checksum"] == run["checksum"]


def test_run_of_a_binary_that_computes_wrong_results(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "tools" / "qemu-aarch64"
    program.write_text(program.read_text().replace('"passed":true', '"passed":false'))
    assert cli.main(["run"]) == 1
    err = capsys.readouterr().err
    assert "upstream computes wrong results" in err
    assert "benchmark BM_a, method encode, rel_error 1.5e-07" in err
    assert not (build / "runs").exists()
    assert cli.main(["run", "--no-verify"]) == 0


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["--device", "usb:1"], "unknown device 'usb:1'"),
        (["--flavour", "nonsense"], "has no flavour 'nonsense'"),
        (["--flavour", "upstream-i8mm"], "has not been built"),
        (["--out", "elsewhere"], "nothing has been built"),
        (["--repetitions", "0"], "0 is not in the range"),
        (["nonsense"], "no profile named 'nonsense'"),
        (["--", "--benchmark_out=x"], "cannot be given"),
    ],
)
def test_run_refusals(
    args: list[str], what: str, build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", *args]) == 2
    assert what in capsys.readouterr().err


def test_run_of_a_changed_binary(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (build / "bin" / "upstream").write_bytes(b"x")
    assert cli.main(["run"]) == 1
    assert "is not the one that was built" in capsys.readouterr().err
