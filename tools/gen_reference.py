"""Write what is generated from the code: docs/reference/ and profiles/schema.json.

    python tools/gen_reference.py [--check]

With ``--check`` nothing is written; the exit code is 1 when a file is not what it would be. A test
runs the same check.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tools"))

import error_reference  # noqa: E402
import rule_reference  # noqa: E402
from xnnkit import profile  # noqa: E402
from xnnkit.cli.main import cli  # noqa: E402
from xnnkit.profile.references import PATTERNS  # noqa: E402

NOTE = "<!-- Written by tools/gen_reference.py; change the code's docstrings instead. -->"


def generated() -> dict[Path, str]:
    """Return every generated file, as path below the root -> content."""
    schema = profile.json_schema()
    return {
        Path("profiles/schema.json"): json.dumps(schema, indent=2) + "\n",
        Path("docs/reference/cli.md"): "\n".join(_cli()) + "\n",
        Path("docs/reference/errors.md"): "\n".join(error_reference.lines(NOTE)) + "\n",
        Path("docs/reference/profile.md"): "\n".join(_profile(schema)) + "\n",
        Path("docs/reference/rules.md"): "\n".join(rule_reference.lines(ROOT, NOTE)) + "\n",
    }


def stale(root: Path = ROOT) -> list[Path]:
    """Return the generated files under ``root`` that are missing or not up to date."""
    return [
        path
        for path, text in generated().items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]


# ---------------------------------------------------------------------------------- commands


def _cli() -> Iterator[str]:
    yield from ("# The commands", "", NOTE, "")
    yield from _help(cli)
    yield from ("", *_parameters(cli), "")
    context = click.Context(cli, info_name="xnnkit")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        yield from _command(command, f"xnnkit {name}", 2)


def _command(command: click.Command, path: str, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield from (f"{'#' * level} {path}", "")
    yield from ("```text", " ".join([path, *command.collect_usage_pieces(context)]), "```", "")
    yield from _help(command)
    if rows := list(_parameters(command)):
        yield from ("", *rows)
    yield ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, f"{path} {name}", level + 1)


def _help(command: click.Command) -> Iterator[str]:
    """Write a command's docstring; a paragraph that click keeps as it is becomes a code block."""
    text = inspect.cleandoc(command.help or "")
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ""
        if paragraph.startswith("\b"):
            yield from ("```text", *paragraph.removeprefix("\b").strip("\n").split("\n"), "```")
        else:
            yield paragraph


def _parameters(command: click.Command) -> Iterator[str]:
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        yield from ("| option | meaning |", "|---|---|")
    for option in options:
        names = ", ".join((*option.opts, *option.secondary_opts))
        if not (option.is_flag or option.count):
            choice = isinstance(option.type, click.Choice)
            names += f" {_choices(option.type) if choice else option.type.name.upper()}"
        text = option.help or ""
        more = " May be repeated." if option.multiple and "repeated" not in text else ""
        yield f"| `{_cell(names)}` | {_cell(text + more)} |"


def _choices(kind: Any) -> str:
    return "{" + ",".join(map(str, kind.choices)) + "}"


# ---------------------------------------------------------------------------------- profiles


def _profile(schema: dict[str, Any]) -> Iterator[str]:
    yield from ("# Profiles", "", NOTE, "")
    yield (
        "A profile is the file `profiles/NAME.toml`: the only place where a URL, a version or a "
        "hash is written. Unknown keys are refused. The same as a JSON Schema: "
        "[`profiles/schema.json`](../../profiles/schema.json)."
    )
    yield ""
    yield from _table("Profile", schema)
    for name, table in schema["$defs"].items():
        yield from _table(name, table)


def _table(name: str, table: dict[str, Any]) -> Iterator[str]:
    yield from (f"## {name}", "", table["description"], "")
    yield from ("| key | value | needed | meaning |", "|---|---|---|---|")
    for key, entry in table["properties"].items():
        needed = "yes" if key in table.get("required", ()) else "no"
        yield f"| `{key}` | {_cell(_value(entry))} | {needed} | {_cell(entry['description'])} |"
    yield ""


def _value(entry: dict[str, Any]) -> str:
    """Say in words what may stand as a value."""
    match entry:
        case {"$ref": str(ref)}:
            name = ref.rsplit("/", 1)[1]
            return f"[{name}](#{name.lower()})"
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"enum": list(values)}:
            return " or ".join(f"`{json.dumps(v)}`" for v in values)
        case {"anyOf": list(parts)} | {"oneOf": list(parts)}:
            return " or ".join(_value(p) for p in parts if p.get("type") != "null")
        case {"type": "array", "items": dict(items)}:
            return f"list of {_value(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"table of {_value(values)}"
        case {"type": "string", "pattern": str(pattern)}:
            return PATTERNS.get(pattern, f"string like `{pattern}`")
        case {"type": "integer"}:
            low, high = entry.get("exclusiveMinimum"), entry.get("maximum")
            return f"number, {low} < it <= {high}" if high is not None else "number"
        case {"type": "boolean"}:
            return "true or false"
        case _:
            return str(entry.get("type", "anything"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Write the files, or with ``--check`` name those that are stale."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on drift")
    options = parser.parse_args()
    found = stale()
    for path in found:
        if options.check:
            print(f"{path} is not up to date; run: python tools/gen_reference.py", file=sys.stderr)
        else:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(generated()[path], encoding="utf-8")
            print(f"wrote {path}")
    return int(options.check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
