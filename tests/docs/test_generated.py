"""The pages that are read from the code: errors by id, and the Bazel rules."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from pathlib import Path

import pytest
from xnnkit.archives import fetch
from xnnkit.cli import main
from xnnkit.errors import BadInput, Finding, error_id
from xnnkit.profile.problem import Problem, ProfileError

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))

import error_reference  # noqa: E402
import rule_reference  # noqa: E402


def test_an_id_is_the_module_that_raised() -> None:
    with pytest.raises(BadInput) as caught:
        fetch.check_origins(["nonsense"])
    assert caught.value.id == "XK-ARCHIVES-FETCH"
    assert caught.value.to_json()["id"] == "XK-ARCHIVES-FETCH"
    assert caught.value.id in error_reference.by_id()


def test_an_error_with_an_init_of_its_own_is_not_raised_there() -> None:
    scope: dict[str, object] = {"__name__": "xnnkit.some_where.else_"}
    code = "def make(cls, *words):\n    return cls(*words)\n"
    exec(compile(ast.parse(code), "x", "exec"), scope)
    make = scope["make"]
    assert callable(make)
    assert make(ProfileError, [Problem("f", 1, "k", "w")]).id == "XK-SOME-WHERE-ELSE"
    assert make(Finding, "w").id == "XK-SOME-WHERE-ELSE"


def test_an_error_that_is_not_ours_has_none() -> None:
    assert BadInput("x").id == ""
    assert error_id("xnnkit") == ""
    assert error_id("somebody.else") == ""


def test_ids_are_unique() -> None:
    found = error_reference.by_id()
    assert len(found) > 50
    assert all(said for said in found.values())


def test_the_id_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["profile", "show", "nonsense"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2] == "  id:    XK-PROFILE-LOAD"
    assert lines[-1].startswith("  fix: "), "what to type stands last"


def test_troubleshooting_names_ids_that_there_are() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    named = set(re.findall(r"XK-[A-Z0-9-]+", text))
    assert len(named) > 15
    assert named <= set(error_reference.by_id())


def strings() -> list[str]:
    """Return every string in the package's code, … for what is filled in; no docstrings."""
    found = []
    for file in error_reference.PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for child in [] if isinstance(node, ast.Expr) else ast.iter_child_nodes(node):
                if isinstance(child, ast.Constant | ast.JoinedStr):
                    found.append(error_reference._words(child))
    return found


def test_troubleshooting_quotes_what_is_said() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    seen = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    quoted = [quote for cell in seen for quote in re.findall(r"`([^`]+)`", cell)]
    assert len(quoted) > 20
    known = strings()
    for quote in quoted:
        # A sentence may be put together of several strings, at such places.
        for part in filter(None, (one.strip() for one in re.split("…|: |, ", quote))):
            assert any(part in one for one in known), f"nothing in the code says: {quote}"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('"plain"', "plain"),
        ('f"a {x} b"', "a … b"),
        ('"a " + word', "a …"),
        ('"a" if x else "b"', "a; or: b"),
        ("word", "…"),
        ('"a_b|<c>`"', "a\\_bc"),
    ],
)
def test_a_sentence(code: str, said: str) -> None:
    assert error_reference._text(ast.parse(code, mode="eval").body) == said


def test_every_public_rule_is_on_its_page() -> None:
    page = "\n".join(rule_reference.lines(ROOT, ""))
    for name in ("archive", "flavoured_binary_rule", "elf_test", "zig", "ndk", "profiles"):
        assert f"\n### {name}\n" in page
    assert "| `binaries` | label keyed string dict | needed |" in page
    assert page.count("\n## rules/") == sum(
        "private" not in file.parts for file in (ROOT / "rules").rglob("*.bzl")
    )


def bzl(root: Path, public: str, private: str) -> Path:
    for name, text in (("a/defs.bzl", public), ("private/b.bzl", private)):
        path = root / "rules" / name
        path.parent.mkdir(parents=True)
        path.write_text(textwrap.dedent(text))
    return root


PUBLIC = '"""Doc."""\n\nload("//rules/private:b.bzl", _x = "x")\n\nx = _x\n'


def test_attributes_that_are_joined_named_and_hidden(tmp_path: Path) -> None:
    private = '''
        """Doc."""
        _MORE = {"a": attr.string(doc = "One | two.", default = "d"), "_b": attr.label()}
        _C = attr.int(mandatory = True)
        KINDS = {"k": 1}
        x = rule(
            doc = "What " + "it does.",
            attrs = dict(_MORE, c = _C) | {"d": attr.string(values = KINDS.keys())},
        )
    '''
    page = list(rule_reference.lines(bzl(tmp_path, PUBLIC, private), ""))
    assert "What it does." in page
    assert "| `a` | string | `'d'` | One \\| two. |" in page
    assert "| `c` | int | needed |  |" in page
    assert "| `d` | string |  | One of `k`. |" in page
    assert not any("_b" in line for line in page)


@pytest.mark.parametrize(
    "private", ['"""Doc."""\nx = rule(attrs = {})\n', '"""Doc."""\ndef x():\n    pass\n']
)
def test_a_rule_without_words_is_refused(tmp_path: Path, private: str) -> None:
    with pytest.raises(ValueError, match="doc"):
        list(rule_reference.lines(bzl(tmp_path, PUBLIC, private), ""))
