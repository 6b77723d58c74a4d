"""Instructions of one fully-connected operator call of XNNPACK, flavour against flavour.

    xnnkit render gemma-2024-05 WORKSPACE
    python benchmarks/operator_instructions.py WORKSPACE [--flavour F...] [--json FILE]
    python benchmarks/operator_instructions.py WORKSPACE --flavour kleidiai --beside FILE

Builds operator_instructions/fully_connected.cc in every flavour of a rendered workspace, runs each
under qemu with the counting plugin (docs/count.md), and prints the executed guest instructions of
a whole call (reshape, setup, run; one thread; the second call) for Gemma-2B's shapes, with ratios
against named baselines: how many times fewer instructions than the baseline. The results of all
flavours are held together: a checksum that differs by more than 1e-4 is an error (exit 1).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parent / "tools"
sys.path.insert(0, str(TOOLS))

from xnnkit.bench import table  # noqa: E402
from xnnkit.device import Job  # noqa: E402
from xnnkit.device.count import Marks  # noqa: E402
from xnnkit.device.qemu import Qemu  # noqa: E402

FOLDER = "operator_instructions"
WEIGHTS = ("qc4w", "qc8w")
SHAPES = ("2048x2048", "2048x256", "2048x16384", "16384x2048")
ROWS = (1, 4, 16, 64, 512)
BASELINES = ("upstream", "upstream-i8mm")
WINDOW = Marks(begin=("xnnkit_count_begin",), end=("xnnkit_count_end",))
TOLERANCE = 1e-4
PLATFORM = "@xnnkit//rules/platforms:linux_arm64_musl"


@dataclass
class Case:
    """One operator call: its shape, and what each flavour executes for it."""

    weights: str
    shape: str
    m: int
    instructions: dict[str, int] = field(default_factory=dict)
    kernels: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, float] = field(default_factory=dict)


def key_of(case: Case) -> tuple[str, str, int]:
    """Return what tells a case from others."""
    return case.weights, case.shape, case.m


def flavours_of(workspace: Path) -> list[str]:
    """Return the flavours that a rendered workspace can build."""
    text = (workspace / "flavours.bzl").read_text()
    return re.findall(r'^    "([^"]+)": \{', text, re.MULTILINE)


def build(workspace: Path, flavours: list[str], bazel_options: list[str]) -> dict[str, Path]:
    """Add the program to the workspace, build it in every flavour, and return the binaries."""
    package = workspace / FOLDER
    package.mkdir(exist_ok=True)
    shutil.copy(HERE / FOLDER / "fully_connected.cc", package)
    text = (HERE / FOLDER / "BUILD.bazel").read_text()
    head, _, rest = text.partition("\n\npackage(")
    text = f'{head}\n\nload("//:flavours.bzl", "flavoured_binary")\n\npackage({rest}'
    for flavour in flavours:
        text += (
            f'\nflavoured_binary(\n    name = "fully_connected_{flavour}",\n'
            f'    binary = ":fully_connected",\n    flavour = "{flavour}",\n'
            f'    platform = "{PLATFORM}",\n)\n'
        )
    (package / "BUILD.bazel").write_text(text)
    startup = [one for one in bazel_options if one.startswith("--output_base")]
    options = [one for one in bazel_options if one not in startup]
    targets = [f"//{FOLDER}:fully_connected_{flavour}" for flavour in flavours]
    command = [sys.executable, "-m", "xnnkit", "bazel", "--", *startup, "build", *options, *targets]
    # A Bazel server keeps what it inherits open: it gets a file, not a pipe.
    log = package / "build.log"
    with open(log, "wb") as out:
        code = subprocess.run(
            command,
            cwd=workspace,
            env={**os.environ, "PYTHONPATH": str(TOOLS)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        ).returncode
    if code != 0:
        sys.exit(f"the build failed: {log}")
    found = {}
    for flavour in flavours:
        made = (workspace / "bazel-bin" / FOLDER / f"fully_connected_{flavour}").resolve()
        # The next build of another flavour may remove it from Bazel's output tree.
        kept = package / "bin" / flavour / "fully_connected"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.unlink(missing_ok=True)
        found[flavour] = Path(shutil.copy(made, kept))
    return found


def count(flavour: str, binary: Path, cases: list[Case], qemu: Qemu, kept: Path | None) -> None:
    """Count the calls of one flavour, a process for each shape, and add them to the cases.

    What there is so far is written to ``kept`` after each shape: a long run may be interrupted.
    """
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.weights, case.shape), []).append(case)
    for (weights, shape), group in groups.items():
        k, _, n = shape.partition("x")
        lines: list[str] = []
        arguments = [weights, k, n, *(str(case.m) for case in group)]
        done = qemu.run(Job(binary, arguments, count=WINDOW), lines.append)
        if done.code != 0 or done.counts is None or len(done.counts.windows) != len(group):
            sys.exit(f"{flavour} {' '.join(arguments)}: {done.ending}: {lines[-1:]}")
        for case, window, line in zip(group, done.counts.windows, lines, strict=True):
            case.instructions[flavour] = window.instructions
            case.kernels[flavour] = window.symbols[0].name if window.symbols else "unknown"
            case.checksums[flavour] = float(line.split()[1])
        if kept:
            kept.write_text(json.dumps([asdict(case) for case in cases], indent=1) + "\n")
        print(f"{flavour}: {weights} {shape}", file=sys.stderr)


def disagreements(cases: list[Case]) -> list[str]:
    """Return the cases whose checksums differ between flavours."""
    found = []
    for case in cases:
        values = list(case.checksums.values())
        largest = max(abs(value) for value in values)
        if max(values) - min(values) > TOLERANCE * largest:
            found.append(f"{case.weights} {case.shape} M={case.m}: {case.checksums}")
    return found


def report(cases: list[Case], flavours: list[str], baselines: list[str]) -> str:
    """Return the table: instructions, and how many times fewer than each baseline."""
    pairs = [(b, f) for b in baselines for f in flavours if f != b]
    header = ["weights", "KxN", "M", *flavours, *(f"{b} / {f}" for b, f in pairs)]
    rows = [
        [
            case.weights,
            case.shape,
            str(case.m),
            *(f"{case.instructions[f]:,}" for f in flavours),
            *(f"{case.instructions[b] / case.instructions[f]:.3f}" for b, f in pairs),
        ]
        for case in cases
    ]
    lines = [table.markdown(header, rows, right=range(2, len(header))), ""]
    lines += ["Executed guest instructions of one operator call, one thread; no times."]
    for flavour in flavours:
        names = dict.fromkeys(case.kernels[flavour] for case in cases)
        lines.append(f"{flavour}: {', '.join(names)}")
    return "\n".join(lines)


def main() -> None:
    """Build, count, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--flavour", action="append", default=[])
    parser.add_argument("--baseline", action="append", default=[])
    parser.add_argument("--weights", action="append", default=[], choices=WEIGHTS)
    parser.add_argument("--shape", action="append", default=[], help="KxN")
    parser.add_argument("--m", action="append", default=[], type=int)
    parser.add_argument("--cpu", default="max", help="of qemu")
    parser.add_argument("--bazel-option", action="append", default=[])
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--beside", type=Path, help="figures of --json of other flavours")
    given = parser.parse_args()
    workspace = given.workspace.absolute()
    flavours = given.flavour or flavours_of(workspace)
    cases = [
        Case(weights, shape, m)
        for weights in given.weights or WEIGHTS
        for shape in given.shape or SHAPES
        for m in given.m or ROWS
    ]
    if given.beside:
        found = [Case(**one) for one in json.loads(given.beside.read_text())]
        earlier = {key_of(case): case for case in found}
        cases = [earlier[key_of(case)] for case in cases if key_of(case) in earlier]
    binaries = build(workspace, flavours, given.bazel_option)
    qemu = Qemu(given.cpu)
    for flavour in flavours:
        count(flavour, binaries[flavour], cases, qemu, given.json)
    flavours = list(dict.fromkeys([*cases[0].instructions, *flavours]))
    print(report(cases, flavours, given.baseline or [b for b in BASELINES if b in flavours]))
    if wrong := disagreements(cases):
        sys.exit("results differ between flavours:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
