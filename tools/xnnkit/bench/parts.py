"""One file of results: what is in it, where it was measured, and of which flavour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xnnkit import untrusted
from xnnkit.bench import readers, results, runs
from xnnkit.bench.model import Operator, Results
from xnnkit.bench.readers import file as content
from xnnkit.errors import BadInput

_GOOGLES_OWN = {
    "aslr_enabled",
    "caches",
    "cpu_scaling_enabled",
    "date",
    "executable",
    "host_name",
    "json_schema_version",
    "library_build_type",
    "library_version",
    "load_avg",
    "mhz_per_cpu",
    "num_cpus",
}
"""Context that Google Benchmark writes itself; what else is there, the program says of its work."""

_ENDINGS = (".json", ".csv", ".tsv", ".txt", ".log", ".md")
_OPERATORS = "operators"


@dataclass(frozen=True)
class Label:
    """What a person says of a file that does not say it itself; "" for nothing.

    Attributes:
        device: where it was measured.
        model: what was measured.
        flavour: of the program.
    """

    device: str = ""
    model: str = ""
    flavour: str = ""


@dataclass(frozen=True)
class Source:
    """A file or folder as it stands on a command line: ``[LABEL=]PATH``."""

    path: Path
    label: Label = Label()
    text: str = ""

    @classmethod
    def of(cls, text: str | Path) -> Source:
        """Take ``PATH``, ``FLAVOUR=PATH``, ``DEVICE/FLAVOUR=PATH``, ``DEVICE/MODEL/FLAVOUR=PATH``.

        A path that exists is a path, whatever signs are in it.

        Raises:
            BadInput: the label has more than three parts, or an empty one.
        """
        label, equals, path = str(text).partition("=")
        if not equals or Path(text).exists():
            return cls(Path(text), Label(), str(text))
        parts = [part.strip() for part in label.split("/")]
        if not path or len(parts) > 3 or not all(parts):
            raise BadInput(
                f"{text!s}: what stands before = is no label",
                why="legal: FLAVOUR=FILE, DEVICE/FLAVOUR=FILE, DEVICE/MODEL/FLAVOUR=FILE",
            )
        device = parts[0] if len(parts) > 1 else ""
        model = parts[1] if len(parts) > 2 else ""
        return cls(Path(path), Label(device, model, parts[-1]), str(text))


@dataclass(frozen=True)
class Part:
    """One file.

    Attributes:
        path: of the file.
        results: what is in it.
        facts: what must be equal on both sides of a comparison; a key is there only when its value
            is known.
        run: with the run's identity, None when the file is not one of xnnkit's.
        label: what a person says of it.
        notes: what a reader should know.
    """

    path: Path
    results: Results
    facts: dict[str, Any]
    run: runs.Run | None = None
    label: Label = Label()
    notes: list[str] = field(default_factory=list)

    @property
    def device(self) -> str:
        """Where it was measured, "" when nobody says it."""
        if self.label.device:
            return self.label.device
        return str(self.run.identity.device.get("name", "")) if self.run else ""

    @property
    def flavour(self) -> str:
        """The program's flavour, "" when nobody says it."""
        return self.label.flavour or (self.run.identity.flavour if self.run else "")

    @property
    def binary(self) -> str:
        """The program's sha256, "" when unknown."""
        return str(self.run.identity.binary.get("sha256", "")) if self.run else ""

    @property
    def started(self) -> str:
        """When the program was started, ISO 8601, "" when unknown."""
        said = self.run.identity.started if self.run else self.results.context.get("date", "")
        return said if isinstance(said, str) else ""

    @property
    def emulated(self) -> bool:
        """Wall times say nothing about speed."""
        return bool(self.run and self.run.identity.device.get("emulated"))


def load(path: Path, label: Label | None = None) -> Part:
    """Read a file: a run of xnnkit's, or any format that ``readers`` knows.

    Raises:
        BadInput: it is neither.
        Finding: a run's content is not what was written.
    """
    label = label or Label()
    data = content.load(path)
    if runs.KIND.encode() in data and runs.is_run(parsed := results.loads(data, str(path))):
        run = runs.of_json(parsed, path)
        found = _with_operators(run)
        facts = _facts(found, run.identity)
        notes = _of_identity(run)
    else:
        run, found = None, readers.read_bytes(data, str(path))
        facts, notes = _facts(found, None), []
    if label.device:
        facts["device name"] = label.device
    notes += [f"{path.name}: {problem}" for problem in found.problems]
    return Part(path, found, facts, run, label, notes + _debug(found))


def files(source: Path) -> Iterator[Path]:
    """Yield the files of a folder in the order in which they were made, or the file itself.

    Raises:
        BadInput: there is none.
    """
    if not source.is_dir():
        yield source
        return
    below = [
        path
        for path in sorted(source.rglob("*"), key=_natural)
        if path.suffix in _ENDINGS
        and not any(part.startswith(".") for part in path.relative_to(source).parts)
        and path.is_file()
    ]
    found = [path for path in below if path.suffix == ".json"] or below
    if not found:
        raise BadInput(
            "there are no runs", where=str(source), why="no *.json below it", fix="xnnkit run"
        )
    yield from found


def operators_json(operators: Iterable[Operator]) -> list[dict[str, Any]]:
    """Return operators as they stand in a run's results."""
    return [
        {"key": o.key, "name": o.name, "times_ns": list(o.times), "figures_ns": o.figures}
        for o in operators
    ]


def difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return in what two sets of facts differ, as far as both say it."""
    return [
        f"{key}: {first[key]} and {second[key]}"
        for key in first
        if key in second and first[key] != second[key]
    ]


def _natural(path: Path) -> tuple[str, int, str]:
    stem, _, number = path.stem.rpartition("-")
    return (
        str(path.parent / stem),
        known if (known := untrusted.number(number)) is not None else -1,
        path.name,
    )


def _with_operators(run: runs.Run) -> Results:
    found, kept = run.results, run.raw.get(_OPERATORS)
    if not isinstance(kept, list):
        return found
    try:
        operators = tuple(
            Operator(
                str(one["key"]),
                str(one["name"]),
                tuple(float(x) for x in one["times_ns"]),
                {str(k): float(v) for k, v in one.get("figures_ns", {}).items()},
            )
            for one in kept
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput("a run whose operators cannot be read", where=str(run.path)) from error
    return Results(found.context, found.benchmarks, operators, found.problems, found.kind)


def _facts(found: Results, identity: runs.Identity | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        key: value for key, value in found.context.items() if key not in _GOOGLES_OWN
    }
    for source, name in (("host_name", "host"), ("num_cpus", "processors")):
        if found.context.get(source) not in (None, ""):
            facts[name] = found.context[source]
    if identity is None:
        return facts
    facts |= {f"device {key}": value for key, value in identity.device.items()}
    if identity.threads is not None:
        facts.setdefault("num_threads", str(identity.threads))
    facts["arguments"] = work(identity.arguments, facts)
    return facts


def work(arguments: Iterable[str], said: Mapping[str, Any]) -> str:
    """Return the arguments that decide what is computed, but for those the program repeats."""
    kept = []
    for argument in arguments:
        key = argument.lstrip("-").partition("=")[0]
        of_google = key.startswith("benchmark_") and key != "benchmark_method"
        if not of_google and key not in said:
            kept.append(argument)
    return " ".join(sorted(kept)) or "none"


def threads(count: int) -> str:
    """Return a number of threads in words."""
    return "1 thread" if count == 1 else f"{count} threads"


def _of_identity(run: runs.Run) -> list[str]:
    identity = run.identity
    notes = [f"{name} is prebuilt: only its bytes were checked" for name in identity.prebuilt]
    notes += [
        f"{name} has other bytes than pinned, accepted by its tree" for name in identity.accepted
    ]
    return notes


def _debug(found: Results) -> list[str]:
    if found.context.get("library_build_type") == "debug":
        return ["Google Benchmark says that it was built without optimisation (debug)"]
    return []
