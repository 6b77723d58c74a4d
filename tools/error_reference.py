"""docs/reference/errors.md: every error that xnnkit can raise, by id, read from the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xnnkit.errors import BadEnvironment, BadInput, Finding, Inconclusive, XnnkitError, error_id

CLASSES: dict[str, type[XnnkitError]] = {
    one.__name__: one for one in (BadEnvironment, BadInput, Finding, Inconclusive, XnnkitError)
}
LONGEST = 140
PACKAGE = Path(__file__).resolve().parent / "xnnkit"


@dataclass(frozen=True)
class Said:
    """One sentence that an error begins with, and the exit code it ends the command with."""

    text: str
    code: int


def by_id() -> dict[str, list[Said]]:
    """Return id -> what its module's errors say, in the order of the ids.

    Raises:
        ValueError: two modules would share an id.
    """
    found: dict[str, list[Said]] = {}
    owners: dict[str, str] = {}
    classes = _classes()
    for file in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(["xnnkit", *file.relative_to(PACKAGE).with_suffix("").parts])
        module = module.removesuffix(".__init__")
        said = list(dict.fromkeys(_of_file(file, classes)))
        if not said:
            continue
        identity = error_id(module)
        if other := owners.get(identity):
            raise ValueError(f"{module} and {other} have one id: {identity}")
        owners[identity] = module
        found[identity] = said
    return dict(sorted(found.items()))


def lines(note: str) -> Iterator[str]:
    """Yield the page.

    Args:
        note: the comment that says that the page is generated.
    """
    yield from ("# Errors, by id", "", note, "")
    yield "An error is one sentence, then where, why and what to type, then its id: the part of"
    yield "xnnkit that says it. `…` stands for a name or a number. The number before a sentence is"
    yield "the [exit code](exit-codes.md). [Troubleshooting](../troubleshooting.md) goes by what"
    yield "you see."
    for identity, said in by_id().items():
        yield from ("", f"## {identity}", "")
        yield from (f"- {one.code}: {one.text}" for one in said)


def _classes() -> dict[str, int]:
    """Return the name of every error class of the package and its exit code."""
    codes = {name: one.exit_code for name, one in CLASSES.items()}
    pending = True
    while pending:
        pending = False
        for file in sorted(PACKAGE.rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.ClassDef) or node.name in codes:
                    continue
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                if known := [base for base in bases if base in codes]:
                    codes[node.name], pending = codes[known[0]], True
    return codes


def _of_file(file: Path, classes: dict[str, int]) -> Iterator[Said]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            code = classes.get(node.func.id)
            if code is not None:
                yield Said(_text(node.args[0]) if node.args else "…", code)


def _text(node: ast.expr) -> str:
    """Return a sentence with … for what is only known when it is said."""
    text = re.sub(r"[`|<>]", "", " ".join(_words(node).split()))
    text = text.replace("*", "\\*").replace("_", "\\_")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _words(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            pieces = (one.value if isinstance(one, ast.Constant) else "…" for one in values)
            return "".join(map(str, pieces))
        case ast.BinOp(left=left, right=right):
            return _words(left) + _words(right)
        case ast.IfExp(body=body, orelse=other):
            return f"{_words(body)}; or: {_words(other)}"
        case _:
            return "…"
