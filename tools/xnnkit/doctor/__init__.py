"""``xnnkit doctor``: what this machine has, what it lacks, and one line to paste for each lack.

Belongs here: ``probes`` (everything that looks at the machine), ``needs`` (what is needed and how
to judge a probe's answer; pure functions) and ``report`` (lines and JSON). Tests replace the probes
by name. ``model`` holds the types, ``sources`` asks whether every archive can be had, ``memory``
whether a benchmark fits into memory, ``ndk`` whether there is one that can be used.
"""

from __future__ import annotations

from xnnkit.doctor.model import Need, Places
from xnnkit.doctor.needs import examine
from xnnkit.doctor.probes import Probes
from xnnkit.doctor.report import as_json, as_text, ready

__all__ = ["Need", "Places", "Probes", "as_json", "as_text", "examine", "ready"]
