"""The packing functions of the KleidiAI patch set, compiled here, against the layouts as described.

They are plain C: any compiler will do, and of XNNPACK's headers they need a handful of names.
"""

from __future__ import annotations

import ctypes
import random
import shutil
import struct
import subprocess

import pytest
from xnnkit import paths

FILES = paths.home() / "patches/xnnpack-5ecf0769/kleidiai/files"
HEADERS = {
    "xnnpack.h": "enum xnn_status { xnn_status_success };\n",
    "pthreadpool.h": "typedef void* pthreadpool_t;\n",
    "xnnpack/common.h": "#define XNN_INTERNAL\n",
    "xnnpack/config.h": "struct xnn_gemm_config { int unused; };\n",
    "xnnpack/microparams.h": """\
#include <stdint.h>
struct xnn_qd8_quantization_params { int32_t zero_point; float inv_scale; };
""",
    "xnnpack/math.h": """\
#include <stddef.h>
static inline size_t min(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t round_up_po2(size_t n, size_t q) { return (n + q - 1) & -q; }
""",
}


class Params(ctypes.Structure):
    """xnn_kleidiai_packing_params."""

    _fields_ = [
        ("input_channels", ctypes.c_size_t),
        ("kernel_scale", ctypes.POINTER(ctypes.c_float)),
        ("bias", ctypes.POINTER(ctypes.c_float)),
        ("kernel_zero_point", ctypes.c_uint8),
    ]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler")
    root = tmp_path_factory.mktemp("pack")
    for name, text in HEADERS.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("#pragma once\n" + text)
    shutil.copy(FILES / "src/xnnpack/kleidiai.h", root / "xnnpack")
    made = root / "pack.so"
    flags = ["-std=c99", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", f"-I{root}"]
    subprocess.run([compiler, *flags, str(FILES / "src/kleidiai/pack.c"), "-o", made], check=True)
    return ctypes.CDLL(str(made))


def floats(values: list[float]) -> ctypes.Array[ctypes.c_float]:
    return (ctypes.c_float * len(values))(*values)


def ends(sums: list[int], scales: list[float], biases: list[float]) -> bytes:
    count = len(sums)
    return struct.pack(f"<{count}i{2 * count}f", *sums, *scales, *biases)


def group_int4(columns: list[list[int]], scales: list[float], biases: list[float]) -> bytes:
    """One group of 8 channels, as the README draws it; a column is one channel's weights."""
    padded = -(-len(columns[0]) // 32) * 32
    whole = [column + [0] * (padded - len(column)) for column in columns]
    out = bytearray()
    for tile in range(0, padded, 32):
        for half in (0, 8):
            for column in whole:
                low = column[tile + half : tile + half + 8]
                high = column[tile + half + 16 : tile + half + 24]
                out += bytes((a & 15) | (b & 15) << 4 for a, b in zip(low, high, strict=True))
    sums = [16 * sum(column) for column in columns]
    return bytes(out) + ends(sums, [scale / 16 for scale in scales], biases)


def group_int8(columns: list[list[int]], scales: list[float], biases: list[float]) -> bytes:
    """One group of 4 channels."""
    padded = -(-len(columns[0]) // 32) * 32
    whole = [column + [0] * (padded - len(column)) for column in columns]
    out = b"".join(
        struct.pack("<8b", *column[k : k + 8]) for k in range(0, padded, 8) for column in whole
    )
    return out + ends([sum(column) for column in columns], scales, biases)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("zero_point", [0, 8, None])
@pytest.mark.parametrize(("inputs", "outputs"), [(64, 8), (1, 1), (33, 17), (95, 9), (31, 4)])
def test_weights(
    library: ctypes.CDLL,
    inputs: int,
    outputs: int,
    zero_point: int | None,
    biased: bool,
    transposed: bool,
) -> None:
    """zero_point None: int8."""
    draw = random.Random(inputs * 1000 + outputs)
    nibbles = zero_point is not None
    limit = 8 if nibbles else 128
    weights = [[draw.randrange(-limit, limit) for _ in range(inputs)] for _ in range(outputs)]
    scales = [struct.unpack("<f", struct.pack("<f", draw.random()))[0] for _ in range(outputs)]
    biases = [float(draw.randrange(-9, 9)) if biased else 0.0 for _ in range(outputs)]
    row = inputs + inputs % 2 if nibbles else inputs
    size = inputs * outputs if transposed else row * outputs
    flat = [draw.randrange(-limit, limit)] * size  # what pads a row must not matter
    for n, column in enumerate(weights):
        for k, value in enumerate(column):
            flat[k * outputs + n if transposed else n * row + k] = value
    if nibbles:
        coded = [(value + (zero_point or 0)) & 15 for value in flat] + [0]
        kernel = bytes(a | b << 4 for a, b in zip(coded[::2], coded[1::2], strict=False))
    else:
        kernel = struct.pack(f"<{size}b", *flat)

    nr = 8 if nibbles else 4
    groups = -(-outputs // nr)
    padded = -(-inputs // 32) * 32
    stride = nr * (padded // 2 if nibbles else padded) + 12 * nr
    packed = ctypes.create_string_buffer(groups * stride)
    bias = floats(biases) if biased else None
    params = Params(inputs, floats(scales), bias, zero_point or 0)
    kind = "qc4w" if nibbles else "qc8w"
    pack = getattr(library, f"xnn_kleidiai_pack_{kind}_{'gio' if transposed else 'goi'}")
    sizes = [ctypes.c_size_t(x) for x in (1, outputs, row, nr, 1, 1)]
    sizes += [ctypes.c_size_t(outputs)] if transposed else []
    pack(*sizes, kernel, None, None, packed, ctypes.c_size_t(0), ctypes.byref(params))

    # Channels that fill up the last group stay as create left them, zero.
    short = groups * nr - outputs
    columns = weights + [[0] * inputs] * short
    scales, biases = scales + [0.0] * short, biases + [0.0] * short
    group = group_int4 if nibbles else group_int8
    for start in range(0, groups * nr, nr):
        here = slice(start, start + nr)
        expected = group(columns[here], scales[here], biases[here])
        assert packed.raw[start // nr * stride : start // nr * stride + stride] == expected


@pytest.mark.parametrize(("rows", "inputs"), [(4, 32), (1, 1), (5, 33), (7, 100), (8, 64), (2, 8)])
def test_rows(library: ctypes.CDLL, rows: int, inputs: int) -> None:
    draw = random.Random(rows * 1000 + inputs)
    gap = 3
    values = [[draw.randrange(-128, 128) for _ in range(inputs)] for _ in range(rows)]
    points = [(draw.randrange(-128, 128), float(draw.randrange(1, 9))) for _ in range(rows)]
    source = b"".join(struct.pack(f"<{inputs}b", *row) + b"\x55" * gap for row in values)
    stride_of = library.xnn_kleidiai_lhs_stride
    stride_of.restype = ctypes.c_size_t
    stride = stride_of(ctypes.c_size_t(inputs))
    groups = -(-rows // 4)
    packed = ctypes.create_string_buffer(b"\xaa" * (groups * 4 * stride), groups * 4 * stride)
    library.xnn_kleidiai_pack_lhs(
        ctypes.c_size_t(rows),
        ctypes.c_size_t(inputs),
        source[: (rows - 1) * (inputs + gap) + inputs],
        ctypes.c_size_t(inputs + gap),
        b"".join(struct.pack("<if", *point) for point in points),
        packed,
    )
    padded = -(-inputs // 32) * 32
    assert stride == padded + 8
    expected = b""
    for start in range(0, rows, 4):
        four = [min(start + row, rows - 1) for row in range(4)]
        whole = [values[row] + [0] * (padded - inputs) for row in four]
        for k in range(0, padded, 8):
            expected += b"".join(struct.pack("<8b", *row[k : k + 8]) for row in whole)
        expected += struct.pack("<4i", *(-points[row][0] for row in four))
        expected += struct.pack("<4f", *(points[row][1] for row in four))
    assert packed.raw == expected
