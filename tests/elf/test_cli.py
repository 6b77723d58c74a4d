"""``xnnkit elf``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_elf import Tiny
from xnnkit.cli import main as cli
from xnnkit.elf.show import kernels_line


def test_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Tiny().write(tmp_path / "p")
    assert cli.main(["elf", str(path), "--kernels"]) == 0
    out = capsys.readouterr().out
    assert "linking    static\n" in out
    assert "kernels    2: 2 KleidiAI\n  kai_run_a\n  kai_run_b\n" in out


def test_a_proof_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Tiny().write(tmp_path / "p")
    assert cli.main(["elf", str(path), "--flavour", "upstream"]) == 1
    out = capsys.readouterr().out
    assert "FAIL forbidden kai_*: kai_run_a, kai_run_b\n" in out
    assert "ok   machine: AArch64\n" in out


def test_a_proof_that_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [
        f"xnn_qd8_f32_{weights}_gemm_minmax_ukernel_4x16c4__neondot" for weights in ("qc4w", "qc8w")
    ]
    functions = tuple((name, 4 * i, 4) for i, name in enumerate(names))
    path = Tiny(functions=functions).write(tmp_path / "p")
    assert cli.main(["elf", str(path), "--flavour", "upstream", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["schema_version"] == 1
    assert shown["proof"]["ok"] is True
    assert shown["proof"]["kernels"] == sorted(names)
    forbid = ["--forbid", "nothing"]  # stands in the tiny program's .rodata
    assert cli.main(["elf", str(path), "--flavour", "upstream", *forbid]) == 1


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["missing"], "the file cannot be read"),
        (["p", "--flavour", "nonsense"], "has no flavour 'nonsense'"),
        (["p", "--flavour", "upstream", "--profile", "nonsense"], "no profile named 'nonsense'"),
    ],
)
def test_usage(
    args: list[str],
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Tiny().write(tmp_path / "p")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["elf", *args]) == 2
    assert what in capsys.readouterr().err


def test_whose_kernels_there_are() -> None:
    names = [
        "kai_run_matmul_a",
        "xnn_kleidiai_qd8_f32_qc4w_gemm_1x16__neondot",
        "xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x16c8__neoni8mm",
        "xnn_f32_vadd_ukernel__neon",
    ]
    told = "4: 1 KleidiAI, 1 XNNPACK i8mm, 1 XNNPACK other, 1 on KleidiAI's layouts"
    assert kernels_line(names) == told
    assert kernels_line([]) == "none"
