"""Build twice under different conditions and compare every artifact, byte by byte.

``machine`` finds out what can be varied here, ``conditions`` plans the two builds, ``side`` is one
of them (a process of its own), ``twice`` runs both and compares; ``sections`` tells where two ELF
files differ and ``cause`` why; ``show`` is for a person.
"""
