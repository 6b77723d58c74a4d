"""Write the documentation as a site of plain HTML: no script, no font, nothing from elsewhere.

    python tools/docs_site.py --out DIR

The site is docs/index.md and every page and file that a link leads to from there, in the folders
they have in the checkout. markdown-it-py does the work; it is here because rich needs it.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

try:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
except ImportError:
    sys.exit("markdown-it-py is not here\n  fix: ./check, then . .venv-check/bin/activate")

ROOT = Path(__file__).resolve().parent.parent
START = Path("docs/index.md")

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)

_STYLE = """\
:root { color-scheme: light dark; --line: #8884; --link: #0a58ca; --code: #8881; }
@media (prefers-color-scheme: dark) { :root { --link: #8ab4f8; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; display: flex; flex-wrap: wrap; }
nav { flex: 1 0 14rem; max-width: 18rem; padding: 1rem; border-right: 1px solid var(--line); }
main { flex: 4 1 30rem; max-width: 50rem; padding: 1rem 2rem 4rem; min-width: 0; }
a { color: var(--link); }
nav ul { list-style: none; padding: 0; }
nav a[aria-current] { font-weight: bold; }
pre { background: var(--code); padding: .7rem; overflow-x: auto; }
code { background: var(--code); font-size: .9em; }
pre code { background: none; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; }
td { vertical-align: top; }
img { max-width: 100%; }
"""


@dataclass
class Page:
    """One page.

    Attributes:
        path: relative to the checkout.
        title: its first heading.
        tokens: what it consists of.
        anchors: ids of its headings.
        links: (line, target) of every link and picture, as written.
    """

    path: Path
    title: str
    tokens: list[Token]
    anchors: set[str] = field(default_factory=set)
    links: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Site:
    """Everything that is reached from the first page.

    Attributes:
        pages: by path, in the order in which they are reached.
        files: other files that are linked to.
        dead: what is wrong with links, one line each.
    """

    pages: dict[Path, Page]
    files: list[Path]
    dead: list[str]


def read(path: Path, root: Path = ROOT) -> Page:
    """Parse a page.

    Args:
        path: relative to ``root``.
        root: of the checkout.
    """
    text = (root / path).read_text(encoding="utf-8")
    tokens = _without_empty(_markdown().parse(text))
    page = Page(path, path.stem, tokens)
    titles: list[str] = []
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            text = _plain(following)
            titles.append(text)
            identity = _slug(text, page.anchors)
            page.anchors.add(identity)
            token.attrSet("id", identity)
        line = token.map[0] + 1 if token.map else 0
        page.links += [(line, target) for target in _targets(token)]
    page.title = titles[0] if titles else path.stem
    return page


def collect(root: Path = ROOT, start: Path = START) -> Site:
    """Follow every relative link from the first page."""
    pages: dict[Path, Page] = {}
    files: dict[Path, None] = {}
    dead: list[str] = []
    wanted = [start]
    anchors: list[tuple[str, Path, str]] = []
    while wanted:
        path = wanted.pop(0)
        if path in pages:
            continue
        page = pages[path] = read(path, root)
        for line, target in page.links:
            where = f"{path}:{line}: {target}"
            found = resolve(path, target)
            if found is None:
                continue
            other, anchor = found
            if other is None or not (root / other).exists():
                dead.append(f"{where}: there is no such file")
            elif not _inside(root, other):
                dead.append(f"{where}: a link of the file system leads out of the checkout")
            elif other.suffix == ".md":
                wanted.append(other)
                if anchor:
                    anchors.append((where, other, anchor))
            elif (root / other).is_dir():
                dead.append(f"{where}: a folder; link to a file in it")
            else:
                files[other] = None
    dead += [f"{w}: no such heading" for w, o, a in anchors if a not in pages[o].anchors]
    return Site(pages, sorted(files), sorted(dead))


def resolve(page: Path, target: str) -> tuple[Path | None, str] | None:
    """Return the file, relative to the checkout, and the anchor that a link leads to.

    Args:
        page: where the link stands.
        target: as written.

    Returns:
        None for an address elsewhere; a file of None when the link leaves the checkout, or is no
        address at all.
    """
    parts = _split(target)
    if parts is None:
        return None, ""
    if parts.scheme or parts.netloc:
        return None
    if not parts.path:
        return page, parts.fragment
    place: list[str] = list(page.parent.parts)
    for part in unquote(parts.path).split("/"):
        if part == "..":
            if not place:
                return None, parts.fragment
            place.pop()
        elif part not in ("", "."):
            place.append(part)
    return Path(*place), parts.fragment


def _split(target: str) -> SplitResult | None:
    try:
        return urlsplit(target)
    except ValueError:  # half of an IPv6 address
        return None


def _inside(root: Path, path: Path) -> bool:
    """Tell whether a file is of the checkout, wherever its path's links lead, and not git's own."""
    top = root.resolve()
    place = (root / path).resolve()
    return place.is_relative_to(top) and ".git" not in place.relative_to(top).parts


def write(out: Path, root: Path = ROOT) -> Site:
    """Write the site.

    Args:
        out: a folder that is empty, not there yet, or an earlier site.
        root: of the checkout.

    Raises:
        ValueError: ``out`` holds something else, or the first page is not of the checkout.
    """
    if not _inside(root, START):
        raise ValueError(f"{START} leads out of the checkout")
    site = collect(root)
    mark = out / ".xnnkit-docs"
    if out.is_dir() and any(out.iterdir()) and not mark.is_file():
        raise ValueError(f"{out} is not empty, and no site of ours")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    mark.touch()
    (out / "style.css").write_text(_STYLE, encoding="utf-8")
    for page in site.pages.values():
        target = out / page.path.with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(_document(page, site)), encoding="utf-8")
    for file in site.files:
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, out / file)
    first = START.with_suffix(".html").as_posix()
    forward = f'<meta http-equiv="refresh" content="0; url={first}">'
    (out / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>xnnkit</title>{forward}'
        f'<p><a href="{first}">xnnkit</a></p>\n',
        encoding="utf-8",
    )
    return site


def _document(page: Page, site: Site) -> Iterator[str]:
    up = "../" * (len(page.path.parts) - 1)
    title = html.escape(page.title)
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f'<title>{title}</title>\n<link rel="stylesheet" href="{up}style.css">\n</head>\n<body>\n'
    yield '<nav aria-label="Pages">\n<ul>\n'
    for other in site.pages.values():
        here = ' aria-current="page"' if other is page else ""
        address = html.escape(quote(up + other.path.with_suffix(".html").as_posix()))
        yield f'<li><a href="{address}"{here}>{html.escape(other.title)}</a></li>\n'
    yield "</ul>\n</nav>\n<main>\n"
    for token in _inline(page.tokens):
        for name in ("href", "src"):
            if isinstance(value := token.attrGet(name), str):
                token.attrSet(name, _address(value))
    yield _markdown().renderer.render(page.tokens, _markdown().options, {})
    yield "</main>\n</body>\n</html>\n"


def _address(target: str) -> str:
    parts = _split(target)
    if parts is None or parts.scheme or parts.netloc or not parts.path.endswith(".md"):
        return target
    return parts._replace(path=parts.path.removesuffix(".md") + ".html").geturl()


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.inline.ruler.before("autolink", "comment", _comment)
    return markdown


def _comment(state: StateInline, silent: bool) -> bool:
    """Pass over a comment; code never comes here."""
    match = _COMMENT.match(state.src, state.pos, state.posMax)
    if match:
        state.pos = match.end()
    return match is not None


def _without_empty(tokens: list[Token]) -> list[Token]:
    """Leave out the paragraphs that held comments alone."""
    kept: list[Token] = []
    for token in tokens:
        kept.append(token)
        if [one.type for one in kept[-3:]] == ["paragraph_open", "inline", "paragraph_close"]:
            shown = kept[-2].children or ()
            if all(one.type in ("softbreak", "text") and not one.content.strip() for one in shown):
                del kept[-3:]
    return kept


def _inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _targets(token: Token) -> Iterator[str]:
    for one in token.children or ():
        value = one.attrGet("href" if one.type == "link_open" else "src")
        if isinstance(value, str) and one.type in ("link_open", "image"):
            yield value


def _plain(token: Token) -> str:
    return "".join(one.content for one in token.children or ()).strip()


def _slug(text: str, taken: set[str]) -> str:
    """Return a heading's id as GitHub makes it."""
    slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    number, found = 0, slug
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    return found


def main(argv: list[str]) -> int:
    """Write the site, and say which links are dead; the exit code is 1 when there are any."""
    parser = argparse.ArgumentParser(description="Write the documentation as a site.")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    given = parser.parse_args(argv)
    try:
        site = write(given.out)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for line in site.dead:
        print(line, file=sys.stderr)
    print(f"{given.out}: {len(site.pages)} pages, {len(site.files)} files")
    return int(bool(site.dead))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
