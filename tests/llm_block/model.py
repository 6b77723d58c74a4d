"""llm_block's weights, inputs and fully connected layer once more, written independently."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence

MASK = (1 << 64) - 1


def fnv1a(data: bytes) -> int:
    """FNV-1a, 64 bit, of `data`."""
    state = 0xCBF29CE484222325
    for byte in data:
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


def splitmix64(seed: int, name: str) -> Iterator[int]:
    """The stream called `name` under `seed`: 64-bit integers without end."""
    state = seed ^ fnv1a(name.encode())
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def f32(value: float) -> float:
    """`value` rounded to single precision."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def unit(word: int) -> float:
    """A 64-bit word as a float in [0, 1)."""
    return (word >> 40) * 2.0**-24


def noise(count: int, seed: int, name: str) -> list[float]:
    """`count` floats of mean 0 and variance 1."""
    stream = splitmix64(seed, name)
    width = f32(math.sqrt(12.0))
    return [f32(width * f32(unit(next(stream)) - 0.5)) for _ in range(count)]


class Linear:
    """Quantised weights: `data` as stored, `scale` for each output channel."""

    def __init__(self, outputs: int, inputs: int, bits: int, seed: int, name: str) -> None:
        self.outputs, self.inputs, self.bits = outputs, inputs, bits
        stream = splitmix64(seed, name)
        size = outputs * inputs * bits // 8
        data = b"".join(next(stream).to_bytes(8, "little") for _ in range(-(-size // 8)))[:size]
        self.data = data.replace(b"\x80", b"\x81") if bits == 8 else data
        rms = f32(4.637 if bits == 4 else 73.32)
        base = f32(1.0 / f32(rms * f32(math.sqrt(inputs))))
        scales = splitmix64(seed, name + ".scale")
        self.scale = [f32(base * f32(0.75 + 0.5 * unit(next(scales)))) for _ in range(outputs)]

    def row(self, output: int) -> list[int]:
        """The weights of one output channel, less their zero point."""
        if self.bits == 8:
            raw = self.data[output * self.inputs : (output + 1) * self.inputs]
            return [byte - 256 if byte > 127 else byte for byte in raw]
        raw = self.data[output * self.inputs // 2 : (output + 1) * self.inputs // 2]
        return [nibble - 8 for byte in raw for nibble in (byte & 0xF, byte >> 4)]

    def checksum_bytes(self) -> bytes:
        """What the checksum covers: the weights, their slack, the scales."""
        return self.data + bytes(64) + struct.pack(f"<{self.outputs}f", *self.scale)


def quantise(row: Sequence[float]) -> tuple[list[int], int, float]:
    """A row of floats as int8, its zero point, and its scale (steps per unit)."""
    low, high = min(0.0, *row), max(0.0, *row)
    scale = 1.0 if low == high else f32(255.0 / f32(high - low))
    scaled_low, scaled_high = f32(low * scale), f32(high * scale)
    error = f32(f32(-128.0 + scaled_low) + f32(127.0 + scaled_high))
    point = f32(-128.0 - scaled_low) if error > 0 else f32(127.0 - scaled_high)
    zero = round(min(max(point, -128.0), 127.0))
    return [max(-128, min(127, round(f32(x * scale)) + zero)) for x in row], zero, scale


def apply(linear: Linear, rows: Sequence[Sequence[float]], *, int8: bool) -> list[float]:
    """The layer's output for every row, with activations as they are or rounded to int8."""
    result = []
    for row in rows:
        values: Sequence[float] = row
        if int8:
            stored, zero, scale = quantise(row)
            values = [(q - zero) / scale for q in stored]
        for output in range(linear.outputs):
            dot = math.fsum(v * w for v, w in zip(values, linear.row(output), strict=True))
            result.append(dot * linear.scale[output])
    return result


def weights_checksum(model: int, hidden: int, heads: int, head: int, bits: int, seed: int) -> str:
    """The checksum of one layer's weights, 16 hexadecimal digits."""

    def norm(name: str) -> bytes:
        stream = splitmix64(seed, f"layer0.{name}")
        values = [f32(0.75 + 0.5 * unit(next(stream))) for _ in range(model)]
        return struct.pack(f"<{model}f", *values) + bytes(64)

    shapes = [
        ("query", heads * head, model, 8),
        ("key", head, model, 8),
        ("value", head, model, 8),
        ("output", model, heads * head, 8),
        ("gate", hidden, model, bits),
        ("up", hidden, model, bits),
        ("down", model, hidden, bits),
    ]
    linears = [Linear(o, i, b, seed, f"layer0.{name}") for name, o, i, b in shapes]
    content = norm("attention_norm") + norm("ffn_norm")
    content += b"".join(linear.checksum_bytes() for linear in linears)
    return f"{fnv1a(content):016x}"
