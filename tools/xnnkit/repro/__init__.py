"""Build twice under different conditions and compare every artifact, byte by byte.

``machine`` finds out what can be varied here, ``conditions`` plans the two builds, ``side`` is one
of them (a process of its own), ``twice`` runs both and compares. What a build finds comes from
``side`` itself, ``clock``, ``events`` (Bazel's), ``actions`` and ``kept`` (caches); ``found`` says
what was varied by it. ``entries`` says what lies in a folder, ``compare`` whether two are the same,
``sections`` where two ELF files differ and ``cause`` why; ``show`` is for a person.
"""
