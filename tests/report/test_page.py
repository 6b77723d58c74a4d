"""The page: what it says, what it forbids, and that no name can get out of its place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from gbench import CONTEXT, identity, keep, output, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_cases import Page, example, noisy, of_times
from xnnkit.bench import runs
from xnnkit.bench.parts import Label, Source
from xnnkit.bench.verdict import Rules
from xnnkit.report import content, data, export, markdown, page
from xnnkit.report.content import Report

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!-- --><![CDATA[ ]]></style></svg></title>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "a" * 5000,
    "\u202etxet siht nrut\u2066",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u6a21\u578b \U0001f600",
    "x\x00\x08\x1b[31my\u2028z\ud800",
    "@everyone #1 [a](http://evil.example) `code` | **bold** www.evil.example",
    "--><b>&lt;&amp;&#60;",
)


@pytest.fixture(scope="module")
def shown() -> Page:
    return Page(page.html(example()))


def hostile_report(root: Path, name: str) -> Report:
    """Return a report in which everything that somebody else may choose has this name."""
    sources = []
    for number, (flavour, middle) in enumerate((("upstream", 100.0), (name, 90.0))):
        path = write(root / f"{number}.json", hostile_run(name, flavour, middle))
        sources.append(Source(path))
        path = root / f"{number}.tsv"
        path.write_text(f"\tevent_name\tp50 (ms)\n834\t{one_line(name)}\t{number + 1}\n")
        sources.append(Source(path, Label(name, name, f"{number}{name}")))
    return content.of_sources(sources)


def one_line(name: str) -> str:
    shown = re.sub(r"[\s\x00-\x1f\x85\u2028\u2029\"]", " ", name).strip()
    return shown.encode("utf-8", "replace").decode() or "x"


def hostile_run(name: str, flavour: str, middle: float) -> dict[str, Any]:
    said = identity(
        flavour,
        profile=name,
        toolchain=name,
        benchmark=name,
        method=name,
        arguments=[name],
        binary={"name": name, "sha256": name, "size": 1},
        device={"kind": "adb", "name": name, "emulated": False, name: name, "cores": [{name: 1}]},
        host={"name": name},
        xnnkit=name,
        archives=[{"name": name, "sha256": name, "tree": name, "origin": name, "prebuilt": True}],
        prebuilt=[name],
        accepted=[name],
        conditions={"before": {"throttling": name}, "after": {"slowed": [name]}},
    )
    found = output({name: noisy(flavour, middle, 5), "BM": noisy(name, 1, 5)}, {**CONTEXT, name: 1})
    found["benchmarks"].append(
        {"name": name, "run_type": "iteration", "error_occurred": True, "error_message": name}
    )
    found["operators"] = [{"key": name, "name": name, "times_ns": [middle * 1e6] * 4}]
    return runs.Run(said, found).to_json()


def test_the_verdict_is_said_first_and_names_the_baseline(shown: Page) -> None:
    first = shown.text.index("Ship kleidiai: 6.4 % less time than upstream (baseline).")
    for later in ("Benchmarks of", "What was built", "What it ran on", "How to read this"):
        assert shown.text.index(later) > first
    assert "Ship kleidiai: 8.4 % less time than upstream (baseline)." in shown.text
    assert "Ship upstream: kleidiai takes 14.6 % more time than upstream (baseline)." in shown.text
    assert "No advice: an emulator does not tell." in shown.text


def test_it_says_what_was_built_and_what_it_ran_on(shown: Page) -> None:
    for text in (
        hashlib.sha256(b"kleidiai binary").hexdigest(),
        "--benchmark_method=encode",
        "pinned archives",
        hashlib.sha256(b"made up: KleidiAI").hexdigest(),
        "cpu 4-6, up to 2400 MHz, capacity 750, governor schedutil",
        "32.7 to 40.3 °C",
        "12.0 GiB",
        "2026-01-01 09:00:00 UTC to 2026-01-01 09:19:00 UTC, in 20 processes",
    ):
        assert text in shown.text


def test_it_warns(shown: Page) -> None:
    said = "an emulator: wall time under qemu says nothing about speed, so there is no verdict."
    assert said in shown.text
    assert shown.text.index(said) < shown.text.index("What was built")


def test_it_fetches_nothing_and_runs_nothing(shown: Page) -> None:
    html = page.html(example())
    addresses = [
        value
        for _, said in shown.elements
        for key in ("src", "href", "action", "srcset", "data", "xlink:href")
        if (value := said.get(key))
    ]
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert "@import" not in html
    assert "url(" not in html
    assert [said.get("type") for said in shown.find("script")] == ["application/json"]
    assert not [key for _, said in shown.elements for key in said if key.startswith("on")]
    assert not [said for _, said in shown.elements if "style" in said]
    (policy,) = shown.find("meta", **{"http-equiv": "Content-Security-Policy"})
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def test_it_can_be_read_without_eyes(shown: Page) -> None:
    assert shown.find("html", lang="en")
    figures = shown.find("svg", role="img")
    assert len(figures) == 11
    assert all(said.get("aria-label") for said in figures)
    assert any("BM_Llm_Mixed_INT48/64/real_time: -12.7 %, faster" in str(f) for f in figures)
    tables = len(shown.find("table"))
    assert tables == len(shown.find("caption"))
    assert all(said.get("scope") for said in shown.find("th"))
    assert all(said.get("aria-label") for said in shown.find("div", role="region"))
    levels = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    names = [said["id"] for _, said in shown.elements if "id" in said]
    assert len(set(names)) == len(names)


def test_every_element_is_closed(shown: Page) -> None:
    assert (shown.open, shown.wrong) == ([], [])


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_gets_out_of_its_place(tmp_path: Path, name: str) -> None:
    check_hostile(tmp_path, name)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(), min_size=1, max_size=60).filter(str.strip))
def test_no_name_at_all_gets_out_of_its_place(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_hostile(Path(folder), name)


@cache
def known_elements() -> set[str]:
    return {tag for tag, _ in Page(page.html(example())).elements}


def check_hostile(root: Path, name: str) -> None:
    report = hostile_report(root, name)
    html = page.html(report)
    html.encode()
    found = Page(html)
    assert (found.open, found.wrong) == ([], [])
    assert [said.get("type") for said in found.find("script")] == ["application/json"]
    assert {tag for tag, _ in found.elements} <= known_elements()
    assert not [key for _, said in found.elements for key in said if key.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\u2028\u2029\u202a-\u202e\u2066-\u2069]", html)
    inside = re.search(rf'<script type="application/json" id="{data.JSON_ID}">(.*?)</script>', html)
    assert inside
    assert json.loads(inside[1])["machines"][0]["facts"]
    for figure in export.of_report(report).values():
        root_element = ElementTree.fromstring(figure.alone())
        assert root_element.tag == "{http://www.w3.org/2000/svg}svg"
        assert not [e for e in root_element.iter() if e.tag.endswith(("script", "a", "image"))]
    text = markdown.text(report)
    text.encode()
    plain = re.sub(r"</?(details|summary)>", "", text)
    assert "<" not in plain
    assert not re.search(r"(?<!&#)[@`]", plain)
    assert "://" not in plain
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.count("|") in (10, 7)


def test_a_long_name_is_cut_on_the_page_and_whole_in_its_data(tmp_path: Path) -> None:
    name = "start" + "x" * 5000 + "end"
    html = page.html(of_times(tmp_path, {"upstream": {name: noisy("a", 100)}}))
    body, _, rest = html.partition("<script")
    assert name not in body
    assert "xxx\u2026xxx" in body
    assert "start" in body
    assert "xend" in body
    path = tmp_path / "r.html"
    path.write_text(html)
    assert name.encode() in data.load(path).files[0].content
    assert rest


def test_throttled_failed_and_odd_runs_are_named(tmp_path: Path) -> None:
    hot = {"before": {"throttling": "none"}, "after": {"throttling": "severe"}}
    for flavour, conditions in (("upstream", None), ("kleidiai", hot)):
        keep(
            tmp_path,
            {"BM": noisy(flavour, 100)},
            flavour,
            conditions=conditions,
            prebuilt=["libx"],
            accepted=["liby"],
        )
    keep(
        tmp_path,
        {"BM": noisy("old", 100)},
        started="2020-01-01T00:00:00+00:00",
        binary={"name": "bench", "sha256": "older", "size": 1},
    )
    text = Page(page.html(content.of_sources([tmp_path]))).text
    assert "throttled, kleidiai: the device said 'severe' of its heat after" in text
    assert "libx is prebuilt: only its bytes were checked" in text
    assert "liby has other bytes than pinned" in text
    assert "1 runs of other builds of upstream are left out" in text
    judged = content.of_sources([tmp_path], Rules(throttled=True))
    assert "judged all the same (--allow-throttled)" in Page(page.html(judged)).text


@pytest.mark.parametrize("odd", ["emulated", "throttled"])
def test_operators_have_no_verdict_where_times_say_nothing(tmp_path: Path, odd: str) -> None:
    device = {"kind": "qemu", "name": "q", "emulated": odd == "emulated"}
    hot = {"before": {"throttling": "severe"}} if odd == "throttled" else None
    for flavour, middle in (("upstream", 100.0), ("kleidiai", 50.0)):
        found = output({"BM": noisy(flavour, middle)})
        times = [round(1e6 * x) for x in noisy(flavour, middle)]
        found["operators"] = [{"key": "1", "name": "GEMM", "times_ns": times}]
        said = identity(flavour, device=device, conditions=hot)
        runs.save(runs.Run(said, found), tmp_path)
    (group,) = content.of_sources([tmp_path]).analysis.groups
    assert [row.verdict for row in group.operators[0].rows] == ["inconclusive"]
    assert (group.advice.helps, group.advice.ship) == ((), "")
    judged = Rules(emulated=True, throttled=True)
    (group,) = content.of_sources([tmp_path], judged).analysis.groups
    assert [row.verdict for row in group.operators[0].rows] == ["faster"]
    labels = [
        str(said["aria-label"])
        for said in Page(page.html(content.of_sources([tmp_path]))).find("svg", role="img")
    ]
    # An emulator's ratios are not drawn: they would be believed.
    assert any(label.startswith("Change of time") for label in labels) == (odd != "emulated")


def test_counted_instructions_are_shown(tmp_path: Path) -> None:
    device = {"kind": "qemu", "name": "q", "emulated": True}
    for flavour, number in (("upstream", 1_000_000), ("kleidiai", 750_000)):
        counts = {"benchmarks": [{"name": "BM", "iterations": 2, "instructions": number}]}
        said = identity(flavour, device=device)
        runs.save(runs.Run(said, output({"BM": [1.0]}), counts=counts), tmp_path)
    found = Page(page.html(content.of_sources([tmp_path])))
    assert "500,000 \u2192 375,000 (\u221225.0 %)" in found.text
    assert "instructions were counted, which say nothing of time" in found.text
    assert found.find("svg", role="img") == []


def test_three_flavours_have_two_comparisons_and_one_picture_a_benchmark(tmp_path: Path) -> None:
    flavours = {"upstream": 100.0, "upstream-i8mm": 92.0, "kleidiai": 90.0}
    report = of_times(tmp_path, {f: {"BM": noisy(f, m)} for f, m in flavours.items()})
    found = Page(page.html(report))
    labels = [str(said["aria-label"]) for said in found.find("svg", role="img")]
    assert len([label for label in labels if label.startswith("Change of time of")]) == 2
    (times,) = [label for label in labels if label.startswith("Times of BM")]
    assert all(f"{flavour}: 10 repetitions" in times for flavour in flavours)


def test_one_flavour_alone_is_shown_without_a_verdict(tmp_path: Path) -> None:
    text = Page(page.html(of_times(tmp_path, {"upstream": {"BM": noisy("a", 100)}}))).text
    assert "No advice." in text
    assert "only upstream was measured" in text


def test_titles(tmp_path: Path) -> None:
    report = of_times(tmp_path, {"upstream": {"BM": noisy("a", 100)}})
    assert report.title == "small on adb:1"
    assert example().title == "An example, made up"
    named = content.of_sources([tmp_path], title="A <title>")
    assert "<title>A &lt;title&gt;</title>" in page.html(named)
