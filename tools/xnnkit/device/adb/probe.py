"""Ask the kernel which optional instructions a program may use: 17 instructions of arm64.

``/proc/cpuinfo`` tells it on a phone. Where it describes another machine (a translator runs arm64
programs), a program must ask for itself: this one copies the vector that the kernel puts behind its
environment (``getauxval``) to stdout.
"""

from __future__ import annotations

import struct
from pathlib import Path

_BASE = 0x400000
_CODE = (
    0x910003E1,  # mov x1, sp
    0xF8408420,  # ldr x0, [x1], #8        argc
    0x8B000C21,  # add x1, x1, x0, lsl #3  behind the arguments
    0x91002021,  # add x1, x1, #8          and their end
    0xF8408420,  # ldr x0, [x1], #8        the environment
    0xB5FFFFE0,  # cbnz x0, .-4
    0xAA0103E3,  # mov x3, x1
    0xF8410460,  # ldr x0, [x3], #16       the vector
    0xB5FFFFE0,  # cbnz x0, .-4
    0xCB010062,  # sub x2, x3, x1
    0xD2800020,  # mov x0, #1
    0xD2800808,  # mov x8, #64
    0xD4000001,  # svc #0                  write(1, vector, its size)
    0xD2800000,  # mov x0, #0
    0xD2800BA8,  # mov x8, #93
    0xD4000001,  # svc #0                  exit(0)
)

_HWCAP, _HWCAP2 = 16, 26

BITS = {
    "fp16": (_HWCAP, 10),
    "dotprod": (_HWCAP, 20),
    "sve": (_HWCAP, 22),
    "sve2": (_HWCAP2, 1),
    "i8mm": (_HWCAP2, 13),
    "bf16": (_HWCAP2, 14),
    "sme": (_HWCAP2, 23),
    "sme2": (_HWCAP2, 37),
}
"""Feature -> entry of the vector and bit in it, as Linux numbers them for arm64."""


def program() -> bytes:
    """Return the program: a static ELF file of a few hundred bytes."""
    code = struct.pack(f"<{len(_CODE)}I", *_CODE)
    at = 64 + 56
    size = at + len(code)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 2, 183, 1, _BASE + at, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)
    return header + segment + code


def write(folder: Path) -> Path:
    """Write the program into a folder and return its path."""
    path = folder / "features"
    path.write_bytes(program())
    path.chmod(0o755)
    return path


def features(text: str) -> frozenset[str] | None:
    """Return the features in the vector.

    Args:
        text: the program's output as ``od -An -v -tx8`` prints it.

    Returns:
        The features; None when this is no such vector.
    """
    words = text.split()
    if len(words) < 4 or len(words) % 2 or any(len(word) != 16 for word in words):
        return None
    try:
        numbers = [int(word, 16) for word in words]
    except ValueError:
        return None
    vector = dict(zip(numbers[::2], numbers[1::2], strict=True))
    if _HWCAP not in vector:
        return None
    return frozenset(name for name, (entry, bit) in BITS.items() if vector.get(entry, 0) >> bit & 1)
