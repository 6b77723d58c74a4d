"""Facts and proofs as text, for a person."""

from __future__ import annotations

from collections import Counter

from xnnkit.elf.facts import ElfFacts
from xnnkit.elf.names import kernels
from xnnkit.elf.proof import ProofResult


def facts_text(facts: ElfFacts) -> str:
    """Return what an ELF file says of itself, a line each."""
    rows = [
        ("file", f"{facts.path}  {facts.size} bytes"),
        ("machine", f"{facts.machine}, {facts.bits} bit, {facts.kind}"),
        ("linking", facts.linking + (f" ({facts.interpreter})" if facts.interpreter else "")),
        ("needed", ", ".join(facts.needed) or "nothing"),
        ("build id", facts.build_id or "none"),
        ("made by", "; ".join(facts.comments) or "unknown"),
        ("functions", str(len(facts.functions)) if facts.has_symbols else "unknown: no .symtab"),
        ("kernels", kernels_line(kernels(facts.names))),
    ]
    return "\n".join(f"{key:<10} {value}" for key, value in rows)


def proof_text(result: ProofResult) -> str:
    """Return a proof, a line for each check; the failed ones marked."""
    lines = [
        f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}" for check in result.checks
    ]
    return "\n".join(lines)


def kernels_line(names: list[str]) -> str:
    """Return how many micro-kernels there are and whose."""
    kinds: Counter[str] = Counter()
    for name in names:
        if name.startswith("kai_"):
            kinds["KleidiAI"] += 1
        elif name.startswith("xnn_kleidiai_"):
            kinds["on KleidiAI's layouts"] += 1
        elif "i8mm" in name:
            kinds["XNNPACK i8mm"] += 1
        elif "neondot" in name:
            kinds["XNNPACK neondot"] += 1
        else:
            kinds["XNNPACK other"] += 1
    if not kinds:
        return "none"
    return f"{len(names)}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
