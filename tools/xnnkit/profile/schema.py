"""The JSON Schema of a profile, with the descriptions that stand under the model's fields.

pydantic can collect those itself, but does so on every import; read here, they cost nothing until
somebody asks for the schema.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from typing import Any

from pydantic import BaseModel

from xnnkit.profile import model
from xnnkit.profile.model import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a profile, as published in ``profiles/schema.json``."""
    schema = Profile.model_json_schema()
    _describe(schema, Profile)
    for name, table in schema["$defs"].items():
        _describe(table, getattr(model, name))
    return {"$schema": DIALECT, **schema}


def _describe(table: dict[str, Any], cls: type[BaseModel]) -> None:
    """Put each field's description into the table's properties, and the class's on top."""
    table["description"] = inspect.getdoc(cls) or ""
    for base in reversed(cls.__mro__):
        for field, text in _documented().get(base.__name__, {}).items():
            table["properties"][field]["description"] = text


@cache
def _documented() -> dict[str, dict[str, str]]:
    """Return class -> field -> the string that stands below the field in the model's source."""
    found: dict[str, dict[str, str]] = {}
    for cls in ast.parse(inspect.getsource(model)).body:
        if not isinstance(cls, ast.ClassDef):
            continue
        fields = found.setdefault(cls.name, {})
        for field, text in zip(cls.body, cls.body[1:], strict=False):
            match (field, text):
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str() as description)),
                ):
                    fields[name] = inspect.cleandoc(description).replace("\n", " ")
    return found
