"""The page in a real Chromium without a network: light and dark, on a phone and on a screen.

    apt-get install -y chromium

Without it these tests are skipped. ``XNNKIT_SCREENSHOTS=DIR`` keeps screenshots, to look at.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import chromium
import pytest
from report_cases import example, noisy, of_times
from test_page import HOSTILE, hostile_report
from xnnkit.report import page

pytestmark = pytest.mark.skipif(
    chromium.program() is None, reason=f"chromium is not here: {chromium.FIX}"
)

WIDTHS = (360, 1280)
SCREENSHOTS = os.environ.get("XNNKIT_SCREENSHOTS")

OVERFLOW = """
[...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.right > innerWidth + 1 && !one.closest('.scroll, pre, svg, .skip, .hidden');
}).map(one => one.outerHTML.slice(0, 80))
"""
CUT = """
[...document.querySelectorAll('svg.fig')].flatMap(figure => {
  const room = figure.getBoundingClientRect();
  return [...figure.querySelectorAll('text')].filter(one => {
    const box = one.getBoundingClientRect();
    return box.width && (box.left < room.left - 1 || box.right > room.right + 1 ||
      box.top < room.top - 3 || box.bottom > room.bottom + 3);
  }).map(one => one.textContent);
})
"""
MEETING = """
[...document.querySelectorAll('svg.fig')].flatMap(figure => {
  const words = [...figure.querySelectorAll('text')].map(one => [one, one.getBoundingClientRect()]);
  return words.flatMap(([one, a], at) => words.slice(at + 1).filter(([_, b]) =>
    a.width && b.width && a.left < b.right - 1 && b.left < a.right - 1 &&
    a.top < b.bottom - 3 && b.top < a.bottom - 3
  ).map(([other]) => one.textContent + ' / ' + other.textContent));
})
"""
COLOURS = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium.Browser]:
    with chromium.Browser() as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page.html(example()), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "dark"), list(product(WIDTHS, (False, True))))
def test_the_example(browser: chromium.Browser, address: str, width: int, dark: bool) -> None:
    browser.view(width, dark=dark)
    browser.open(address)
    assert browser.complaints() == []
    assert browser.requested() == [address]
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    assert browser.evaluate(OVERFLOW) == []
    assert browser.evaluate(CUT) == []
    assert browser.evaluate(MEETING) == []
    verdict = browser.evaluate(
        "(() => { const one = document.querySelector('.says'), box = one.getBoundingClientRect();"
        " return [one.innerText, box.top >= 0 && box.bottom < innerHeight && box.width > 100] })()"
    )
    assert verdict == ["Ship kleidiai: 6.4 % less time than upstream (baseline).", True]
    dark_paper, light_paper = "rgb(16, 21, 28)", "rgb(255, 255, 255)"
    assert browser.evaluate(COLOURS)[0] == (dark_paper if dark else light_paper)
    marks = "getComputedStyle(document.querySelector('.fig .f-faster')).fill"
    assert browser.evaluate(marks) == ("rgb(111, 181, 255)" if dark else "rgb(11, 98, 184)")
    picture = browser.screenshot()
    assert int.from_bytes(picture[16:20], "big") == width
    if SCREENSHOTS:
        name = f"{width}-{'dark' if dark else 'light'}.png"
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        (Path(SCREENSHOTS) / name).write_bytes(picture)


def test_the_style_is_the_one_that_the_policy_allows(
    browser: chromium.Browser, tmp_path: Path
) -> None:
    html = page.html(example())
    path = tmp_path / "changed.html"
    path.write_text(html.replace("margin: 0;", "margin: 9px;", 1), encoding="utf-8")
    browser.view(1280, dark=False)
    browser.open(path.as_uri())
    assert any("Content Security Policy" in text for text in browser.complaints())


def test_the_policy_runs_no_script_and_asks_for_nothing(
    browser: chromium.Browser, tmp_path: Path
) -> None:
    path = tmp_path / "evil.html"
    evil = "<script>document.title = 'ran'</script><img src='http://evil.example/x.png'></main>"
    path.write_text(page.html(example()).replace("</main>", evil), encoding="utf-8")
    browser.open(path.as_uri())
    assert browser.evaluate("document.title") == "An example, made up"
    # Without a network nothing answers anyway: it is the policy that must have said no to each.
    said = [text for text in browser.complaints() if "Content Security Policy" in text]
    assert any("inline script" in text for text in said)
    assert any("http://evil.example/x.png" in text for text in said)


@pytest.mark.parametrize("width", WIDTHS)
def test_names_of_any_kind_fit(browser: chromium.Browser, tmp_path: Path, width: int) -> None:
    for number, name in enumerate(HOSTILE):
        root = tmp_path / str(number)
        root.mkdir()
        path = root / "report.html"
        path.write_text(page.html(hostile_report(root, name)), encoding="utf-8")
        browser.view(width, dark=False)
        browser.open(path.as_uri())
        assert browser.complaints() == []
        assert browser.requested() == [path.as_uri()]
        assert browser.evaluate("document.documentElement.scrollWidth") == width
        assert browser.evaluate(OVERFLOW) == []


def test_three_flavours_and_many_repetitions(browser: chromium.Browser, tmp_path: Path) -> None:
    flavours = {"upstream": 100.0, "upstream-i8mm": 92.0, "kleidiai": 90.0}
    times = {f: {"BM_a": noisy(f, m, 400), "BM_b": noisy(f, 1)} for f, m in flavours.items()}
    path = tmp_path / "report.html"
    path.write_text(page.html(of_times(tmp_path / "runs", times)), encoding="utf-8")
    for width in WIDTHS:
        browser.view(width, dark=True)
        browser.open(path.as_uri())
        assert browser.complaints() == []
        assert browser.evaluate(OVERFLOW) == browser.evaluate(CUT) == []
        assert browser.evaluate(MEETING) == []
        if SCREENSHOTS:
            (Path(SCREENSHOTS) / f"three-{width}.png").write_bytes(browser.screenshot())


def test_the_data_can_be_saved_with_a_click(
    browser: chromium.Browser, address: str, tmp_path: Path
) -> None:
    browser.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.open(address)
    browser.evaluate("document.getElementById('xnnkit-files').click()")
    for _ in range(600):
        if (tmp_path / "runs.zip").is_file() and not list(tmp_path.glob("*.crdownload")):
            break
        browser.evaluate("new Promise(done => setTimeout(done, 100))")
    import zipfile

    with zipfile.ZipFile(tmp_path / "runs.zip") as archive:
        saved = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    assert saved == {one.name: one.content for one in example().files}


def test_paper_has_light_colours_and_everything_unfolded(
    browser: chromium.Browser, address: str
) -> None:
    browser.view(1280, dark=True)
    browser.open(address)
    browser.page("Emulation.setEmulatedMedia", media="print")
    assert browser.evaluate(COLOURS)[0] == "rgb(255, 255, 255)"
    folded = (
        "[...document.querySelectorAll('details:not([open]) table')]"
        ".filter(one => !one.checkVisibility({contentVisibilityAuto: true})).length"
    )
    assert browser.evaluate(folded) == 0
    browser.page("Emulation.setEmulatedMedia", media="")
    assert browser.evaluate(folded) > 0
    assert len(zlib.compress(browser.pdf())) > 10_000
