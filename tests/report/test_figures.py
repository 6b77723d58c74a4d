"""Figures: where marks stand, and what is said when not everything is drawn."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from gbench import keep
from report_cases import example, noisy, of_times
from xnnkit.errors import BadEnvironment
from xnnkit.report import export, figures, ratios
from xnnkit.report.drawing import Figure

SVG = "{http://www.w3.org/2000/svg}"


def drawn(figure: Figure, kind: str, style: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(figure.alone())
    return [e.attrib for e in root.iter(SVG + kind) if e.get("class") == style]


def two(root: Path, times_of: dict[str, list[float]], factor: float = 0.9) -> dict[str, Figure]:
    other = {name: [factor * x for x in values] for name, values in times_of.items()}
    return export.of_report(of_times(root, {"upstream": times_of, "kleidiai": other}))


def one(found: dict[str, Figure], word: str) -> Figure:
    return next(figure for name, figure in found.items() if f"-{word}-" in name)


def test_a_disc_stands_at_its_ratio(tmp_path: Path) -> None:
    found = two(tmp_path, {"BM": [100.0, 100.4, 99.7, 100.1, 99.9, 100.6, 99.5, 100.2]})
    figure = one(found, "ratios")
    (disc,) = drawn(figure, "circle", "f-faster")
    labels = {
        e.text: float(str(e.get("x")).rstrip("%"))
        for e in ElementTree.fromstring(figure.alone()).iter(SVG + "text")
        if str(e.get("class")).startswith("mid soft")
    }
    assert float(disc["cx"].rstrip("%")) == pytest.approx(labels["\u221210 %"], abs=0.3)
    assert labels["0"] > labels["\u221210 %"]
    (interval,) = drawn(figure, "line", "s-faster")
    assert float(interval["x1"][:-1]) < float(disc["cx"][:-1]) < float(interval["x2"][:-1])
    assert "BM: -10.0 %, faster" in figure.summary


def test_each_repetition_is_a_dot(tmp_path: Path) -> None:
    figure = one(two(tmp_path, {"BM": noisy("x", 100, 30)}), "times")
    assert len(drawn(figure, "circle", "f-side-0")) == 30
    assert len(drawn(figure, "circle", "f-side-1")) == 30
    heights = [float(dot["cy"]) for dot in drawn(figure, "circle", "f-side-0")]
    assert heights == sorted(heights)
    assert figure.note == ""


def test_outliers_are_counted_not_hidden(tmp_path: Path) -> None:
    figure = one(two(tmp_path, {"BM": [*noisy("x", 100, 20), 900.0, 950.0]}), "times")
    assert len(drawn(figure, "circle", "f-side-0")) == 20
    assert "2 beyond" in figure.alone()


def test_of_many_repetitions_all_are_counted_and_the_figure_says_so(tmp_path: Path) -> None:
    figure = one(two(tmp_path, {"BM": noisy("x", 100, 500)}), "times")
    assert drawn(figure, "circle", "f-side-0") == []
    assert "all 1,000 repetitions are counted" in figure.note
    assert "upstream: 500 repetitions" in figure.summary
    bars = drawn(figure, "rect", "f-side-0")
    assert 10 < len(bars) <= 80
    assert len(figure.alone()) < 30_000


def test_of_many_benchmarks_those_that_changed_most_are_drawn(tmp_path: Path) -> None:
    base = {f"BM_{n:02d}": noisy(str(n), 100, 5) for n in range(40)}
    other = {name: [x * (0.5 if name == "BM_39" else 1) for x in v] for name, v in base.items()}
    report = of_times(tmp_path, {"upstream": base, "kleidiai": other})
    found = export.of_report(report)
    ratio = one(found, "ratios")
    assert len(re.findall(r"<title>BM_", ratio.alone())) == ratios.MOST
    assert "BM_39" in ratio.alone()
    assert ratio.note == "The 30 benchmarks that changed most; 10 more are in the table."
    drawn_times = figures.of_group(1, report.analysis.groups[0], report.analysis.rules)
    assert len(drawn_times.times) == figures.BENCHMARKS
    assert drawn_times.left_out == 28
    assert "BM_39" in drawn_times.times[0].title


def test_without_repetitions_there_is_a_diamond_and_no_interval() -> None:
    found = {n: f for n, f in export.of_report(example()).items() if "Galaxy" in n}
    figure = one(found, "ratios")
    assert len(drawn(figure, "path", "f-open")) == 1
    assert drawn(figure, "line", "s-open") == []
    assert not [name for name in found if "-times-" in name]
    # An operator of which nothing is proved is a hollow bar.
    assert len(drawn(one(found, "operators"), "rect", "f-open")) == 1


def test_names_of_files_differ_and_suit_any_system(tmp_path: Path) -> None:
    for flavour in ("upstream", "a/b", "a?b"):
        keep(
            tmp_path / flavour.replace("/", "_"), {"BM/1": noisy(flavour, 9)}, flavour, profile="p"
        )
    from xnnkit.report import content

    found = export.of_report(content.of_sources([tmp_path]))
    assert len(found) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9.-]+", name) for name in found)
    assert sorted(found)[1] == "1-adb-1-ratios-a-b-2"


def test_files_of_both_kinds(tmp_path: Path) -> None:
    paths = list(export.write(example(), tmp_path / "figures"))
    assert len(paths) == 22
    svg = [path for path in paths if path.suffix == ".svg"]
    for path in svg:
        assert ElementTree.parse(path).getroot().tag == SVG + "svg"
        png = path.with_suffix(".png").read_bytes()
        assert png.startswith(b"\x89PNG\r\n")
        assert int.from_bytes(png[16:20], "big") == 2 * 720
    assert {path.stem for path in svg} == {path.stem for path in paths if path not in svg}


def test_no_font_is_an_error_and_no_picture_without_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "_drawn", lambda svg, zoom: b"blank")
    export._font.cache_clear()
    try:
        with pytest.raises(BadEnvironment, match="no font"):
            export.png(one(export.of_report(example()), "ratios"))
    finally:
        export._font.cache_clear()
