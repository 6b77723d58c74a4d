"""The documentation as a site: every link leads somewhere, every page is reached."""

from __future__ import annotations

import html.parser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))

import docs_site  # noqa: E402


@pytest.fixture(scope="module")
def site() -> docs_site.Site:
    return docs_site.collect(ROOT)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "out"
    docs_site.write(out, ROOT)
    return out


def test_no_link_is_dead(site: docs_site.Site) -> None:
    assert site.dead == []


def test_every_page_is_reached(site: docs_site.Site) -> None:
    there = {path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")}
    # The page for those who write the others.
    assert there - set(site.pages) == {Path("docs/README.md")}


def test_every_page_of_a_task_is_on_the_first_page(site: docs_site.Site) -> None:
    linked = {docs_site.resolve(docs_site.START, t) for _, t in site.pages[docs_site.START].links}
    first = {found[0] for found in linked if found}
    missing = {path for path in site.pages if path.parent == Path("docs")} - first
    assert missing == {docs_site.START}


class _Tags(html.parser.HTMLParser):
    """Checks that tags are closed in order, and gathers ids and links."""

    VOID = ("meta", "link", "br", "hr", "img")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src"):
                self.links.append(str(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def test_the_html(written: Path) -> None:
    pages = sorted(written.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        tags = _Tags()
        tags.feed(text)
        tags.close()
        assert tags.open in ([], ["p"]), page
        assert len(tags.ids) == len(set(tags.ids)), page
        assert "<script" not in text
        assert "<!-- Written by" not in text
        assert "&lt;!--" not in text, f"{page}: a comment is shown"
        for link in tags.links:
            if re.match(r"[a-z]+:", link):
                continue
            target = (page.parent / link.partition("#")[0]).resolve() if link[0] != "#" else page
            assert target.is_file(), f"{page}: {link}"
            assert not link.partition("#")[0].endswith(".md"), f"{page}: {link}"


def test_nothing_comes_from_elsewhere(written: Path) -> None:
    for page in written.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'<(link|img|script)[^>]+(href|src)="(https?:)?//', text), page


def test_two_sites_are_the_same(written: Path, tmp_path: Path) -> None:
    docs_site.write(tmp_path / "again", ROOT)
    files = [path.relative_to(written) for path in written.rglob("*") if path.is_file()]
    assert files
    for file in files:
        assert (written / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), file


def test_another_folder_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(ValueError, match="no site of ours"):
        docs_site.write(tmp_path, ROOT)
    assert (tmp_path / "precious").read_text() == "x"


def checkout(root: Path, **pages: str) -> Path:
    for name, text in pages.items():
        path = root / "docs" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_what_is_dead_is_found(tmp_path: Path) -> None:
    root = checkout(
        tmp_path,
        index="# A\n\n[x](gone.md) [y](b.md#no) [z](b.md#two-words)"
        " [o](../../out.md) ![p](p.png)\n",
        b="# B\n\n## Two words\n\n## Two words\n\n[a](index.md#a) [t](#two-words-1) [f](../docs)\n",
        lonely="# C\n",
    )
    site = docs_site.collect(root)
    assert [line.split(": ", 1)[1] for line in site.dead] == [
        "../docs: a folder; link to a file in it",
        "../../out.md: there is no such file",
        "b.md#no: no such heading",
        "gone.md: there is no such file",
        "p.png: there is no such file",
    ]
    assert Path("docs/lonely.md") not in site.pages


def test_the_command(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "docs_site.py"), "--out", str(tmp_path / "s")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "pages" in done.stdout
    assert (tmp_path / "s" / "index.html").is_file()
    assert subprocess.run([*command[:-1], str(ROOT / "docs")], capture_output=True).returncode == 2
