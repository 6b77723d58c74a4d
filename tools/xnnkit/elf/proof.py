"""The checks of a flavour's proof, made on one binary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xnnkit.elf import leaks
from xnnkit.elf.facts import ElfFacts, inspect
from xnnkit.elf.names import kernels, matching

if TYPE_CHECKING:
    from xnnkit.profile import Proof

_SHOWN = 3


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what was asked.
        ok: the answer is as it must be.
        detail: what was seen.
    """

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class ProofResult:
    """A binary's proof.

    Attributes:
        facts: what the binary says of itself.
        checks: every check, in a fixed order.
        kernels: names of the micro-kernels in it, sorted.
    """

    facts: ElfFacts
    checks: tuple[Check, ...]
    kernels: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """All checks passed."""
        return all(check.ok for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return the proof, JSON-ready; the same on every machine for the same binary."""
        return {
            "ok": self.ok,
            "machine": self.facts.machine,
            "linking": self.facts.linking,
            "build_id": self.facts.build_id,
            "checks": [vars(check) for check in self.checks],
            "kernels": list(self.kernels),
        }


def prove(
    path: Path,
    proof: Proof,
    *,
    forbidden_strings: Sequence[bytes] = (),
    machine: str = "AArch64",
    linking: str = "static",
) -> ProofResult:
    """Check a binary against a flavour's proof.

    Args:
        path: the binary, with its symbol table.
        proof: globs on function names, from the profile.
        forbidden_strings: places of this machine that must not stand in it, as bytes.
        machine: the machine it must be for, as ``ElfFacts.machine`` says it.
        linking: how it must be linked, as ``ElfFacts.linking`` says it.

    Returns:
        Every check with its answer; a failed one does not raise.

    Raises:
        BadInput: it cannot be read, or is no ELF file.
    """
    facts = inspect(path)
    checks = [
        Check("machine", facts.machine == machine, _unless(facts.machine, machine)),
        Check("linking", facts.linking == linking, _linking(facts, linking)),
        _symbols(facts),
    ]
    checks += [_required(facts, glob) for glob in (*proof.required, *proof.executed)]
    checks += [_forbidden(facts, glob) for glob in proof.forbidden]
    checks += _clean(facts, [text for text in forbidden_strings if text])
    return ProofResult(facts, tuple(dict.fromkeys(checks)), tuple(kernels(facts.names)))


def _unless(seen: str, wanted: str) -> str:
    return seen if seen == wanted else f"{seen}, must be {wanted}"


def _linking(facts: ElfFacts, wanted: str) -> str:
    asked = [facts.interpreter] if facts.interpreter else []
    text = _unless(facts.linking, wanted)
    return text if facts.linking == wanted else f"{text}: {_some([*asked, *facts.needed])}"


def _symbols(facts: ElfFacts) -> Check:
    if not facts.has_symbols:
        return Check("symbols", False, "no .symtab: it was stripped, so nothing can be proved")
    return Check("symbols", bool(facts.functions), f"{len(facts.functions)} functions")


def _required(facts: ElfFacts, glob: str) -> Check:
    found = matching(facts.names, glob)
    return Check(f"required {glob}", bool(found), _some(found))


def _forbidden(facts: ElfFacts, glob: str) -> Check:
    found = matching(facts.names, glob)
    # Without symbols nothing is found anywhere: that is no proof of absence.
    detail = _some(found) if facts.has_symbols else "unknown without symbols"
    return Check(f"forbidden {glob}", facts.has_symbols and not found, detail)


def _clean(facts: ElfFacts, forbidden: Sequence[bytes]) -> list[Check]:
    contents = [facts.path.read_bytes(), *facts.extra]
    places, dates = leaks.places(contents, forbidden), leaks.dates(contents)
    checks = [
        Check("no build path", not places, _some(places)),
        Check("no build date", not dates, _some(dates)),
    ]
    if facts.hidden_sections:
        checks.append(
            Check("readable sections", False, "compressed: " + _some(facts.hidden_sections))
        )
    return checks


def _some(items: Sequence[str]) -> str:
    """Return the first few items and how many more there are."""
    if not items:
        return "none"
    rest = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
