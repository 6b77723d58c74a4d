"""``xnnkit report``: what is written where, what is printed, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from report_cases import noisy, of_times
from xnnkit.cli import main as cli


@pytest.fixture
def root(tmp_path: Path) -> Path:
    times = {"upstream": {"BM": noisy("a", 100)}, "kleidiai": {"BM": noisy("b", 90)}}
    of_times(tmp_path / "runs", times)
    return tmp_path / "runs"


def test_the_page_is_written_where_asked(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "new" / "page.html"
    assert cli.main(["report", str(root), "-o", str(target), "--title", "T"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"wrote {target}\n")
    first = target.read_bytes()
    assert b"<title>T</title>" in first
    assert cli.main(["report", str(root), "-o", str(target), "--title", "T"]) == 0
    assert target.read_bytes() == first
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]


def test_the_page_is_report_html_by_itself(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["report", str(root)]) == 0
    assert (tmp_path / "report.html").is_file()


def test_markdown_and_json_are_printed_and_write_no_page(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["report", "--markdown", str(root)]) == 0
    out = capsys.readouterr().out
    assert "ship kleidiai: " in out
    assert "% less time than upstream (baseline).**" in out
    assert "| BM | 99." in out or "| BM | 100." in out
    assert cli.main(["report", "--json", "--margin", "2%", str(root)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["kind"] == "xnnkit-report"
    assert shown["rules"]["margin"] == 0.02
    assert shown["groups"][0]["advice"]["ship"] == "kleidiai"
    assert shown["groups"][0]["files"]["kleidiai"] == ["kleidiai/adb-1-1.json"]
    assert shown["programs"][1]["sha256"] == "kleidiai-sha"
    assert not (tmp_path / "report.html").exists()


def test_figures_are_written(root: Path, tmp_path: Path) -> None:
    assert cli.main(["report", "--figures", str(tmp_path / "f"), str(root)]) == 0
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == [
        "1-adb-1-ratios-kleidiai.png",
        "1-adb-1-ratios-kleidiai.svg",
        "1-adb-1-times-1-BM.png",
        "1-adb-1-times-1-BM.svg",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 2, "cannot be read"),
        ([], 2, "RUNS"),
        (["--margin", "x", "."], 2, "no percentage"),
        (["--baseline", "none", "{root}"], 2, "no run is of the baseline"),
        (["-o", "{root}", "{root}"], 2, "is a directory"),
    ],
)
def test_what_cannot_be_meant(
    arguments: list[str], code: int, said: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", *(a.format(root=root) for a in arguments)]) == code
    assert said in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_an_error(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert cli.main(["report", str(root), "-o", str(tmp_path / "file" / "x.html")]) == 3


def test_no_other_command_loads_what_a_report_needs(repository: Path) -> None:
    code = (
        "import sys; from xnnkit.cli import main; main.main(['advise', '--help']); "
        "main.main(['compare', '--help']); main.main(['report', '--help']); "
        "print([n for n in ('jinja2', 'resvg_py', 'xnnkit.report') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(repository / "tools")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
