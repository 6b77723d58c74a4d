"""What a page holds comes back out of it, byte for byte, and nothing else does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from gbench import keep, output, write
from hypothesis import given
from hypothesis import strategies as st
from report_cases import example, labelled, noisy, of_times
from xnnkit.cli import main as cli
from xnnkit.errors import BadInput, Finding
from xnnkit.report import content, data, page

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e300, 1e300) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def saved(path: Path, report: content.Report) -> Path:
    path.write_text(page.html(report), encoding="utf-8")
    return path


@given(st.dictionaries(st.text() | st.just("</script><b>"), JSON, max_size=3))
def test_script_ends_no_element_and_is_the_same_json(value: dict[str, object]) -> None:
    text = data.script(value)
    assert not set("<>&") & set(text)
    assert text.isascii()
    assert json.loads(text) == value


def test_what_is_no_number_is_null() -> None:
    value = {"a": [float("inf"), float("-inf"), (float("nan"), 1.5)]}
    assert json.loads(data.script(value)) == {"a": [None, None, [None, 1.5]]}


def test_round_trip_of_the_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = example()
    path = saved(tmp_path / "report.html", report)
    assert cli.main(["report", "--extract", str(tmp_path / "out"), str(path)]) == 0
    sources = capsys.readouterr().out.splitlines()
    there = {
        file.relative_to(tmp_path / "out" / "runs").as_posix(): file.read_bytes()
        for file in (tmp_path / "out" / "runs").rglob("*")
        if file.is_file()
    }
    assert there == {one.name: one.content for one in report.files}
    assert len(sources) == len(report.files) == 26
    # What came out says the same as what went in.
    again = labelled(*sources)
    assert again.analysis.to_json()["groups"] != []
    for first, second in zip(report.analysis.groups, again.analysis.groups, strict=True):
        assert first.advice == second.advice
        assert first.comparisons == second.comparisons
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert written == json.loads(data.script(report.to_json()))
    assert (written["schema_version"], written["kind"]) == (1, "xnnkit-report")


def test_the_same_bytes_wherever_the_runs_lie(tmp_path: Path) -> None:
    pages = []
    for name in ("here", "some where/else"):
        root = tmp_path / name
        times = {"BM": noisy("a", 100)}
        pages.append(page.html(of_times(root, {"upstream": times, "kleidiai": times})))
    assert pages[0] == pages[1]
    assert str(tmp_path) not in pages[0]


def test_files_of_any_name_and_content(tmp_path: Path) -> None:
    names = ("a <b> & 'c'.json", "\u202egnol\u200b/\u6a21.json", "new\nline.json", "x" * 200)
    sources = []
    for number, name in enumerate(names):
        path = tmp_path / f"{number}" / name
        write(path, output({"BM": noisy(name, 100)}))
        sources.append(f"phone/m/flavour {number}={path}")
    utf16 = tmp_path / "pasted.txt"
    utf16.write_bytes("\ufeffname,iterations,real_time,cpu_time,time_unit\n".encode("utf-16-le"))
    report = labelled(*sources)
    path = saved(tmp_path / "report.html", report)
    found = data.load(path)
    assert [one.content for one in found.files] == [one.content for one in report.files]
    assert [one.label for one in found.files] == [f"phone/m/flavour {n}" for n in range(4)]
    data.extract(path, tmp_path / "out")
    assert sum(1 for file in (tmp_path / "out").rglob("*") if file.is_file()) == 5


def test_a_file_named_twice_is_there_twice(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", output({"BM": noisy("a", 100)}))
    report = labelled(f"p/upstream={path}", f"p/kleidiai={path}")
    assert [one.name for one in report.files] == ["a.json", "2/a.json"]
    assert len(data.load(saved(tmp_path / "r.html", report)).files) == 2


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "report.html", example())
    assert cli.main(["report", "--extract", str(tmp_path / "out"), str(path)]) == 0
    assert cli.main(["report", "--extract", str(tmp_path / "out"), str(path)]) == 2
    assert "there is such a file already" in capsys.readouterr().err


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.html"
    for text in ("", "<p>no</p>", f'<script id="{data.JSON_ID}">{{"files": []}}</script>'):
        path.write_text(text)
        with pytest.raises(BadInput, match="no report of xnnkit"):
            data.load(path)
    path.write_text(page.html(example()).replace(data.PREFIX, data.PREFIX + "="))
    with pytest.raises(BadInput, match="no report of xnnkit"):
        data.load(path)


def archive(tmp_path: Path, name: str, text: bytes = b"x", claimed: bytes | None = None) -> Path:
    """Write a page whose archive has one file, and whose JSON claims a content for it."""
    one = data.Kept(name, "", text)
    said = {**one.to_json(), "sha256": hashlib.sha256(claimed or text).hexdigest()}
    path = tmp_path / "odd.html"
    path.write_text(
        f'<a id="{data.ZIP_ID}" href="{data.link([one])}">x</a>'
        f'<script id="{data.JSON_ID}">{json.dumps({"files": [said]})}</script>'
    )
    return path


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\..\\x", ".."])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="leads out of the folder"):
        data.extract(archive(tmp_path, name), tmp_path / "out" / "deep")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["odd.html"]


def test_content_that_was_changed_is_found(tmp_path: Path) -> None:
    assert data.load(archive(tmp_path, "good")).files[0].content == b"x"
    with pytest.raises(Finding, match="not what was written"):
        data.load(archive(tmp_path, "bad", b"x", claimed=b"y"))


def test_extracting_wants_one_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "--extract", "out", "a.html", "b.html"]) == 2
    assert "one report is wanted" in capsys.readouterr().err


def test_a_run_that_was_changed_makes_no_report(tmp_path: Path) -> None:
    path = keep(tmp_path, {"BM": noisy("a", 100)})
    path.write_text(path.read_text().replace('"zig"', '"zag"'))
    with pytest.raises(Finding):
        content.of_sources([tmp_path])
