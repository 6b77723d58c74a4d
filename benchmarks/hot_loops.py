"""llvm-mca of the hot loops of micro-kernels, as a second opinion beside counted instructions.

    python benchmarks/hot_loops.py PROGRAM GLOB... [--cpu CPU...] [--json FILE]

For each function that a GLOB names: its innermost loops are found in llvm-objdump's listing (a
backward branch with no other inside), the one with the most multiply-accumulates is taken, and
llvm-mca estimates the cycles of an iteration on each CPU. Printed: MACs and instructions of an
iteration, cycles, MACs per cycle; what an smmla computes of a row that is not there is no MAC.
llvm-mca models the core alone: every load hits the first cache,
every branch is predicted. Needs an LLVM that knows the CPUs (`apt-get install llvm-19`).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from xnnkit.bench import table
from xnnkit.elf import Function, inspect, matching

CPUS = ("neoverse-v2", "cortex-x3", "cortex-a510")
ITERATIONS = 1000
# Multiply-accumulates of 8-bit numbers in one instruction on a 128-bit register. smmla works on
# two rows of the left matrix: a kernel with an odd number of them wastes a part.
MACS = {"smmla": 32, "sdot": 16}
_ROWS = re.compile(r"(?:ukernel|gemm)_([0-9]+)x|_([0-9]+)x[0-9]+x[0-9]+_neon")

_LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$")
_TARGET = re.compile(r"0x[0-9a-f]+( <[^>]*>)?$")
_BRANCH = re.compile(r"^(b\.\w+|b|cbn?z|tbn?z)$")


@dataclass(frozen=True)
class Instruction:
    """One line of a listing."""

    address: int
    name: str
    operands: str

    @property
    def target(self) -> int | None:
        """Where it branches to, None when it is no branch."""
        match = re.search(r"0x([0-9a-f]+)(?=\s|$|<)", self.operands)
        return int(match[1], 16) if _BRANCH.match(self.name) and match else None


@dataclass(frozen=True)
class Loop:
    """A kernel's hot loop on one CPU."""

    kernel: str
    cpu: str
    instructions: int
    macs: int
    cycles: float

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates in a cycle."""
        return self.macs / self.cycles


def tool(name: str) -> str:
    """Return the newest LLVM tool of that name on PATH."""
    found = [shutil.which(f"{name}-{version}") for version in range(30, 13, -1)]
    path = next(filter(None, [*found, shutil.which(name)]), None)
    if path is None:
        sys.exit(f"{name} is not on PATH: apt-get install llvm-19")
    return path


def listing(program: Path, function: Function, end: int) -> list[Instruction]:
    """Return the instructions of a function."""
    command = [tool("llvm-objdump"), "-d", "--no-show-raw-insn", "--mattr=+all"]
    command += [f"--start-address={function.address:#x}", f"--stop-address={end:#x}", str(program)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = []
    for line in text.splitlines():
        if match := _LINE.match(line.partition("//")[0]):
            found.append(Instruction(int(match[1], 16), match[2], match[3].strip()))
    return found


def macs(loop: list[Instruction]) -> int:
    """Return the multiply-accumulates of one iteration, on rows that are not there as well."""
    return sum(MACS.get(one.name, 0) for one in loop)


def useful(kernel: str, loop: list[Instruction]) -> int:
    """Return the multiply-accumulates of one iteration that are of rows that are there."""
    match = _ROWS.search(kernel)
    rows = int(match[1] or match[2]) if match else 2
    wasted = rows % 2 and any(one.name == "smmla" for one in loop)
    return macs(loop) * rows // (rows + 1) if wasted else macs(loop)


def hot_loop(code: list[Instruction]) -> list[Instruction]:
    """Return the innermost loop with the most multiply-accumulates; empty without any."""
    places = {one.address: i for i, one in enumerate(code)}
    loops = []
    for i, one in enumerate(code):
        if one.target is not None and one.target in places and places[one.target] <= i:
            loops.append((places[one.target], i))
    inner = [
        (a, b)
        for a, b in loops
        if not any(a <= c and d <= b and (a, b) != (c, d) for c, d in loops)
    ]
    return max((code[a : b + 1] for a, b in inner), key=macs, default=[])


def cycles(loop: list[Instruction], cpu: str) -> float:
    """Return llvm-mca's cycles for one iteration."""
    # Branches go to a label: the listing's addresses mean nothing in a source.
    lines = [
        f"{one.name} {re.sub(_TARGET, '.Lloop', one.operands) if one.target else one.operands}"
        for one in loop
    ]
    source = ".Lloop:\n" + "\n".join(lines) + "\n"
    command = [tool("llvm-mca"), "-mtriple=aarch64-linux-gnu", f"-mcpu={cpu}", "-mattr=+i8mm"]
    command += [f"-iterations={ITERATIONS}", "-json"]
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"llvm-mca {cpu}: {done.stderr.strip()[:500]}")
    report = json.loads(done.stdout)
    summary = report["CodeRegions"][0]["SummaryView"]
    return float(summary["TotalCycles"]) / ITERATIONS


def main() -> None:
    """Print a table of the loops."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("globs", nargs="+", metavar="GLOB")
    parser.add_argument("--cpu", action="append", default=[])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    facts = inspect(given.program)
    wanted = set(matching(facts.names, *given.globs))
    functions = sorted(f for f in facts.functions if f.name in wanted)
    starts = sorted(f.address for f in facts.functions)
    loops: list[Loop] = []
    for function in functions:
        after = next((a for a in starts if a > function.address), function.address + 1 << 14)
        end = function.address + function.size if function.size else after
        loop = hot_loop(listing(given.program, function, end))
        if not macs(loop):
            print(f"{function.name}: no loop with {' or '.join(MACS)}", file=sys.stderr)
            continue
        for cpu in given.cpu or CPUS:
            number = useful(function.name, loop)
            loops.append(Loop(function.name, cpu, len(loop), number, cycles(loop, cpu)))
    header = ["kernel", "CPU", "MAC/iteration", "instructions", "instructions/MAC", "cycles"]
    rows = [
        [
            one.kernel,
            one.cpu,
            str(one.macs),
            str(one.instructions),
            f"{one.instructions / one.macs:.4f}",
            f"{one.cycles:.1f}",
            f"{one.macs_per_cycle:.1f}",
        ]
        for one in loops
    ]
    print(table.markdown([*header, "MAC/cycle"], rows, right=range(2, 7)))
    version = subprocess.run([tool("llvm-mca"), "--version"], capture_output=True, text=True).stdout
    print("\nEstimated by llvm-mca, " + (re.search(r"LLVM version \S+", version) or [""])[0] + ".")
    if given.json:
        rows_json = [{**asdict(one), "macs_per_cycle": one.macs_per_cycle} for one in loops]
        given.json.write_text(json.dumps(rows_json, indent=1) + "\n")


if __name__ == "__main__":
    main()
