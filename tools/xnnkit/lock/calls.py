"""What one call of a Starlark file brings from elsewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from xnnkit.lock import addresses, pins, rules
from xnnkit.lock.rules import Rule
from xnnkit.lock.source import Source
from xnnkit.lock.starlark import (
    GIVEN,
    HOLE,
    METHODS,
    UNKNOWN,
    Callee,
    Names,
    Reader,
    Unknown,
    Value,
    strings,
    whole,
)

_NAMES = ("name", "module_name", "hub_name", "archive")
_UNKNOWN_NAME = "?"
_IMPLIED = {"maven_install": "maven", "maven.install": "maven", "maven.artifact": "maven"}
_LONGEST = 4096
_PLAIN = re.compile(r"(?:--?[\w-]+[= ])?(?P<url>(?:http|ftp|git|rsync)://[^\s\"']+)", re.I)
_ADDRESS = re.compile(r"(?:https?|ftp|git|ssh|rsync)://[^\s\"';|&)]+", re.I)
_FETCHES = re.compile(r"(?:^|[\s/;|&(])(?:curl|wget)(?:$|\s)")


@dataclass(frozen=True)
class Place:
    """Where a call stands.

    Attributes:
        file: as it is shown.
        inside: the function around it, "" for none.
        root: it is a statement of a WORKSPACE or MODULE.bazel, not of a loaded file.
        nested: it is an argument of another call.
    """

    file: str
    inside: str
    root: bool
    nested: bool = False


@dataclass(frozen=True)
class Unread:
    """Something that a call may bring, and that nobody could read.

    Attributes:
        where: file:line.
        why: what is not understood.
    """

    where: str
    why: str


def called(function: ast.expr, names: Names, reader: Reader) -> str:
    """Return the name of what is called: where it is defined, and ``EXTENSION.TAG`` for a tag."""
    match function:
        case ast.Name(id=name):
            value = names.get(name)
            return value.name if isinstance(value, Callee) else name
        case ast.Attribute(value=ast.Name(id=holder), attr=attr):
            value = names.get(holder)
            dotted = f"{value.name if isinstance(value, Callee) else holder}.{attr}"
            tag = isinstance(value, Callee) and value.extension
            return dotted if tag or dotted in rules.RULES else attr
        case ast.Attribute(attr=attr):
            return attr
    value = reader.value(function)
    return value.name if isinstance(value, Callee) else ""


def brought(call: ast.Call, names: Names, reader: Reader, at: Place) -> Iterator[Source | Unread]:
    """Yield what a call brings.

    Args:
        call: it, as it is written.
        names: what names stand for there.
        reader: works out its arguments.
        at: where it stands.
    """
    kind = called(call.func, names, reader)
    if kind == "maybe" and call.args:
        kind = called(call.args[0], names, reader) or kind
    held = isinstance(call.func, ast.Attribute)
    yield from _Call(call, kind, reader, at).brings(
        method=at.inside != ""
        and kind in METHODS
        and (held or not isinstance(call.func, ast.Name) or call.func.id != kind),
        parameter=isinstance(call.func, ast.Name) and names.get(call.func.id) is GIVEN,
        function=_is_function(call.func, names),
        ours=isinstance(call.func, ast.Name) and isinstance(names.get(call.func.id), Callee),
    )


def _is_function(function: ast.expr, names: Names) -> bool:
    """Tell whether a function is called, and not a method of a string or list."""
    if not isinstance(function, ast.Attribute):
        return True
    return isinstance(function.value, ast.Name) and isinstance(
        names.get(function.value.id, UNKNOWN), Unknown
    )


class _Call:
    """The arguments of a call, each taken once by what understands it."""

    def __init__(self, call: ast.Call, kind: str, reader: Reader, at: Place) -> None:
        self._call = call
        self._kind = kind
        self._reader = reader
        self._at = at
        self._nodes = {k.arg: k.value for k in call.keywords if k.arg}
        self._given: dict[str, Value] = {k: reader.value(v) for k, v in self._nodes.items()}
        self._open: list[ast.expr] = []
        for keyword in call.keywords:
            if keyword.arg is None:
                more = reader.value(keyword.value)
                if not isinstance(more, dict) or UNKNOWN in more:
                    self._open.append(keyword.value)
                if isinstance(more, dict):
                    self._given |= {key: v for key, v in more.items() if isinstance(key, str)}
        self._left = set(self._given)

    def brings(
        self, *, method: bool, parameter: bool, function: bool, ours: bool
    ) -> Iterator[Source | Unread]:
        """Yield what it brings.

        Args:
            method: it is one of a repository rule's context.
            parameter: it calls what the function around it was given.
            function: it calls a function, no method of a string or list.
            ours: the function is defined or loaded in this file.
        """
        if method and self._kind == "execute":
            yield from self._executed()
            return
        if method:
            yield self._download()
            return
        if self._kind in rules.BRING_NOTHING:
            return
        rule = rules.RULES.get(self._kind)
        if rule is None:
            has_address = any(name in self._given for name in rules.OTHER.urls)
            named = any(name in self._given for name in _NAMES)
            if not has_address or not (named or parameter or (self._at.root and function)):
                rule = None
            else:
                rule = rules.OTHER
        known = rule is not None
        if rule is not None:
            yield from self._of_rule(rule)
        outermost = function and not self._at.nested
        if not known and not outermost:
            return
        yield from self._families(known)
        yield from self._commands()
        yield from self._rest(known, ours)

    def _of_rule(self, rule: Rule) -> Iterator[Source | Unread]:
        self._left -= {*rule.urls, *rule.pins, *rule.refs, *rule.registries, *rule.locks}
        self._left -= {*rule.versions}
        told = any(k in self._given for k in (*rule.urls, *rule.registries, *_NAMES))
        if self._open and not told and all(map(self._reader.from_caller, self._open)):
            return  # a wrapper; whoever calls it is read
        if rule.pinned_by == "" and not any(k in self._given for k in rule.registries):
            if self._kind == "maven.artifact":
                yield self._source(versions=(self._artifact(),), pinned_by="")
            return
        pin, pin_as, pin_known = self._pin(rule.locks or rule.pins, lock=bool(rule.locks))
        registries = [text for key in rule.registries for text in self._texts(key)]
        versions = [one for key in rule.versions for one in self._artifacts(key)]
        branch = self._string("branch") if "branch" in rule.refs else ""
        yield self._source(
            urls=self._addresses(rule.urls),
            pin=pin,
            pin_as=pin_as,
            pin_known=pin_known,
            tag=next((text for k in rule.refs if k != "branch" and (text := self._string(k))), ""),
            branch=branch,
            versions=tuple(versions),
            pinned_by=rule.pinned_by,
            registries=tuple(url for text in registries for url in _ADDRESS.findall(text)),
            wants=rule.pins[0] if rule.pins else "",
        )
        if self._open and not all(map(self._reader.from_caller, self._open)):
            yield self._unread("what ** adds to it cannot be worked out")
        elif not pin_known and self._at.root:
            # In a function it is most often the caller's, who is read.
            yield self._unread("its hash cannot be worked out")

    def _download(self) -> Source:
        """Of ``download(url, output, sha256)``, with or without the names."""
        positional = list(self._call.args)
        starred = any(isinstance(one, ast.Starred) for one in positional)
        for name, number in (("url", 0), ("sha256", 2)):
            if number < len(positional) and not starred and name not in self._given:
                self._nodes[name] = positional[number]
                self._given[name] = self._reader.value(positional[number])
        if starred:
            self._open.append(self._call)
        pin, pin_as, known = self._pin(rules.DOWNLOAD.pins)
        urls = self._addresses(rules.OTHER.urls)
        return self._source(urls=urls, pin=pin, pin_as=pin_as, pin_known=known)

    def _executed(self) -> Iterator[Source | Unread]:
        texts = self._reader.texts(self._call.args[0]) if self._call.args else []
        yield from self._run([*texts, *self._texts("arguments")])

    def _commands(self) -> Iterator[Source | Unread]:
        for key in rules.COMMANDS:
            if key in self._left:
                self._left.discard(key)
                yield from self._run(self._texts(key))

    def _run(self, texts: Iterable[str]) -> Iterator[Source | Unread]:
        """Of commands that are run."""
        joined = " ".join(texts)[: 1 << 16]
        found = _ADDRESS.findall(joined)
        if clear := tuple(url for url in found if addresses.plain(url)):
            yield self._source(registries=clear, pinned_by="")
        elif found or _FETCHES.search(joined):
            from_ = found[0] if found else "an address that is no constant"
            yield self._unread(f"a command fetches {from_}; nothing says which bytes")

    def _families(self, known: bool) -> Iterator[Source | Unread]:
        """Of ``jar_urls`` with ``jar_sha256``, and of patches by address."""
        patches = self._given.get("remote_patches")
        if isinstance(patches, Unknown) and known and not self._reader.from_caller(self._call):
            yield self._unread("its remote_patches cannot be worked out")
        if isinstance(patches, dict) and known:
            self._left.discard("remote_patches")
            for url, pin in patches.items():
                yield self._part("remote_patches", url, pin, "integrity")
        for key in sorted(self._left):
            match = rules.FAMILY.fullmatch(key)
            if not match or not match["prefix"] or rules.PROSE.fullmatch(key):
                continue
            prefix = match["prefix"]
            hashes = [
                name for name in (f"{prefix}sha256", f"{prefix}integrity") if name in self._given
            ]
            if not hashes and prefix not in rules.FAMILIES:
                continue
            self._left -= {key, *hashes}
            urls, pin_as = self._given[key], hashes[0] if hashes else f"{prefix}sha256"
            pin = self._given.get(pin_as)
            if isinstance(urls, dict):
                for name, some in urls.items():
                    one = pin.get(name) if isinstance(pin, dict) else pin
                    yield self._part(key, some, one, pin_as)
            else:
                yield self._part(key, self._texts(key), pin, pin_as)

    def _part(self, key: str, urls: Value, pin: Value, pin_as: str) -> Source:
        return self._source(
            kind=f"{self._kind}, {key}",
            urls=_clipped(one for one in strings(urls) if addresses.urlsplit_scheme(one)),
            pin=pin if isinstance(pin, str) else "",
            pin_as=pin_as,
            pin_known=not isinstance(pin, Unknown) and not self._open,
            wants=pin_as,
        )

    def _rest(self, known: bool, ours: bool) -> Iterator[Source | Unread]:
        """Of attributes that nothing has understood so far."""
        root = self._at.root
        if self._open and root and not known:
            yield self._unread("what ** adds to it cannot be worked out")
        if not (root or known or ours or "name" in self._given):
            return
        keys = [key for key in sorted(self._left) if not rules.PROSE.fullmatch(key)]
        texts = {key: self._texts(key) for key in keys}
        if root or ours:
            texts[""] = [text for one in self._call.args for text in self._reader.texts(one)]
        clear: list[str] = []
        for key, some in texts.items():
            plain = [match["url"] for text in some if (match := _PLAIN.fullmatch(text))]
            clear += plain
            others = [text for text in some if text.startswith("https://")]
            if root and others and not plain and not known:
                of = f"its {key}" if key else "what it is given"
                yield self._unread(f"{of} names {others[0]}; what it brings is not known")
        if clear:
            yield self._source(registries=_clipped(clear), pinned_by="")
        hints = [key for key in keys if rules.HINTS.fullmatch(key) and self._given[key]]
        versions = [key for key in keys if key.endswith("version")]
        floats = [key for key in versions if rules.floating(self._string(key))]
        if root and not known and (floats or (hints and not self._all_pins(hints))):
            named = ", ".join([*hints, *floats])
            yield self._unread(f"what it brings by its {named} is not known")

    def _all_pins(self, keys: Iterable[str]) -> bool:
        """Tell whether one of some attributes is a sound pin, and none is an unsound one."""
        sound = False
        for key in keys:
            if key.rpartition("_")[2] in rules.OTHER.pins:
                texts = strings(self._given[key])
                if not texts or any(pins.problem(key, text) for text in texts):
                    return False
                sound = True
        return sound

    def _source(self, *, kind: str = "", urls: tuple[str, ...] = (), **facts: object) -> Source:
        return Source(
            name=self._name() or self._at.inside or _IMPLIED.get(self._kind, _UNKNOWN_NAME),
            kind=kind or self._kind or _UNKNOWN_NAME,
            file=self._at.file,
            line=self._call.lineno,
            urls=urls,
            **facts,  # type: ignore[arg-type]
        )

    def _unread(self, why: str) -> Unread:
        what = " ".join(part for part in (self._kind or "a call", self._name()) if part)
        return Unread(f"{self._at.file}:{self._call.lineno}", f"{what}: {why}")

    def _name(self) -> str:
        return next((text for key in _NAMES if (text := self._string(key))), "")

    def _texts(self, key: str) -> list[str]:
        if key in self._nodes:
            return self._reader.texts(self._nodes[key])
        return strings(self._given.get(key))

    def _addresses(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the addresses of some attributes; "…" for what is not known at all."""
        found: list[str] = []
        for key in keys:
            texts = self._texts(key)
            unknown = not texts and key in self._given and not whole(self._given[key])
            found += [HOLE] if unknown else texts
        return _clipped(found)

    def _string(self, key: str) -> str:
        value = self._given.get(key)
        return value if isinstance(value, str) else ""

    def _pin(self, keys: Iterable[str], *, lock: bool = False) -> tuple[str, str, bool]:
        """Return (the pin as it is written, its attribute, whether that is all there is to know).

        A sound one wins over others.
        """
        known = not self._open
        wrong: tuple[str, str, bool] | None = None
        for key in keys:
            value = self._given.get(key)
            texts = strings(list(value.values()) if isinstance(value, dict) else value)
            texts = [text for text in texts if text]
            if not whole(value) or any(HOLE in text for text in texts):
                known = False
            elif texts:
                bad = next((text for text in texts if not lock and pins.problem(key, text)), "")
                if not bad:
                    return texts[0], key, True
                wrong = wrong or (bad, key, True)
        return wrong if wrong and known else ("", "sha256", known)

    def _artifacts(self, key: str) -> Iterator[str]:
        """Yield ``group:artifact:version`` of each artifact, dicts among them."""
        value = self._given.get(key)
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, dict):
                yield ":".join(_word(one, part) for part in ("group", "artifact", "version"))
            elif isinstance(one, str):
                yield one

    def _artifact(self) -> str:
        """Return what ``maven.artifact`` is given, with or without the names."""
        parts = ("group", "artifact", "version")
        given = dict(self._given)
        for name, node in zip(parts, self._call.args, strict=False):
            given.setdefault(name, self._reader.value(node))
        return ":".join(_word(given, part) for part in parts)


def _word(given: Mapping[str, Value], key: str) -> str:
    value = given.get(key, "")
    return value if isinstance(value, str) else HOLE


def _clipped(urls: Iterable[str]) -> tuple[str, ...]:
    cut = (url if len(url) <= _LONGEST else f"{url[:_LONGEST]}{HOLE}" for url in urls)
    return tuple(dict.fromkeys(cut))
