"""Enough of Bazel to evaluate .bzl and BUILD files as Python, and to look at what they declare.

Starlark is close to a subset of Python. `select` keeps all its branches, targets are recorded, and
anything loaded from another repository is a recorder, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class Select:
    """A sum of lists and selects; ``all`` gives every branch, ``resolve`` those that hold."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __add__(self, other: Any) -> Select:
        return Select(*self.parts, *(other.parts if isinstance(other, Select) else (other,)))

    def __radd__(self, other: Any) -> Select:
        return Select(other, *self.parts)

    def all(self) -> list[Any]:
        """Return the elements of every branch."""
        return [
            x for p in self.parts for v in (p.values() if isinstance(p, dict) else [p]) for x in v
        ]


def every(value: Any) -> list[Any]:
    """Return the elements of a list, with those of every branch of its selects."""
    return value.all() if isinstance(value, Select) else list(value or [])


class Workspace:
    """Evaluates files below a root; ``targets`` is what they declare, by name."""

    def __init__(self, root: Path, package: str = "") -> None:
        self.root = root
        self.package = package
        self.targets: dict[str, dict[str, Any]] = {}
        self._loaded: dict[Path, dict[str, Any]] = {}

    def record(self, kind: str) -> Callable[..., None]:
        """Return a rule that records its targets."""

        def rule(name: str = "", **attributes: Any) -> None:
            assert name not in self.targets, f"two targets are called {name}"
            self.targets[name] = {"kind": kind, **attributes}

        return rule

    def builtins(self) -> dict[str, Any]:
        """Return what every file may use."""
        native = _Native(self)
        ignored = ("package", "licenses", "exports_files")
        return {
            "native": native,
            "select": Select,
            "struct": SimpleNamespace,
            "Label": str,
            "rule": lambda implementation, **_: self.record(implementation.__name__),
            "provider": lambda *_, **__: None,
            "aspect": lambda *_, **__: None,
            "depset": list,
            "attr": _Anything(),
            "glob": lambda *_, **__: [],
            "package_name": native.package_name,
            "platform_common": SimpleNamespace(ConstraintValueInfo="ConstraintValueInfo"),
            "config_common": SimpleNamespace(FeatureFlagInfo=lambda value: value),
            **{name: lambda *_, **__: None for name in ignored},
            **{
                kind: self.record(kind)
                for kind in (
                    "cc_library",
                    "config_setting",
                    "alias",
                    "filegroup",
                    "genrule",
                    "platform",
                    "sh_test",
                )
            },
        }

    def load(
        self, label: str, *names: str, into: dict[str, Any], folder: Path, **also: str
    ) -> None:
        """Do what a load statement does."""
        wanted = {name: name for name in names} | also
        if label.startswith("@"):
            selects = SimpleNamespace(config_setting_group=self.record("config_setting_group"))
            foreign: Mapping[str, Any] = {"selects": selects}
            found = {n: foreign.get(n, self.record(n)) for n in wanted.values()}
        else:
            package, _, file = label.rpartition(":")
            path = (self.root / package[2:] if package.startswith("//") else folder) / file
            found = self.evaluate(path)
        into.update({ours: found[theirs] for ours, theirs in wanted.items()})

    def evaluate(self, path: Path) -> dict[str, Any]:
        """Evaluate one file, once, and return its names."""
        if path not in self._loaded:
            names = self.builtins()
            names["load"] = lambda label, *wanted, **also: self.load(
                label, *wanted, into=names, folder=path.parent, **also
            )
            exec(compile(path.read_text(), str(path), "exec"), names)
            self._loaded[path] = names
        return self._loaded[path]


class _Native:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def package_name(self) -> str:
        return self._workspace.package

    def existing_rule(self, name: str) -> Any:
        return self._workspace.targets.get(name)

    def __getattr__(self, kind: str) -> Callable[..., None]:
        return self._workspace.record(kind)


class _Anything:
    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None
