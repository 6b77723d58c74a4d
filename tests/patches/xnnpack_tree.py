"""What XNNPACK's tree, evaluated and searched, says about one macro or another.

A source that reads a macro and is compiled without it takes it for 0, silently. So the libraries
are evaluated, and every source is searched with every header of the tree that it includes.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

SOURCE = (".c", ".cc", ".S")
GENERATED = "src/build_identifier.c"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)
DECLARES = re.compile(
    r"^#if !defined\((?P<macro>\w+)\) \|\| (?P=macro)$(?P<body>.*?)^#endif",
    re.MULTILINE | re.DOTALL,
)

Target = dict[str, Any]


def without_comments(text: str) -> str:
    """Return C without comments and without blanks at the end of its lines."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


class Sources:
    """Which macros a file reads, itself or in the headers it includes."""

    def __init__(self, root: Path, macros: tuple[str, ...]) -> None:
        self.root = root
        self.macros = macros
        self.read = cache(self._read)
        self.mentions = cache(self._mentions)
        self.includes = cache(self._includes)
        self._is_file = cache(lambda name: (root / name).is_file())
        self._below = cache(self._closure)

    def _read(self, name: str) -> str:
        """Return a file; if it names a macro, without comments and without guards that only hide
        declarations."""
        text = (self.root / name).read_text("utf-8", "replace")
        if not any(macro in text for macro in self.macros):
            return text
        return DECLARES.sub(lambda m: m["body"], without_comments(text))

    def _includes(self, name: str) -> frozenset[str]:
        found = set()
        for wanted in INCLUDE.findall(self.read(name)):
            for folder in (Path(name).parent.as_posix(), "src", "include", "."):
                path = os.path.normpath(f"{folder}/{wanted}")
                if self._is_file(path):
                    found.add(path)
                    break
        return frozenset(found)

    def _mentions(self, name: str) -> frozenset[str]:
        return frozenset(m for m in self.macros if re.search(rf"\b{m}\b", self.read(name)))

    def _closure(self, header: str) -> frozenset[str]:
        seen: set[str] = set()
        todo = [header]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(self.includes(one))
        return frozenset(macro for one in seen for macro in self.mentions(one))

    def reads(self, name: str) -> set[str]:
        """Return the macros that a source or any header it includes mentions."""
        return set(self.mentions(name)).union(*(self._below(h) for h in self.includes(name)))


def full(label: str, package: str) -> str:
    """Return a label of this tree as ``PACKAGE:NAME``; "" for another repository's."""
    if label.startswith("@"):
        return ""
    if label.startswith("//"):
        package, colon, name = label[2:].partition(":")
        return f"{package}:{name if colon else package.rpartition('/')[2]}"
    return f"{package}:{label.removeprefix(':')}"


class Build:
    """Every target of some packages, by ``PACKAGE:NAME``."""

    def __init__(self, root: Path, packages: tuple[str, ...], starlark: ModuleType) -> None:
        self.every = starlark.every
        self.labels = cache(self._labels)
        self.defines = cache(self._defines)
        self.targets: dict[str, Target] = {}
        for package in packages:
            space = starlark.Workspace(root, package)
            files = [root / package / name for name in ("BUILD.bazel", "BUILD")]
            space.evaluate(next(f for f in files if f.is_file()))
            self.targets |= {f"{package}:{name}": t for name, t in space.targets.items()}

    def _defines(self, label: str, attribute: str) -> frozenset[str]:
        """Return the macros that a target defines there, in any branch."""
        return frozenset(d.split("=")[0] for d in self.every(self.targets[label].get(attribute)))

    def _labels(self, label: str, *attributes: str) -> frozenset[str]:
        """Return what a target names in these attributes, in every branch."""
        found = {
            full(dep, label.partition(":")[0])
            for attribute in attributes
            for dep in self.every(self.targets[label].get(attribute))
        }
        return frozenset(found - {""})

    def sources(self, label: str) -> list[str]:
        """Return the sources that a target compiles, by their paths in the tree."""
        paths = {name.replace(":", "/").lstrip("/") for name in self.labels(label, "srcs")}
        return sorted(p for p in paths if p.endswith(SOURCE) and p != GENERATED)

    def below(self, label: str) -> set[str]:
        """Return a target and all those it depends on, as far as their packages are known."""
        seen: set[str] = set()
        todo = [label]
        while todo:
            one = todo.pop()
            if one not in seen and one in self.targets:
                seen.add(one)
                todo.extend(self.labels(one, "deps", "implementation_deps"))
        return seen

    def given(self, label: str) -> set[str]:
        """Return the macros that the sources of a target are compiled with."""
        handed = (self.defines(one, "defines") for one in self.below(label))
        return set(self.defines(label, "local_defines")).union(*handed)

    def libraries(self) -> list[str]:
        """Return the targets that compile something, in their order."""
        kinds = ("cc_library", "cc_test", "cc_binary")
        return [name for name, target in self.targets.items() if target["kind"] in kinds]
