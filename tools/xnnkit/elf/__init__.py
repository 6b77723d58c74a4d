"""Read a built binary's ELF and prove what is, and is not, in it (docs/elf-proof.md).

Belongs here: reading an ELF file (``facts``), finding what a build may leave behind (``leaks``),
the checks of a flavour's proof (``proof``), and both as text (``show``).
``rules/private/elf_check.py`` is a second reader for Bazel, with the standard library alone; a test
holds the two together.
"""

from __future__ import annotations

from xnnkit.elf.facts import ElfFacts, Function, inspect
from xnnkit.elf.names import is_kernel, kernels, matching
from xnnkit.elf.proof import Check, ProofResult, prove

__all__ = [
    "Check",
    "ElfFacts",
    "Function",
    "ProofResult",
    "inspect",
    "is_kernel",
    "kernels",
    "matching",
    "prove",
]
