"""A tiny arm64 program that behaves like a benchmark: it says so, waits, and writes its results.

Like ``tests/elf/tiny_elf.py`` it is made byte by byte. Its last argument but one is
``--benchmark_out=FILE``, as ``xnnkit run`` gives it.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from tiny_elf import Tiny

_WRITE, _OPENAT, _EXIT, _NANOSLEEP = 64, 56, 93, 101
_SVC = 0xD4000001


def program(results: dict[str, Any], *, seconds: float = 0.0, comment: bytes = b"") -> Tiny:
    """Return the program.

    Args:
        results: what it writes, as JSON.
        seconds: how long it waits between its two lines, ``begin`` and ``done``.
        comment: bytes that tell it from others.
    """
    text = json.dumps(results).encode()
    wait = struct.pack("<2Q", int(seconds), int(seconds % 1 * 1e9))
    data = {"begin": b"begin\n", "done": b"done\n", "wait": wait, "text": text}
    # Twice: the first time to learn how long the code is.
    places = dict.fromkeys(data, 0)
    for _ in range(2):
        code = _code(places, len(text))
        at = 4 * len(code)
        blob = b""
        for name, content in data.items():
            blob += bytes(-len(blob) % 8)
            places[name] = at + len(blob)
            blob += content
    size = 4 * len(code)
    body = struct.pack(f"<{len(code)}I", *code) + blob
    functions = (("_start", 0, size), ("kai_run_a", size, 4), ("kai_run_b", size + 4, 4))
    return Tiny(code=body, functions=functions, comment=comment + b"\0")


def _code(places: dict[str, int], length: int) -> list[int]:
    code = [0xF94003F3]  # ldr x19, [sp]: the number of arguments
    code += [_mov(0, 1), _adr(1, places["begin"], len(code) + 1), _mov(2, 6), _mov(8, _WRITE), _SVC]
    code += [_adr(0, places["wait"], len(code)), _mov(1, 0), _mov(8, _NANOSLEEP), _SVC]
    code += [
        0x8B336FE1,  # add x1, sp, x19, lsl #3
        0xF85F8021,  # ldur x1, [x1, #-8]: the last argument but one
        0x91004021,  # add x1, x1, #16: behind --benchmark_out=
        0x92800C60,  # mov x0, #-100
        _mov(2, 0o1101),
        _mov(3, 0o644),
        _mov(8, _OPENAT),
        _SVC,
    ]
    code += [_adr(1, places["text"], len(code)), _mov(2, length), _mov(8, _WRITE), _SVC]
    code += [_mov(0, 1), _adr(1, places["done"], len(code) + 1), _mov(2, 5), _mov(8, _WRITE), _SVC]
    return [*code, _mov(0, 0), _mov(8, _EXIT), _SVC]


def _mov(register: int, value: int) -> int:
    assert 0 <= value < 1 << 16
    return 0xD2800000 | value << 5 | register


def _adr(register: int, target: int, index: int) -> int:
    offset = target - 4 * index
    return 0x10000000 | (offset & 3) << 29 | (offset >> 2 & 0x7FFFF) << 5 | register
