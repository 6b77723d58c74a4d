"""Names of functions: which are micro-kernels, and which a glob means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate

KERNELS = ("kai_run_*", "xnn_*_ukernel_*", "xnn_kleidiai_*_gemm_*")
"""What a micro-kernel is called: KleidiAI's entry points, XNNPACK's, and those of our patch set."""


def base(name: str) -> str:
    """Return a function's name without a compiler's suffix (``.llvm.123``, ``.constprop.0``)."""
    return name.partition(".")[0] or name


def matching(names: Iterable[str], *globs: str) -> list[str]:
    """Return the names that at least one glob matches, sorted, each once.

    Args:
        names: symbol names, with or without a compiler's suffix.
        globs: ``*``, ``?`` and ``[...]``, case-sensitive, for the whole name; ``A|B`` is either.
    """
    if not globs:
        return []
    parts = [part for glob in globs for part in glob.split("|")]
    pattern = re.compile("|".join(map(translate, parts)))
    return sorted({n for n in names if pattern.match(n) or pattern.match(base(n))})


def kernels(names: Iterable[str]) -> list[str]:
    """Return the names of micro-kernels among ``names``, sorted, each once."""
    return matching(names, *KERNELS)


def is_kernel(name: str) -> bool:
    """Tell whether a function is a micro-kernel, from its name."""
    return bool(kernels([name]))
