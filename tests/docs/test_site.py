"""The documentation as a site: every link leads somewhere, every page is reached."""

from __future__ import annotations

import html.parser
import re
import subprocess
import sys
import urllib.parse
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


def test_a_path_is_no_html(tmp_path: Path) -> None:
    name = 'a"b<c&d #?%41'
    address = "a%22b%3Cc&d%20%23%3F%2541"
    index = f"# A\n\n[x](<{address}.md>) [y](<{address}.txt>)\n"
    root = checkout(tmp_path / "in", index=index, **{name: "# B\n\n[a](index.md)\n"})
    (root / "docs" / f"{name}.txt").write_text("t")
    site = docs_site.write(tmp_path / "out", root)
    assert site.dead == []
    for page in (tmp_path / "out/docs").glob("*.html"):
        tags = _Tags()
        tags.feed(page.read_text())
        assert tags.open == [], page
        targets = [page.parent / urllib.parse.unquote(link) for link in tags.links]
        assert len(targets) >= 4
        assert [one for one in targets if not one.is_file()] == [], page


@pytest.mark.parametrize(("name", "link"), [("sec.txt", "sec.txt"), ("sec.md", "sec.md")])
def test_what_leads_out_of_the_checkout_is_not_published(
    tmp_path: Path, name: str, link: str
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / name).write_text("# secret\n")
    root = checkout(tmp_path / "in", index=f"# A\n\n[x]({link}) [y](up/{link}) [z](in.txt)\n")
    (root / "docs" / name).symlink_to(tmp_path / "secret" / name)
    (root / "docs/up").symlink_to("../../secret")
    (root / "README").write_text("mine")
    (root / "docs/in.txt").symlink_to("../README")
    site = docs_site.write(tmp_path / "out", root)
    assert site.dead == [
        f"docs/index.md:3: {one}: a link of the file system leads out of the checkout"
        for one in (link, f"up/{link}")
    ]
    written = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert not [p for p in written if "secret" in p.read_text()]
    assert (tmp_path / "out/docs/in.txt").read_text() == "mine"


def test_neither_is_the_first_page_nor_what_is_gits(tmp_path: Path) -> None:
    root = checkout(tmp_path / "in", index="# A\n\n[x](../.git/config)\n")
    (root / ".git").mkdir()
    (root / ".git/config").write_text("token")
    assert len(docs_site.write(tmp_path / "out", root).dead) == 1
    assert not (tmp_path / "out/.git").exists()
    (root / "docs/index.md").rename(tmp_path / "index.md")
    (root / "docs/index.md").symlink_to(tmp_path / "index.md")
    with pytest.raises(ValueError, match="leads out of the checkout"):
        docs_site.write(tmp_path / "other", root)


def test_comments_go_and_code_stays(tmp_path: Path) -> None:
    text = """# A <!-- one -->

<!-- two `x` *y* -->

<!-- three
and four --> seen

`<!-- five -->` and <!-- six -->

```
<!-- seven -->
```

    <!-- eight -->

<b> <!-- never closed

![](p.png)
"""
    root = checkout(tmp_path / "in", index=text)
    (root / "docs/p.png").write_bytes(b"")
    docs_site.write(tmp_path / "out", root)
    shown = (tmp_path / "out/docs/index.html").read_text().split("<main>")[1]
    comments = re.findall(r"&lt;!-- (\w+)", shown)
    assert comments == ["five", "seven", "eight", "never"]
    for word in ("one", "two", "three", "four", "six"):
        assert word not in shown
    assert re.search(r"<p>\s*seen</p>", shown)
    assert "<p></p>" not in shown
    assert 'src="p.png"' in shown
    assert '<h1 id="a">' in shown


def test_half_an_address_leads_nowhere(tmp_path: Path) -> None:
    assert docs_site.resolve(Path("docs/index.md"), "http://[") == (None, "")
    assert docs_site._address("https://[::1/a.md") == "https://[::1/a.md"
    root = checkout(tmp_path / "in", index="# A\n\n[x](http://[) [y](<https://[::1>)\n")
    assert docs_site.write(tmp_path / "out", root).pages


def test_the_command(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "docs_site.py"), "--out", str(tmp_path / "s")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "pages" in done.stdout
    assert (tmp_path / "s" / "index.html").is_file()
    assert subprocess.run([*command[:-1], str(ROOT / "docs")], capture_output=True).returncode == 2
