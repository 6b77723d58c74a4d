"""Read a profile: find the file, parse it, check it, and say exactly what is wrong if it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from xnnkit import paths
from xnnkit.errors import BadInput, typed
from xnnkit.profile import position, references
from xnnkit.profile.model import SCHEMA_VERSION, Profile
from xnnkit.profile.problem import Problem, ProfileError, choices, closest
from xnnkit.profile.schema import json_schema

MAX_BYTES = 4 << 20
"""A longer file is no profile."""

_MakeProblem = Callable[[Sequence[str | int], str, str], Problem]


def directory() -> Path:
    """Return the folder that holds the profiles."""
    return paths.home() / "profiles"


def names() -> list[str]:
    """Return the names of all profiles, sorted."""
    return sorted(file.stem for file in directory().glob("*.toml"))


def load(name_or_path: str) -> Profile:
    """Load one profile and check all that can be checked without fetching anything.

    Args:
        name_or_path: a name (``xnnpack-2024-11``), or a path: anything with a slash in it or
            ending in ``.toml``.

    Raises:
        ProfileError: the file cannot be meant; every problem with its file, line and key.
        BadInput: there is no such profile.
    """
    file = path_of(name_or_path)
    text = _read(file)
    data = _parse(text, file)
    lines = position.line_map(text)

    def problem(path: Sequence[str | int], what: str, legal: str) -> Problem:
        return Problem(
            file=str(file),
            line=position.line_of(lines, path),
            key=position.dotted(path),
            what=what,
            legal=legal,
        )

    _check_schema_version(data, problem)
    try:
        profile = Profile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(
            _explain(e, data, problem) for e in error.errors() if not _follows(e)
        ) from None
    found = [problem(*issue) for issue in references.check(profile, file.stem)]
    if found:
        raise ProfileError(found)
    return profile


def check(names_or_paths: Iterable[str]) -> list[Profile]:
    """Load every profile named, and raise only after the last, with the problems of all.

    Args:
        names_or_paths: as `load` takes them.

    Raises:
        ProfileError: at least one is refused.
        BadInput: one of them does not exist.
    """
    good: list[Profile] = []
    problems: list[Problem] = []
    for name in names_or_paths:
        try:
            good.append(load(name))
        except ProfileError as error:
            problems.extend(error.problems)
    if problems:
        raise ProfileError(problems)
    return good


def path_of(name_or_path: str) -> Path:
    """Return the file of a profile.

    Raises:
        BadInput: there is no such profile.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        file = Path(name_or_path)
        if not file.is_file():
            raise BadInput("there is no such profile file", where=name_or_path)
        return file
    known = names()
    if name_or_path not in known:
        raise BadInput(
            f"there is no profile named {name_or_path!r}",
            where=str(directory()),
            why=f"legal: {choices(name_or_path, known)}",
            fix=f"xnnkit profile show {closest(name_or_path, known) or known[0]}" if known else "",
        )
    return directory() / f"{name_or_path}.toml"


def carried(name_or_path: str) -> bytes:
    """Return what a rendered directory has to carry of a profile, to be rendered again from it.

    Returns:
        b"" for a profile of xnnkit's own, which its name stands for on every machine; else the
        file's bytes.

    Raises:
        BadInput: there is no such profile.
    """
    file = path_of(name_or_path)
    data = file.read_bytes()
    own = directory() / file.name
    return b"" if own.is_file() and own.read_bytes() == data else data


def _read(file: Path) -> str:
    with file.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise BadInput(
            "the file is too long for a profile",
            where=str(file),
            why=f"at most {MAX_BYTES:,} bytes are read",
        )
    try:
        return raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise ProfileError(
            [
                Problem(
                    file=str(file),
                    line=before.count(b"\n") + 1,
                    column=error.start - (before.rfind(b"\n") + 1) + 1,
                    key="",
                    what=f"the file is not UTF-8 (byte 0x{raw[error.start]:02x})",
                    legal="TOML files are UTF-8",
                )
            ],
            fix=f"iconv -f latin1 -t utf-8 {typed(file)}",
        ) from None


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        match = re.search(r" \(at line (\d+), column (\d+)\)$", message)
        last_line = text.count("\n") + 1
        raise ProfileError(
            [
                Problem(
                    file=str(file),
                    line=int(match[1]) if match else last_line,
                    column=int(match[2]) if match else 0,
                    key="",
                    what="TOML syntax: " + message.split(" (at ")[0],
                    legal="TOML 1.0",
                )
            ]
        ) from None
    except (RecursionError, ValueError) as error:
        # ValueError: a whole number with more digits than Python turns into one.
        deep = isinstance(error, RecursionError)
        what = "it is nested too deeply" if deep else str(error)
        raise ProfileError(
            [Problem(file=str(file), line=0, key="", what=f"TOML: {what}", legal="TOML 1.0")]
        ) from None


def _check_schema_version(data: Mapping[str, Any], problem: _MakeProblem) -> None:
    """Refuse another version first: every later complaint would only confuse."""
    version = data.get("schema_version", SCHEMA_VERSION)
    if version is not True and version == SCHEMA_VERSION:
        return
    raise ProfileError(
        [
            problem(
                ("schema_version",),
                f"this is a profile of schema version {version!r}",
                f"this xnnkit reads schema_version = {SCHEMA_VERSION}",
            )
        ]
    )


def _explain(error: ErrorDetails, data: Any, problem: _MakeProblem) -> Problem:
    """Turn one of pydantic's complaints into a sentence about the file."""
    path = _in_file(error["loc"], data)
    key = path[-1] if path else ""
    kind = error["type"]
    given = error.get("input")
    what, legal = _sentence(str(error["msg"]), error.get("ctx") or {})
    if kind == "extra_forbidden":
        known = list(_properties(error["loc"]))
        what, legal = f"unknown key {key!r}", choices(str(key), known)
    elif kind == "missing":
        what, legal = f"{key!r} is missing", _description(error["loc"])
    elif kind == "union_tag_not_found":
        path = [*path, "type"]
        what, legal = "'type' is missing", "one of debian, git, http, pypi"
    elif kind == "union_tag_invalid":
        path = [*path, "type"]
        tag = (error.get("ctx") or {}).get("tag", "")
        what = f"there is no origin type {tag!r}"
        legal = choices(str(tag), ("debian", "git", "http", "pypi"))
    elif kind == "string_pattern_mismatch":
        pattern = str((error.get("ctx") or {}).get("pattern", ""))
        what, legal = f"{key!r} cannot be {given!r}", references.PATTERNS.get(pattern, pattern)
    elif kind == "literal_error":
        what = f"{key!r} cannot be {given!r}"
        legal = "one of " + str((error.get("ctx") or {}).get("expected", ""))
    return problem(path, what, legal)


def _follows(error: ErrorDetails) -> bool:
    """Tell whether a list is called empty only because its elements are refused already."""
    return error["type"] == "too_short" and bool(error["input"])


def _sentence(message: str, context: Mapping[str, Any]) -> tuple[str, str]:
    if (cause := context.get("error")) is not None:
        return str(cause), ""
    return message[:1].lower() + message[1:], ""


def _in_file(loc: Sequence[str | int], data: Any) -> list[str | int]:
    """Follow pydantic's location through the data, leaving out the tags of unions."""
    path: list[str | int] = []
    value = data
    for at, part in enumerate(loc):
        last = at == len(loc) - 1
        if part == "[key]":
            continue
        reachable = (isinstance(part, str) and isinstance(value, dict) and part in value) or (
            isinstance(part, int) and isinstance(value, list) and part < len(value)
        )
        if reachable:
            value = value[part]
            path.append(part)
        elif last:
            path.append(part)
    return path


def _description(loc: Sequence[str | int]) -> str:
    """Return what the documentation says of the key that ``loc`` names."""
    entry = _properties(loc).get(str(loc[-1]), {})
    return str(entry.get("description", "")) if isinstance(entry, dict) else ""


def _properties(loc: Sequence[str | int]) -> dict[str, Any]:
    """Walk the JSON Schema down to the table that holds the last part of ``loc``."""
    schema = json_schema()
    node: dict[str, Any] = schema

    def resolve(entry: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in entry:
            entry = schema["$defs"][entry["$ref"].rsplit("/", 1)[1]]
        return entry

    for part in loc[:-1]:
        node = resolve(node)
        if isinstance(part, int):
            node = node.get("items", {})
        elif "discriminator" in node:
            node = {"$ref": node["discriminator"]["mapping"][part]}
        elif "anyOf" in node:
            node = next(e for e in node["anyOf"] if "$ref" in e)
            node = resolve(node).get("properties", {}).get(part, {})
        else:
            node = node.get("properties", {}).get(part, {})
    node = resolve(node)
    if "anyOf" in node:
        node = resolve(next(e for e in node["anyOf"] if "$ref" in e))
    properties: dict[str, Any] = node.get("properties", {})
    return properties
